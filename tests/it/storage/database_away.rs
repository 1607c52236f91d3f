//! PostgreSQL falls silent in the middle of its work, as after a power cut, or is sent what it cannot store: nobody
//! waits for ever, and nobody gets an internal error.

use rstest::rstest;
use serde_json::json;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use url::Url;

use crate::harness::{Builder, ready_when, signalement, signalement_with, until};
use crate::postgres::{self, Backend};
use crate::storage::proxy::{Proxy, Target, Way};

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_goes_silent_holds_no_request_and_service_resumes_by_itself() {
    let Some(direct) = postgres::database().await else {
        return;
    };
    let mut url = Url::parse(&direct).unwrap();
    let (_, folder) = url.query_pairs().next().unwrap();
    let socket = format!("{folder}/.s.PGSQL.5432");
    let proxy = Proxy::start(Target::Unix(socket.into())).await;
    url.set_query(None);
    url.set_host(Some("127.0.0.1")).unwrap();
    url.set_port(Some(proxy.address.port())).unwrap();
    let daemon = Builder::new().set("DATABASE_URL", url.as_str());
    let daemon = daemon.start().await;
    let uid = daemon.created(&signalement(1)).await;
    let path = format!("/api/v1/signalements/{uid}");

    proxy.set(Way::Silent);
    let body = signalement(2);
    let (read, written, html) = tokio::join!(
        daemon.get(&path, "crm"),
        daemon.post(&body),
        daemon.console()
    );
    // What is known without the database is still shown.
    for words in ["La base de données ne répond pas", "Relire les fichiers"] {
        assert!(html.contains(words), "{html}");
    }
    for answer in [read, written] {
        assert_eq!(answer.status, 503);
        assert!(answer.header("retry-after").is_some());
    }
    // A server that comes back does not know the connections from before.
    proxy.set(Way::Cut);
    proxy.set(Way::Open);
    until("it reads again", || async {
        (daemon.get(&path, "crm").await.status == 200).then_some(())
    })
    .await;
    daemon.created(&signalement(2)).await;
}

#[rstest]
#[tokio::test]
async fn a_nul_is_the_clients_fault_on_both_databases(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(builder) = Builder::on(backend).await else {
        return;
    };
    let daemon = builder.start().await;
    let uid = daemon.created(&signalement(1)).await;
    for key in [
        "statut",
        "date",
        "resultat",
        "commentaire",
        "canal",
        "evenement",
    ] {
        let mut event = json!({"statut": "CRC en cours"});
        event[key] = json!("a\u{0}b");
        let answer = daemon.statut(&uid, &event).await;
        assert_eq!(answer.status, 422, "{key}");
        assert_eq!(answer.pointers(), [format!("/{key}")]);
    }
    for key in ["qualification", "auteur", "description", "lien_sowell"] {
        let body = signalement_with(2, &json!({key: "a\u{0}b"}));
        assert_eq!(daemon.post(&body).await.status, 422, "{key}");
    }
    // Unknown keys are kept as they came.
    let body = signalement_with(3, &json!({"inconnue\u{0}": "a\u{0}b"}));
    assert_eq!(daemon.post(&body).await.status, 201);
    for path in [
        "/api/v1/signalements/a%00b".to_owned(),
        "/api/v1/demandes/a%00b".to_owned(),
        format!("/api/v1/demandes/{uid}/fichiers/a%00b"),
    ] {
        assert_eq!(daemon.get(&path, "crm").await.status, 404, "{path}");
    }
    let unknown = json!({"statut": "CRC en cours"});
    assert_eq!(daemon.statut("a%00b", &unknown).await.status, 404);
}

/// If a probe says all is well while every request is refused, requests keep being sent here.
#[rstest]
#[case::where_a_signalement_goes("signalements")]
#[case::where_its_deliveries_go("livraisons")]
#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_accepts_no_rows_makes_the_daemon_unready(#[case] table: &str) {
    let Some(url) = postgres::database().await else {
        return;
    };
    let daemon = Builder::new().set("DATABASE_URL", &url).start().await;
    ready_when(&daemon.url(), true).await;
    let mut other = PgConnection::connect(&url).await.unwrap();
    let lock = format!("BEGIN; LOCK TABLE {table} IN SHARE MODE");
    other.execute(AssertSqlSafe(lock)).await.unwrap();
    let told = ready_when(&daemon.url(), false).await;
    assert_ne!(told["database"], "ok");
    other.execute("ROLLBACK").await.unwrap();
    ready_when(&daemon.url(), true).await;
    daemon.created(&signalement(1)).await;
}
