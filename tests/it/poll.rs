//! Statuses of a CRM that is polled: each change once, in order, and nothing that is not a change.

mod clocks;
mod pages;

use std::sync::Arc;
use std::time::Duration;

use chrono::{TimeDelta, Utc};
use passerelle::adapters::clock::SystemClock;
use passerelle::domain::ports::{Change, ChangePage, CrmError, DuplicateGuard};
use passerelle::domain::reason::Phrase;
use passerelle::flows::poll::Poll;
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use crate::harness::{Builder, Daemon, FakeSowell, signalement, until};
use crate::remote_crm::{Goes, RemoteCrm, change};

/// The poller of a daemon that does not poll by itself.
fn poller(daemon: &Daemon, crm: &Arc<RemoteCrm>) -> Poll {
    let creations = &daemon.state.inbound.creations;
    Poll {
        store: daemon.state.store.clone(),
        crm: crm.clone(),
        clock: Arc::new(SystemClock),
        outbound: daemon.state.outbound.clone(),
        in_force: creations.in_force.clone(),
        watch: daemon.state.watch.clone(),
    }
}

fn listing() -> Arc<RemoteCrm> {
    RemoteCrm::new(DuplicateGuard::LookUp).with(|it| it.overlap = Some(Duration::from_secs(10)))
}

async fn with(crm: &Arc<RemoteCrm>) -> (Daemon, FakeSowell) {
    let sowell = FakeSowell::start().await;
    let builder = Builder::new().crm(crm.clone()).sowell(&sowell);
    (builder.start().await, sowell)
}

fn page(changes: Vec<Change>, next: Option<&str>) -> ChangePage {
    ChangePage {
        changes,
        next: next.map(str::to_owned),
        past_end: false,
    }
}

