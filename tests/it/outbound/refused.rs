//! An event that is refused, because of its sender or of its content.

use chrono::Utc;
use rstest::rstest;
use serde_json::{Value, json};
use sqlx::{Connection, Executor, SqliteConnection};

use super::{start, start_on, statuts};
use crate::harness::{Builder, FakeSowell, signalement, until};
use crate::postgres::Backend;

#[tokio::test(flavor = "multi_thread")]
async fn the_crm_may_sign_its_calls_instead_of_sending_a_token() {
    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    let sowell = FakeSowell::start().await;
    let builder = Builder::new().sowell(&sowell);
    let daemon = builder.set("CRM__WEBHOOK_SECRET", SECRET).start().await;
    let uid = daemon.created(&signalement(1)).await;
    let body = json!({"statut": "CRC en cours"}).to_string();
    let now = Utc::now().timestamp();
    let call = |secret: &str, at: i64, client: &str| {
        let headers = passerelle::adapters::partner::sign(secret, "msg-1", at, body.as_bytes());
        let path = format!("/api/v1/demandes/{uid}/statut");
        let mut request = daemon.request("POST", &path, client);
        for (name, value) in headers.unwrap() {
            request = request.header(name, value);
        }
        request
            .header("content-type", "application/json")
            .body(body.clone())
    };
    let other = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    for refused in [call(other, now, ""), call(SECRET, now - 3_600, "")] {
        assert_eq!(daemon.send(refused).await.status, 401);
    }
    // If a token is sent, it counts, whatever is signed.
    assert_eq!(daemon.send(call(SECRET, now, "sowell")).await.status, 403);
    assert_eq!(daemon.send(call(SECRET, now, "")).await.status, 202);
    sowell.wait_for(1).await;
    assert_eq!(sowell.delivered(), ["En cours de traitement"]);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_signed_message_takes_sowell_back_to_nothing(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    let sowell = FakeSowell::start().await;
    let Some(builder) = Builder::on(backend).await else {
        return;
    };
    let builder = builder.sowell(&sowell);
    let daemon = builder.set("CRM__WEBHOOK_SECRET", SECRET).start().await;
    let uid = daemon.created(&signalement(1)).await;
    let send_dated = async |id: &str, ago: i64, statut: &str, date: Option<&str>| {
        let body = json!({ "statut": statut, "date": date }).to_string();
        let at = Utc::now().timestamp() - ago;
        let headers = passerelle::adapters::partner::sign(SECRET, id, at, body.as_bytes());
        let path = format!("/api/v1/demandes/{uid}/statut");
        let mut request = daemon.request("POST", &path, "");
        for (name, value) in headers.unwrap() {
            request = request.header(name, value);
        }
        let request = request.header("content-type", "application/json");
        daemon.send(request.body(body)).await.status
    };
    let date = Some("2026-03-01T08:00:00+01:00");
    let send = async |id: &str, ago: i64, statut: &str| send_dated(id, ago, statut, date).await;
    assert_eq!(send("m-1", 60, "Vivest en cours").await, 202);
    assert_eq!(send("m-2", 40, "Ouverte").await, 202);
    // Late, with a new timestamp; then unchanged.
    assert_eq!(send("m-1", 20, "Vivest en cours").await, 200);
    assert_eq!(send("m-1", 60, "Vivest en cours").await, 200);
    // The status really comes back; and a CRM may give all its messages one id.
    assert_eq!(send("m-3", 10, "Vivest en cours").await, 202);
    assert_eq!(send("m-3", 5, "Ouverte").await, 202);
    // Only the order distinguishes these from repeats.
    for statut in ["Vivest en cours", "Ouverte"] {
        assert_eq!(send_dated("m-4", 4, statut, None).await, 202);
    }
    assert_eq!(send_dated("m-4", 4, "Vivest en cours", None).await, 202);
    sowell.wait_for(7).await;
    let words = ["En cours de traitement", "En attente"];
    let again = [words, words, words].concat();
    assert_eq!(sowell.delivered(), [again, vec![words[0]]].concat());
}

#[rstest]
#[case(json!({}), "/statut")]
#[case(json!({"statut": "  "}), "/statut")]
#[case(json!({"statut": 3}), "/statut")]
#[case(json!({"statut": "Ouverte", "date": "hier"}), "/date")]
#[case(json!({"statut": "Ouverte", "commentaire": "\u{0}"}), "/commentaire")]
#[tokio::test(flavor = "multi_thread")]
async fn the_pointer_of_a_malformed_event_names_its_field(
    #[case] event: Value,
    #[case] pointer: &str,
) {
    let sowell = FakeSowell::start().await;
    let (daemon, uid) = start(&sowell).await;
    let answer = daemon.statut(&uid, &event).await;
    assert_eq!(
        (answer.status, answer.pointers()),
        (422, vec![pointer.to_owned()])
    );
    assert_eq!(statuts(&daemon, &uid).await, json!([]));
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_refused_event_can_be_corrected(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let sowell = FakeSowell::start().await;
    let Some((daemon, uid)) = start_on(backend, &sowell).await else {
        return;
    };
    let event = |resultat: Option<&str>| json!({"statut": "Clôturée", "resultat": resultat, "evenement": "E9"});
    for (resultat, status) in [
        (None, 422),
        (None, 422),
        (Some("Perdu"), 422),
        (Some("Rejeté"), 202),
        (Some("Rejeté"), 200),
        (Some("Traité"), 200),
    ] {
        let answer = daemon.statut(&uid, &event(resultat)).await;
        assert_eq!(answer.status, status, "{resultat:?}");
    }
    assert_eq!(sowell.wait_for(1).await.len(), 1);
    assert_eq!(sowell.delivered(), ["Rejeté"]);
    assert_eq!(statuts(&daemon, &uid).await.as_array().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attempt_is_noted_though_the_pause_that_follows_is_not() {
    let sowell = FakeSowell::start().await;
    sowell.next(401, Vec::new());
    let (daemon, uid) = start(&sowell).await;
    let url = format!("sqlite://{}", daemon.database().display());
    let mut connection = SqliteConnection::connect(&url).await.unwrap();
    let broken = "CREATE TRIGGER broken BEFORE INSERT ON pauses \
                  BEGIN SELECT RAISE(ABORT, 'by design'); END";
    connection.execute(broken).await.unwrap();
    let event = json!({"statut": "CRC en cours"});
    assert_eq!(daemon.statut(&uid, &event).await.status, 202);
    let noted = until("the attempt is noted", || async {
        let all = daemon.state.store.list_livraisons(None, 10).await.unwrap();
        all.into_iter().find(|it| it.last_error.is_some())
    })
    .await;
    assert_eq!(
        (noted.attempts, noted.last_error.as_deref()),
        (1, Some("answered 401"))
    );
}
