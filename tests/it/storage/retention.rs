//! What retention deletes, and what is always kept.

use std::path::Path;
use std::sync::Arc;

use chrono::TimeDelta;
use passerelle::flows::retention::Retention;
use serde_json::json;
use sqlx::{Connection, SqliteConnection};

use crate::cli::{lines, on};
use crate::harness::{Builder, Daemon, FakeSowell, SetClock, signalement, signalement_with, until};

async fn connect(database: &Path) -> SqliteConnection {
    let url = format!("sqlite://{}", database.display());
    SqliteConnection::connect(&url).await.unwrap()
}

async fn number(database: &Path, query: &'static str) -> i64 {
    let mut connection = connect(database).await;
    sqlx::query_scalar(query)
        .fetch_one(&mut connection)
        .await
        .unwrap()
}

async fn statuts_are(daemon: &Daemon, uid: &str, wanted: &[&str]) {
    until(&format!("{uid}: {wanted:?}"), || async {
        let view = daemon
            .get(&format!("/api/v1/signalements/{uid}"), "crm")
            .await
            .json();
        let statuts = view["statuts"].as_array().unwrap();
        let found: Vec<&str> = statuts
            .iter()
            .map(|it| it["livraison"].as_str().unwrap())
            .collect();
        (found == wanted).then_some(())
    })
    .await;
}

