//! What the page shows first: nothing while all is well, and otherwise all that is stuck.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use chrono::{TimeDelta, Utc};
use passerelle::domain::ports::{ChangePage, CrmError, DuplicateGuard};
use passerelle::domain::reason::Reason;
use rstest::rstest;
use serde_json::json;
use sqlx::{Connection, SqliteConnection};
use tokio::time::timeout;

use crate::harness::{Builder, Daemon, FakeSowell, MovedClock, signalement, until};
use crate::remote_crm::{Goes, RemoteCrm, change};

const NOTHING: &str = "Rien à signaler.";
const DATABASE: &str = "La base de données ne répond pas";

async fn page_when(daemon: &Daemon, what: &str, wanted: impl Fn(&str) -> bool) -> String {
    until(what, || async {
        let page = daemon.console().await;
        wanted(&page).then_some(page)
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_was_moved_away_is_an_alarm_until_it_is_back() {
    let daemon = Builder::new().start().await;
    assert!(daemon.console().await.contains(NOTHING));
    let (here, away) = (daemon.database(), daemon.path("away.sqlite"));
    fs::rename(&here, &away).unwrap();
    let page = page_when(&daemon, "it is told", |it| it.contains(DATABASE)).await;
    assert!(!page.contains(NOTHING), "{page}");
    assert!(page.contains("aucun signalement ni aucun changement de statut n'est reçu"));
    assert_eq!(daemon.get("/readyz", "").await.status, 503);
    fs::rename(&away, &here).unwrap();
    page_when(&daemon, "nothing is wrong", |it| it.contains(NOTHING)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_locked_by_another_process_is_reported_in_time() {
    let daemon = Builder::new().start().await;
    let address = format!("sqlite://{}", daemon.database().display());
    let mut other = SqliteConnection::connect(&address).await.unwrap();
    sqlx::query("BEGIN IMMEDIATE")
        .execute(&mut other)
        .await
        .unwrap();
    // Clients of a probe give up within a few seconds, so the answer must come sooner.
    let (ready, page) = timeout(Duration::from_secs(9), async {
        tokio::join!(daemon.get("/readyz", ""), daemon.console())
    })
    .await
    .unwrap();
    assert_eq!(ready.status, 503);
    assert_eq!(
        ready.json()["database"],
        "the database is unavailable: no answer in time"
    );
    assert!(
        page.contains(DATABASE) && page.contains("pas de réponse à temps"),
        "{page}"
    );
    sqlx::query("ROLLBACK").execute(&mut other).await.unwrap();
    page_when(&daemon, "nothing is wrong", |it| it.contains(NOTHING)).await;
}

fn listing() -> Arc<RemoteCrm> {
    RemoteCrm::new(DuplicateGuard::LookUp).with(|it| it.overlap = Some(Duration::from_secs(10)))
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_of_the_crm_that_cannot_be_read_are_an_alarm_until_they_are() {
    let crm = listing();
    let daemon = Builder::new().crm(crm.clone()).set("CRM__POLL", "1s");
    let daemon = daemon.start().await;
    assert!(daemon.console().await.contains(NOTHING));
    daemon.created(&signalement(1)).await;
    let unread = "Les changements de statut du CRM ne peuvent pas être lus";
    crm.lists(Err(CrmError::Refused {
        status: 404,
        excerpt: "no such list".into(),
    }));
    crm.lists(Err(CrmError::Misconfigured(Reason::told("no list"))));
    page_when(&daemon, "it is told", |it| it.contains(unread)).await;
    page_when(&daemon, "nothing is wrong", |it| it.contains(NOTHING)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_the_crm_dates_in_the_future_is_an_alarm_until_it_is_corrected() {
    let crm = listing();
    let daemon = Builder::new().crm(crm.clone()).set("CRM__POLL", "1s");
    let daemon = daemon.start().await;
    let uid = daemon.created(&signalement(1)).await;
    let mut ahead = change(&crm.demandes()[0]);
    ahead.at = Utc::now() + TimeDelta::days(400);
    crm.lists(Ok(ChangePage {
        changes: vec![ahead],
        next: None,
        past_end: false,
    }));
    let told = "Le CRM date des changements de statut dans l'avenir";
    let page = page_when(&daemon, "it is told", |it| it.contains(told)).await;
    assert!(
        page.contains(&format!("« <bdi>{uid}</bdi> » le ")),
        "{page}"
    );
    page_when(&daemon, "nothing is wrong", |it| it.contains(NOTHING)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failing_delivery_is_an_alarm_once_it_has_waited_long() {
    let (sowell, clock) = (FakeSowell::start().await, Arc::new(MovedClock::new()));
    let daemon = Builder::new().sowell(&sowell).clock(clock.clone());
    let daemon = daemon.start().await;
    let uid = daemon.created(&signalement(1)).await;
    let later = vec![("retry-after", "1200".to_owned())];
    sowell.next(503, later);
    daemon
        .statut(&uid, &json!({"statut": "CRC en cours"}))
        .await;
    sowell.wait_for(1).await;
    // An occasional failure needs no attention.
    clock.pass(TimeDelta::minutes(4));
    assert!(daemon.console().await.contains(NOTHING));
    clock.pass(TimeDelta::minutes(2));
    let page = page_when(&daemon, "it is told", |it| {
        it.contains("SoWell : une livraison attend")
    })
    .await;
    for words in [
        "après 1 essai sans succès",
        "réponse 503",
        "en échec</strong>",
    ] {
        assert!(page.contains(words), "{words}: {page}");
    }
    clock.pass(TimeDelta::minutes(20));
    page_when(&daemon, "nothing is wrong", |it| it.contains(NOTHING)).await;
    assert_eq!(sowell.delivered(), ["En cours de traitement"]);
}

/// The cell « Envois » of a destination; `None` if the page has no such row.
fn sends(page: &str, destination: &str) -> Option<String> {
    let (_, row) = page.split_once(&format!("<th scope=\"row\">{destination}</th>"))?;
    let (_, cell) = row.split_once("data-title=\"Envois\">")?;
    Some(cell.split("</td>").next()?.to_owned())
}

const NORMAL: &str = "<span class=\"fine\">normaux</span>";
const SEE_ABOVE: &str = "voir <a href=\"#alarmes\">À surveiller</a>";

#[rstest]
#[case::refuse(
    "refuse",
    503,
    "les signalements ne sont pas reçus, SoWell les renverra."
)]
#[case::defer("defer", 202, "les demandes seront créées à son retour.")]
#[tokio::test(flavor = "multi_thread")]
async fn a_crm_that_is_away_is_an_alarm_that_says_what_follows(
    #[case] when_unavailable: &str,
    #[case] status: u16,
    #[case] follows: &str,
) {
    let crm = RemoteCrm::new(DuplicateGuard::LookUp);
    let daemon = Builder::new().crm(crm.clone());
    let daemon = daemon.set("CRM__WHEN_UNAVAILABLE", when_unavailable);
    let daemon = daemon.start().await;
    let page = daemon.console().await;
    assert_eq!(sends(&page, "CRM").as_deref(), Some(NORMAL));
    // The deferred signalement is retried meanwhile.
    crm.creates((0..20).map(|_| Goes::Away));
    assert_eq!(daemon.post(&signalement(1)).await.status, status);
    let page = daemon.console().await;
    assert!(
        page.contains(&format!("(connexion refusée) : {follows}")),
        "{page}"
    );
    assert_eq!(sends(&page, "CRM").as_deref(), Some(SEE_ABOVE), "{page}");
    assert_ne!(sends(&page, "SoWell").as_deref(), Some(SEE_ABOVE), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn sends_are_normal_until_an_alarm_is_about_them() {
    let sowell = FakeSowell::start().await;
    let smtp = "smtp://127.0.0.1:1";
    let daemon = Builder::new().sowell(&sowell).set("SMTP__URL", smtp);
    let daemon = daemon.set("SMTP__FROM", "ne-pas-repondre@vivest.example");
    let daemon = daemon.start().await;
    let page = daemon.console().await;
    assert_eq!(sends(&page, "SoWell").as_deref(), Some(NORMAL), "{page}");
    assert_eq!(sends(&page, "E-mails").as_deref(), Some(NORMAL), "{page}");
    let uid = daemon.created(&signalement(1)).await;
    sowell.next(422, Vec::new());
    daemon
        .statut(&uid, &json!({"statut": "CRC en cours"}))
        .await;
    let dead = "SoWell : une livraison abandonnée.";
    let page = page_when(&daemon, "it is dead", |it| it.contains(dead)).await;
    assert_eq!(sends(&page, "SoWell").as_deref(), Some(SEE_ABOVE), "{page}");
    assert!(page.contains("data-title=\"Dernière erreur\""), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn e_mails_without_a_server_are_shown_as_written_to_files() {
    let daemon = Builder::new().start().await;
    let page = daemon.console().await;
    assert_eq!(
        sends(&page, "E-mails").as_deref(),
        Some("écrits dans des fichiers (<code>smtp.url</code> n'est pas réglé)")
    );
}