async fn statuts(daemon: &Daemon, uid: &str) -> Vec<String> {
    let path = format!("/api/v1/signalements/{uid}");
    let view = daemon.get(&path, "sowell").await.json();
    let statuts = view["statuts"].as_array().unwrap().iter();
    statuts
        .map(|it| it["statut"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_change_reaches_sowell_once_and_the_first_status_never() {
    let crm = listing();
    let (daemon, sowell) = with(&crm).await;
    let poll = poller(&daemon, &crm);
    // Without any demande, there is nothing to poll.
    poll.look().await.unwrap();
    assert_eq!(crm.count("changes"), 0);
    let uid = daemon.created(&signalement(1)).await;
    poll.look().await.unwrap();
    assert!(statuts(&daemon, &uid).await.is_empty());
    crm.change(&uid, "CRC en cours", None);
    // The overlap makes each poll see it again.
    for _ in 0..3 {
        poll.look().await.unwrap();
    }
    // Someone adds a comment: the demande is listed, with an unchanged status.
    crm.change(&uid, "CRC en cours", None);
    poll.look().await.unwrap();
    crm.change(&uid, "Clôturée", Some("Rejeté"));
    poll.look().await.unwrap();
    crm.change(&uid, "CRC en cours", None);
    poll.look().await.unwrap();
    assert_eq!(
        statuts(&daemon, &uid).await,
        ["CRC en cours", "Clôturée", "CRC en cours"]
    );
    sowell.wait_for(3).await;
    assert_eq!(
        sowell.delivered(),
        ["En cours de traitement", "Rejeté", "En cours de traitement"]
    );
}

/// If the rules decide by the comment, a different one is a different status; a list without comments says nothing
/// about it.
#[tokio::test(flavor = "multi_thread")]
async fn a_comment_that_decides_makes_the_same_status_a_different_one() {
    let crm = listing();
    let (daemon, sowell) = with(&crm).await;
    let table = daemon.read("rules/statuts.yaml").replace(
        "Ouverte: En attente",
        "Ouverte: En attente\n  Visité:\n    selon: commentaire\n    valeurs: {RAS: Traité, à revoir: En cours}",
    );
    daemon.edit("rules/statuts.yaml", &table).await;
    let poll = poller(&daemon, &crm);
    let uid = daemon.created(&signalement(1)).await;
    poll.look().await.unwrap();
    for comment in [
        Some("RAS"),
        Some("RAS"),
        Some("à revoir"),
        None,
        Some("RAS"),
    ] {
        crm.change(&uid, "Visité", None);
        let mut change = change(&crm.demandes()[0]);
        change.event.commentaire = comment.map(str::to_owned);
        crm.lists(Ok(page(vec![change], None)));
        poll.look().await.unwrap();
    }
    sowell.wait_for(3).await;
    assert_eq!(sowell.delivered(), ["Traité", "En cours", "Traité"]);
    assert_eq!(statuts(&daemon, &uid).await.len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_does_not_come_loses_nothing() {
    let crm = listing();
    let (daemon, _sowell) = with(&crm).await;
    let poll = poller(&daemon, &crm);
    let uid = daemon.created(&signalement(1)).await;
    crm.change(&uid, "CRC en cours", None);
    let away = CrmError::Unavailable {
        reason: Phrase::NoConnection.into(),
        retry_at: None,
    };
    crm.lists(Ok(page(Vec::new(), Some("2"))));
    crm.lists(Err(away));
    assert!(poll.look().await.is_err());
    let ready = daemon.get("/readyz", "").await;
    assert_eq!(ready.status, 503);
    assert!(
        ready.json()["crm"]
            .as_str()
            .unwrap()
            .contains("no connection")
    );
    poll.look().await.unwrap();
    assert_eq!(statuts(&daemon, &uid).await, ["CRC en cours"]);
    assert_eq!(daemon.get("/readyz", "").await.json()["crm"], "ok");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_a_demande_in_doubt_is_read_again_once_it_is_known() {
    let crm = listing();
    let (daemon, _sowell) = with(&crm).await;
    let poll = poller(&daemon, &crm);
    let known = daemon.created(&signalement(1)).await;
    let gate = Arc::new(Semaphore::new(0));
    crm.creates([Goes::Held(gate.clone())]);
    let request = daemon.request("POST", "/api/v1/signalements", "sowell");
    let request = request.json(&signalement(2));
    let post = tokio::spawn(async move { request.send().await.unwrap().status() });
    until("the CRM is asked", || async {
        (crm.count("create") == 2).then_some(())
    })
    .await;
    // Listed long before anything else changes, and long before its UID is known here.
    let mut early = change(&crm.demandes()[0]);
    early.event.uid = passerelle::domain::demande::Uid::new("CRM-2".into());
    early.event.statut = "CRC en cours".into();
    early.at += TimeDelta::seconds(100);
    let mut later = change(&crm.demandes()[0]);
    later.event.statut = "CRC en cours".into();
    later.at = early.at + TimeDelta::hours(1);
    crm.lists(Ok(page(vec![later, early.clone()], None)));
    poll.look().await.unwrap();
    assert_eq!(statuts(&daemon, &known).await, ["CRC en cours"]);
    gate.add_permits(1);
    assert_eq!(post.await.unwrap(), 201);
    crm.lists(Ok(page(vec![early.clone()], None)));
    poll.look().await.unwrap();
    let query = crm.queries().pop().unwrap();
    assert!(query.since < early.at);
    assert_eq!(statuts(&daemon, "CRM-2").await, ["CRC en cours"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_polled_before_a_call_of_the_crm_is_polled_again() {
    let crm = listing();
    let (daemon, sowell) = with(&crm).await;
    let poll = Arc::new(poller(&daemon, &crm));
    let uid = daemon.created(&signalement(1)).await;
    let other = daemon.created(&signalement(2)).await;
    crm.change(&uid, "CRC en cours", None);
    let read_then = crm.demandes()[0].at;
    crm.change(&other, "CRC en cours", None);
    let gate = Arc::new(Semaphore::new(0));
    crm.holds_lists(&gate);
    let look = tokio::spawn({
        let poll = poll.clone();
        async move { poll.look().await }
    });
    until("the list is under way", || async {
        (crm.count("changes") == 1).then_some(())
    })
    .await;
    crm.change(&uid, "Clôturée", Some("Traité"));
    let told = json!({"statut": "Clôturée", "resultat": "Traité"});
    assert_eq!(daemon.statut(&uid, &told).await.status, 202);
    gate.add_permits(1);
    look.await.unwrap().unwrap();
    assert_eq!(statuts(&daemon, &uid).await, ["Clôturée"]);
    assert_eq!(statuts(&daemon, &other).await, ["CRC en cours"]);
    // Reopened, and there is no call.
    crm.change(&uid, "CRC en cours", None);
    gate.add_permits(1);
    poll.look().await.unwrap();
    assert!(crm.queries().pop().unwrap().since <= read_then);
    assert_eq!(statuts(&daemon, &uid).await, ["Clôturée", "CRC en cours"]);
    sowell.wait_for(3).await;
}

/// The last statuses of a demande, each only once, after those that may repeat.
const HISTORY: [(&str, Option<&str>); 6] = [
    ("CRC en cours", None),
    ("Vivest en attente retour", None),
    ("Vivest en cours", None),
    ("CRC en attente retour", None),
    ("Ouverte", None),
    ("Clôturée", Some("Traité")),
];

/// As seen by SoWell: no status after a later one, and the last one last.
#[tokio::test(flavor = "multi_thread")]
async fn statuses_of_a_crm_that_is_polled_and_calls_without_dates_stay_in_order() {
    let crm = listing();
    let (daemon, sowell) = with(&crm).await;
    let daemon = Arc::new(daemon);
    let poll = Arc::new(poller(&daemon, &crm));
    crm.lists_slowly(Duration::from_millis(5));
    let mut uids = Vec::new();
    for number in 1..=12 {
        uids.push(daemon.created(&signalement(number)).await);
    }
    let polling = tokio::spawn(async move {
        loop {
            poll.look().await.unwrap();
        }
    });
    let changes = uids.iter().cloned().map(|uid| {
        let (crm, daemon) = (crm.clone(), daemon.clone());
        tokio::spawn(async move {
            for (statut, resultat) in HISTORY {
                crm.change(&uid, statut, resultat);
                let told = json!({"statut": statut, "resultat": resultat});
                let answer = daemon.statut(&uid, &told).await;
                assert!(matches!(answer.status, 200 | 202));
            }
        })
    });
    for done in futures_util::future::join_all(changes).await {
        done.unwrap();
    }
    let told = |uid: &str| -> Vec<usize> {
        let calls = sowell.calls().into_iter().map(|it| it.body);
        let of_it = calls.filter(|it| it["uid"] == uid);
        let place = |it: Value| {
            HISTORY
                .iter()
                .position(|(statut, _)| it["statut_crm"] == *statut)
        };
        of_it.map(|it| place(it).unwrap()).collect()
    };
    for uid in &uids {
        until("its end is told", || async {
            (told(uid).last() == Some(&(HISTORY.len() - 1))).then_some(())
        })
        .await;
    }
    // Two more polls would see what is still in progress.
    let read = crm.count("changes");
    until("it is read again", || async {
        (crm.count("changes") > read + 2).then_some(())
    })
    .await;
    polling.abort();
    for uid in &uids {
        assert!(told(uid).is_sorted(), "{:?}", told(uid));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_pollers_do_not_read_at_the_same_time() {
    let crm = listing();
    let (daemon, _sowell) = with(&crm).await;
    daemon.created(&signalement(1)).await;
    let store = &daemon.state.store;
    let now = Utc::now();
    let lease = TimeDelta::seconds(60);
    let claim = store.claim_poll(now, lease).await.unwrap().unwrap();
    poller(&daemon, &crm).look().await.unwrap();
    assert_eq!(crm.count("changes"), 0);
    let later = now + TimeDelta::seconds(61);
    let second = store.claim_poll(later, lease).await.unwrap().unwrap();
    assert!(!store.finish_poll(&claim, Some(now)).await.unwrap());
    assert!(!store.renew_poll(&claim, later, lease).await.unwrap());
    // The second holds it as long as it keeps renewing.
    let much_later = later + TimeDelta::seconds(59);
    assert!(store.renew_poll(&second, much_later, lease).await.unwrap());
    let third = store.claim_poll(much_later + TimeDelta::seconds(59), lease);
    assert_eq!(third.await.unwrap(), None);
    assert!(store.finish_poll(&second, Some(now)).await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_poller_that_died_does_not_block_the_next() {
    let crm = listing();
    let sowell = FakeSowell::start().await;
    let daemon = Builder::new().crm(crm.clone()).sowell(&sowell);
    let daemon = daemon.start().await;
    let uid = daemon.created(&signalement(1)).await;
    let lease = TimeDelta::hours(1);
    let held = daemon.state.store.claim_poll(Utc::now(), lease).await;
    assert!(held.unwrap().is_some());
    let (folder, environment) = daemon.stop().await;
    crm.change(&uid, "CRC en cours", None);
    let daemon = Builder::again(&folder, environment).crm(crm.clone());
    let daemon = daemon.start().await;
    // The daemon's own poller may hold the claim, in which case this one does nothing.
    until("it is read", || async {
        poller(&daemon, &crm).look().await.unwrap();
        (statuts(&daemon, &uid).await == ["CRC en cours"]).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_status_that_the_rules_do_not_know_is_kept_once() {
    let crm = listing();
    let (daemon, sowell) = with(&crm).await;
    let poll = poller(&daemon, &crm);
    let uid = daemon.created(&signalement(1)).await;
    for _ in 0..2 {
        crm.change(&uid, "Archivée", None);
        poll.look().await.unwrap();
    }
    assert_eq!(statuts(&daemon, &uid).await, ["Archivée"]);
    let table = daemon.read("rules/statuts.yaml");
    let table = table.replace("correspondances:", "correspondances:\n  Archivée: Traité");
    daemon.edit("rules/statuts.yaml", &table).await;
    sowell.wait_for(1).await;
    assert_eq!(sowell.delivered(), ["Traité"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_daemon_polls_as_often_as_the_settings_say() {
    let crm = listing();
    let sowell = FakeSowell::start().await;
    let builder = Builder::new().crm(crm.clone()).sowell(&sowell);
    let daemon = builder.set("CRM__POLL", "1s").start().await;
    let uid = daemon.created(&signalement(1)).await;
    crm.change(&uid, "CRC en cours", None);
    let calls = sowell.wait_for(1).await;
    assert_eq!(
        calls[0].body,
        json!({
            "uid": uid, "statut": "En cours de traitement", "statut_crm": "CRC en cours",
            "date": calls[0].body["date"], "commentaire": null,
            "lien_sowell": "https://manager.sowell.example/signalements/1",
        })
    );
}

/// Answers the next poll with a request to wait two hours.
fn asks_for_hours(crm: &RemoteCrm) {
    crm.lists(Err(CrmError::Unavailable {
        reason: Phrase::Answered.with(503),
        retry_at: Some(Utc::now() + TimeDelta::hours(2)),
    }));
}

async fn is_read(crm: &RemoteCrm, times: usize) {
    until(&format!("it is read {times} times"), || async {
        (crm.count("changes") >= times).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crm_that_asks_for_hours_is_polled_again_after_the_longest_wait() {
    let crm = listing();
    asks_for_hours(&crm);
    let builder = Builder::new().crm(crm.clone()).set("CRM__POLL", "1s");
    let daemon = builder.start().await;
    daemon.created(&signalement(1)).await;
    is_read(&crm, 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_of_how_the_crm_is_reached_ends_the_pause_of_polling() {
    let crm = listing();
    asks_for_hours(&crm);
    let builder = Builder::new().crm(crm.clone());
    let builder = builder.file("passerelle.yaml", "crm:\n  poll: 1s\n");
    let builder = builder.set("DELIVERY__FIRST_RETRY", "1h");
    let daemon = builder.set("DELIVERY__MAX_RETRY", "1h").start().await;
    daemon.created(&signalement(1)).await;
    is_read(&crm, 1).await;
    until("its failure is noted", || async {
        daemon.state.watch.outage()
    })
    .await;
    daemon
        .edit_settings("crm:\n  poll: 1s\n  token: another\n")
        .await;
    is_read(&crm, 2).await;
}