/// Makes everything so old that all of it may be deleted.
async fn grow_old(database: &Path) {
    let mut connection = connect(database).await;
    let year = 40 * 365 * 86_400_000_i64;
    for query in [
        "UPDATE signalements SET received_at = received_at - $1, decided_at = decided_at - $1",
        "UPDATE evenements SET received_at = received_at - $1",
        "UPDATE livraisons SET finished_at = finished_at - $1",
    ] {
        sqlx::query(query)
            .bind(year)
            .execute(&mut connection)
            .await
            .unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_is_no_longer_needed_is_purged() {
    let sowell = FakeSowell::start().await;
    let daemon = Builder::new().sowell(&sowell).start().await;
    let keyed = || {
        let request = daemon.request("POST", "/api/v1/signalements", "sowell");
        request
            .header("Idempotency-Key", "K1")
            .json(&signalement(1))
    };
    let created = daemon.send(keyed()).await;
    let done = created.json()["uid"].as_str().unwrap().to_owned();
    daemon
        .statut(&done, &json!({"statut": "CRC en cours"}))
        .await;
    statuts_are(&daemon, &done, &["livree"]).await;
    let dead = daemon.created(&signalement(2)).await;
    sowell.next(404, vec![]);
    daemon
        .statut(&dead, &json!({"statut": "CRC en cours"}))
        .await;
    statuts_are(&daemon, &dead, &["morte"]).await;
    let held = daemon.created(&signalement(3)).await;
    daemon
        .statut(&held, &json!({"statut": "En expertise"}))
        .await;
    let unknown = signalement_with(4, &json!({"residence": "NEUVE", "bien": null}));
    assert_eq!(daemon.post(&unknown).await.status, 422);
    grow_old(&daemon.database()).await;
    // This one is active today.
    let alive = daemon.created(&signalement(5)).await;
    grow_old(&daemon.database()).await;
    daemon
        .statut(&alive, &json!({"statut": "CRC en cours"}))
        .await;
    statuts_are(&daemon, &alive, &["livree"]).await;
    let database = daemon.database();
    let waiting = "SELECT COUNT(*) FROM livraisons WHERE etat = 'en_attente'";
    until("each e-mail is out", || async {
        (number(&database, waiting).await == 0).then_some(())
    })
    .await;

    let told = on(&daemon, &["purge", "--dry-run"]);
    let told = String::from_utf8(told.stdout).unwrap();
    assert!(told.contains("payloads: 1 would be deleted"), "{told}");
    let purged = on(&daemon, &["purge"]);
    let told = String::from_utf8(purged.stdout.clone()).unwrap();
    assert!(purged.status.success(), "{purged:?}");
    assert!(told.contains("payloads: 1 deleted"), "{told}");

    let gone = "SELECT COUNT(*) FROM signalements WHERE payload = ''";
    assert_eq!(
        number(&database, gone).await,
        1,
        "the one that is done with"
    );
    let traces = "SELECT COUNT(*) FROM signalements WHERE trace IS NOT NULL";
    assert_eq!(number(&database, traces).await, 0);
    let events = "SELECT COUNT(*) FROM evenements WHERE trace IS NOT NULL";
    assert_eq!(number(&database, events).await, 1, "the one of today");
    // What was deleted was delivered, and is still shown as such; what SoWell never received is all there.
    statuts_are(&daemon, &done, &["livree"]).await;
    statuts_are(&daemon, &dead, &["morte"]).await;
    let left = "SELECT COUNT(*) FROM livraisons WHERE evenement_id IS NOT NULL";
    assert_eq!(number(&database, left).await, 3, "dead, held, and of today");
    let orphans = "SELECT COUNT(*) FROM tentatives WHERE livraison_id NOT IN \
                   (SELECT id FROM livraisons)";
    assert_eq!(number(&database, orphans).await, 0);

    // Keys and answers are kept longer: nothing is created twice.
    let again = daemon.send(keyed()).await;
    assert_eq!((again.status, again.bytes), (200, created.bytes));
    let other = signalement_with(1, &json!({"description": "autre"}));
    assert_eq!(daemon.post(&other).await.status, 409);
    let explained = on(&daemon, &["explain", "--uid", &done]);
    assert!(explained.status.success(), "{explained:?}");
    // A dead letter is sent, and a refused signalement is decided again with its photos.
    let listed = on(
        &daemon,
        &["deliveries", "list", "--state", "morte", "--format", "json"],
    );
    let id = lines(&listed)[0]["id"].as_str().unwrap().to_owned();
    assert!(on(&daemon, &["deliveries", "retry", &id]).status.success());
    statuts_are(&daemon, &dead, &["livree"]).await;
    let residences = daemon.read("referentiel/residences.csv") + "NEUVE;Neuve;x\n";
    daemon.edit("referentiel/residences.csv", &residences).await;
    let managers = daemon.read("referentiel/gestionnaires.csv")
        + "NEUVE;responsable_secteur;RS-N;N;n@bailleur.example\n";
    daemon
        .edit("referentiel/gestionnaires.csv", &managers)
        .await;
    let retried = on(&daemon, &["signalements", "retry", "--all"]);
    assert!(retried.status.success(), "{retried:?}");
    let photos = "SELECT COUNT(*) FROM fichiers";
    assert_eq!(number(&database, photos).await, 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_daemon_forgets_by_itself_and_serves_meanwhile() {
    let daemon = Builder::new().start().await;
    let uid = daemon.created(&signalement(1)).await;
    let (folder, environment) = daemon.stop().await;
    let database = folder.path().join("data/passerelle.sqlite");
    let mut connection = connect(&database).await;
    sqlx::query(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000) \
         INSERT INTO livraisons (id, destination, queue, uid, etat, content, attempts, due_at, \
           created_at, finished_at) \
         SELECT 'old-' || i, 'sowell', $1, $1, 'livree', '{}', 1, i, i, i FROM n",
    )
    .bind(&uid)
    .execute(&mut connection)
    .await
    .unwrap();
    let left = "SELECT COUNT(*) FROM livraisons WHERE id LIKE 'old-%'";
    let forever = [("RETENTION__DELIVERIES", "forever")];
    let kept = Builder::again(&folder, environment.clone())
        .set(forever[0].0, forever[0].1)
        .start()
        .await;
    let purged = on(&kept, &["purge"]);
    assert!(
        String::from_utf8(purged.stdout)
            .unwrap()
            .contains("deliveries: 0 deleted")
    );
    assert_eq!(number(&database, left).await, 2_000);
    kept.stop().await;

    let daemon = Builder::again(&folder, environment).start().await;
    for number in 10..20 {
        daemon.created(&signalement(number)).await;
    }
    until("all of them are gone", || async {
        (number(&database, left).await == 0).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_far_ahead_of_all_that_was_received_is_in_doubt() {
    let daemon = Builder::new().start().await;
    let clock = Arc::<SetClock>::default();
    let retention = Retention {
        store: daemon.state.store.clone(),
        clock: clock.clone(),
        in_force: daemon.state.inbound.creations.in_force.clone(),
    };
    let years = TimeDelta::days(4 * 365);
    clock.step(years);
    assert!(
        !retention.is_clock_in_doubt().await.unwrap(),
        "nothing can go"
    );
    clock.step(-years);
    daemon.created(&signalement(1)).await;
    assert!(!retention.is_clock_in_doubt().await.unwrap(), "it is right");
    clock.step(years);
    assert!(retention.is_clock_in_doubt().await.unwrap());
    // A store that cannot be read gives neither result.
    let mut other = connect(&daemon.database()).await;
    let away = "ALTER TABLE signalements RENAME TO away";
    sqlx::raw_sql(away).execute(&mut other).await.unwrap();
    assert!(retention.is_clock_in_doubt().await.is_err());
    let back = "ALTER TABLE away RENAME TO signalements";
    sqlx::raw_sql(back).execute(&mut other).await.unwrap();
    assert!(retention.is_clock_in_doubt().await.unwrap());
    // A present-day landlord with a lot of old data.
    clock.step(-years);
    grow_old(&daemon.database()).await;
    daemon.created(&signalement(2)).await;
    assert!(!retention.is_clock_in_doubt().await.unwrap());
}
