//! A demande is created exactly once in a remote CRM, whichever answers are missing.

mod after_creation;
mod away;
mod clock;
mod confirmed;
mod doubts;
mod managers;
mod motifs;
mod photos;
mod under_way;

use std::sync::Arc;
use std::time::Duration;

use chrono::{TimeDelta, Utc};
use passerelle::domain::demande::Uid;
use passerelle::domain::ports::{Clock, DuplicateGuard};
use passerelle::domain::signalement::SignalementId;
use passerelle::flows::creation::Attempted;
use rstest::rstest;
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use crate::harness::{
    Answer, Builder, Daemon, FakeSowell, SetClock, signalement, signalement_with, until,
};
use crate::remote_crm::{Goes, RemoteCrm};

fn id_of(number: u32) -> SignalementId {
    let body = signalement(number);
    SignalementId::of_lien(body["lien_sowell"].as_str().unwrap())
}

async fn etat(daemon: &Daemon, number: u32) -> String {
    let path = format!("/api/v1/signalements/{}", id_of(number).as_str());
    let answer = daemon.get(&path, "sowell").await;
    if answer.status == 404 {
        return "none".into();
    }
    answer.json()["etat"].as_str().unwrap().to_owned()
}

/// Waits until the signalement is in this state.
async fn becomes(daemon: &Daemon, number: u32, wanted: &str) {
    until(&format!("{number} is {wanted}"), || async {
        (etat(daemon, number).await == wanted).then_some(())
    })
    .await;
}

/// A temporary refusal, with a time to retry.
fn is_later(answer: &Answer) -> bool {
    answer.status == 503 && answer.header("retry-after").is_some()
}

async fn with(crm: &Arc<RemoteCrm>) -> Daemon {
    Builder::new().crm(crm.clone()).start().await
}

/// The repeat is answered with the creation's body, and nothing was doubled.
async fn is_replayed(daemon: &Daemon, crm: &RemoteCrm, number: u32) -> Value {
    let again = daemon.post(&signalement(number)).await;
    assert_eq!(again.status, 200);
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    let id = id_of(number);
    let demandes = crm.demandes();
    assert_eq!(demandes.iter().filter(|it| it.reference == id).count(), 1);
    again.json()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_uid_of_the_answer_is_the_crms_own() {
    let crm = RemoteCrm::new(DuplicateGuard::LookUp);
    let daemon = with(&crm).await;
    let first = daemon.post(&signalement(1)).await;
    assert_eq!(first.status, 201);
    assert_eq!(first.header("location"), Some("/api/v1/signalements/CRM-1"));
    assert_eq!(is_replayed(&daemon, &crm, 1).await, first.json());
    assert_eq!(crm.count("create"), 1);
    let path = "/api/v1/demandes/CRM-1";
    let demande = daemon.get(path, "crm").await.json();
    assert_eq!(demande["canal"], "SoWell");
    let other = signalement_with(1, &json!({"description": "autre"}));
    let conflict = daemon.post(&other).await;
    assert_eq!(
        (conflict.status, &conflict.json()["uid"]),
        (409, &json!("CRM-1"))
    );
}

#[rstest]
#[case::year("2026/")]
#[case::words("Demande n° é?x=1#")]
#[case::encoded("%2F%00+")]
#[tokio::test(flavor = "multi_thread")]
async fn a_uid_of_any_characters_leads_to_its_demande(#[case] prefix: &str) {
    let crm = RemoteCrm::new(DuplicateGuard::LookUp);
    crm.names(prefix);
    let daemon = with(&crm).await;
    let created = daemon.post(&signalement(1)).await;
    assert_eq!(created.status, 201);
    let uid = format!("{prefix}1");
    let location = created.header("location").unwrap();
    let signalement = daemon.get(location, "sowell").await;
    assert_eq!(signalement.json()["uid"], uid);
    let segment = location.rsplit('/').next().unwrap();
    let path = format!("/api/v1/demandes/{segment}");
    let demande = daemon.get(&path, "crm").await.json();
    assert_eq!(demande["uid"], uid);
    let url = demande["fichiers"][0]["url"].as_str().unwrap();
    assert_eq!(daemon.get(url, "crm").await.status, 200);
    let event = json!({"statut": "Vivest en cours"});
    assert_eq!(daemon.statut(segment, &event).await.status, 202);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_demande_that_the_crm_refuses_is_kept_and_can_be_sent_again() {
    let crm = RemoteCrm::new(DuplicateGuard::LookUp);
    crm.creates([Goes::Refused, Goes::Broken]);
    let daemon = with(&crm).await;
    let refused = daemon.post(&signalement(1)).await;
    assert_eq!(refused.status, 502);
    assert_eq!(refused.json()["id"], id_of(1).as_str());
    assert_eq!(etat(&daemon, 1).await, "echec");
    let broken = daemon.post(&signalement(1)).await;
    assert_eq!(broken.status, 500);
    assert!(broken.json()["reference"].is_string());
    assert_eq!(etat(&daemon, 1).await, "echec");
    assert_eq!(daemon.post(&signalement(1)).await.status, 201);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_crm_did_in_silence_is_adopted() {
    let crm = RemoteCrm::new(DuplicateGuard::LookUp);
    crm.creates([Goes::DoneInSilence]);
    // Even a failed look-up does not cause a second creation.
    crm.finds([Goes::Away, Goes::Lost, Goes::Refused]);
    let daemon = with(&crm).await;
    let answer = daemon.post(&signalement(1)).await;
    assert!(is_later(&answer), "{answer:?}");
    assert_eq!(answer.json()["id"], id_of(1).as_str());
    becomes(&daemon, 1, "transmis").await;
    assert_eq!(is_replayed(&daemon, &crm, 1).await["uid"], "CRM-1");
    assert_eq!((crm.count("create"), crm.count("find")), (1, 4));
    until("its photos are attached", || async {
        (crm.demandes()[0].photos.len() == 2).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_creation_that_the_crm_never_got_is_made_after_a_look_up() {
    let crm = RemoteCrm::new(DuplicateGuard::LookUp);
    crm.creates([Goes::Lost, Goes::Lost, Goes::Away]);
    let daemon = with(&crm).await;
    assert!(is_later(&daemon.post(&signalement(1)).await));
    becomes(&daemon, 1, "transmis").await;
    is_replayed(&daemon, &crm, 1).await;
    // Nothing was in doubt after the refused connection, so nothing was looked up.
    assert_eq!((crm.count("create"), crm.count("find")), (4, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn no_look_up_counts_before_the_crm_has_ended_its_work() {
    let crm =
        RemoteCrm::new(DuplicateGuard::LookUp).with(|it| it.longest_work = Duration::from_hours(1));
    crm.creates([Goes::Lost]);
    let daemon = with(&crm).await;
    assert!(is_later(&daemon.post(&signalement(1)).await));
    assert_eq!(etat(&daemon, 1).await, "inconnu");
    let due = daemon
        .state
        .store
        .next_creation(Utc::now().into())
        .await
        .unwrap()
        .unwrap();
    assert!(due > Utc::now() + TimeDelta::minutes(55));
    // Neither a repeat from SoWell nor an impatient operator causes a look-up or a creation.
    assert!(is_later(&daemon.post(&signalement(1)).await));
    let creations = &daemon.state.inbound.creations;
    let attempted = creations.take_up(&id_of(1)).await.unwrap();
    assert_eq!(attempted, Some(Attempted::InDoubt));
    assert_eq!((crm.count("create"), crm.count("find")), (1, 0));
    assert_eq!(
        daemon
            .state
            .store
            .next_creation(Utc::now().into())
            .await
            .unwrap(),
        Some(due)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn several_demandes_of_one_signalement_are_for_a_person() {
    let crm = RemoteCrm::new(DuplicateGuard::LookUp);
    crm.creates([Goes::DoneTwice]);
    let daemon = with(&crm).await;
    assert!(is_later(&daemon.post(&signalement(1)).await));
    let path = format!("/api/v1/signalements/{}", id_of(1).as_str());
    until("it says why it waits", || async {
        let view = daemon.get(&path, "admin").await.json();
        let motif = view["motif"].as_str().unwrap_or_default().to_owned();
        (motif.contains("CRM-1, CRM-2") && view["etat"] == "inconnu").then_some(())
    })
    .await;
    let metrics = daemon.get("/metrics", "").await;
    let text = String::from_utf8_lossy(&metrics.bytes).into_owned();
    assert!(
        text.contains(r#"passerelle_signalements_stopped{state="inconnu"} 1"#),
        "{text}"
    );
    assert!(is_later(&daemon.post(&signalement(1)).await));
    let creations = &daemon.state.inbound.creations;
    let adopted = creations.adopt(&id_of(1), Uid::new("CRM-2".into())).await;
    assert!(matches!(
        adopted.unwrap(),
        Some(Attempted::Created { uid, .. }) if uid.as_str() == "CRM-2"
    ));
    let again = daemon.post(&signalement(1)).await;
    assert_eq!((again.status, &again.json()["uid"]), (200, &json!("CRM-2")));
    assert_eq!(crm.count("create"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crm_that_knows_a_repeat_is_asked_again_at_once() {
    for guard in [DuplicateGuard::Upsert, DuplicateGuard::IdempotencyKey] {
        let crm = RemoteCrm::new(guard).with(|it| it.longest_work = Duration::from_hours(1));
        crm.creates([Goes::DoneInSilence, Goes::DoneInSilence]);
        let daemon = with(&crm).await;
        assert!(is_later(&daemon.post(&signalement(1)).await));
        becomes(&daemon, 1, "transmis").await;
        is_replayed(&daemon, &crm, 1).await;
        assert_eq!((crm.count("create"), crm.count("find")), (3, 0));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_outcome_of_a_repeat_says_nothing_about_the_call_before() {
    let crm = RemoteCrm::new(DuplicateGuard::IdempotencyKey).with(|it| it.reads_statut = true);
    crm.creates([Goes::DoneInSilence, Goes::Away, Goes::Refused]);
    let sowell = FakeSowell::start().await;
    let builder = Builder::new().crm(crm.clone()).sowell(&sowell);
    let builder = builder.set("DELIVERY__FIRST_RETRY", "1h");
    let daemon = builder.set("DELIVERY__MAX_RETRY", "1h").start().await;
    assert!(is_later(&daemon.post(&signalement(1)).await));
    let (store, creations) = (&daemon.state.store, &daemon.state.inbound.creations);
    let attempted = creations.take_up(&id_of(1)).await.unwrap();
    assert_eq!(attempted, Some(Attempted::InDoubt));
    assert!(store.any_in_doubt().await.unwrap());
    let attempted = creations.take_up(&id_of(1)).await.unwrap();
    assert!(matches!(attempted, Some(Attempted::Stopped { .. })));
    assert_eq!(etat(&daemon, 1).await, "inconnu");
    assert!(store.any_in_doubt().await.unwrap());
    // Its status may have changed since the first call.
    crm.change("CRM-1", "CRC en cours", None);
    let attempted = creations.take_up(&id_of(1)).await.unwrap();
    assert!(matches!(attempted, Some(Attempted::Created { .. })));
    is_replayed(&daemon, &crm, 1).await;
    assert_eq!(crm.count("create"), 4);
    sowell.wait_for(1).await;
    assert_eq!(sowell.delivered(), ["En cours de traitement"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_any_guard_a_doubt_waits_for_a_person() {
    let crm = RemoteCrm::new(DuplicateGuard::Nothing);
    crm.creates([Goes::Lost, Goes::DoneInSilence]);
    let daemon = with(&crm).await;
    for number in [1, 2] {
        assert!(is_later(&daemon.post(&signalement(number)).await));
        assert_eq!(etat(&daemon, number).await, "inconnu");
    }
    // Other creations are not affected.
    assert_eq!(daemon.post(&signalement(3)).await.status, 201);
    assert_eq!(crm.count("create"), 3);
    let creations = &daemon.state.inbound.creations;
    let tried = creations.take_up(&id_of(1)).await.unwrap();
    assert!(
        matches!(tried, Some(Attempted::Created { .. })),
        "{tried:?}"
    );
    is_replayed(&daemon, &crm, 1).await;
    let adopted = creations.adopt(&id_of(2), Uid::new("CRM-1".into())).await;
    assert!(matches!(adopted.unwrap(), Some(Attempted::Created { .. })));
    is_replayed(&daemon, &crm, 2).await;
    assert!(creations.take_up(&id_of(1)).await.unwrap().is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn without_any_guard_nobody_creates_again_while_the_crm_may_be_at_work() {
    let crm = RemoteCrm::new(DuplicateGuard::Nothing);
    let crm = crm.with(|it| it.longest_work = Duration::from_hours(1));
    crm.creates([Goes::DoneInSilence, Goes::Lost]);
    let clock = Arc::<SetClock>::default();
    let builder = Builder::new().crm(crm.clone()).clock(clock.clone());
    let daemon = builder.start().await;
    for number in [1, 2] {
        assert!(is_later(&daemon.post(&signalement(number)).await));
    }
    let creations = &daemon.state.inbound.creations;
    for _ in 0..2 {
        match creations.take_up(&id_of(1)).await.unwrap() {
            Some(Attempted::Stopped { motif }) => {
                assert!(motif.for_all.contains("jusqu'au"), "{motif}");
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(etat(&daemon, 1).await, "inconnu");
    }
    // It still waits for an operator, who may have found it in the meantime.
    let next = daemon.state.store.next_creation(clock.now().into()).await;
    assert_eq!(next.unwrap(), None);
    let adopted = creations.adopt(&id_of(1), Uid::new("CRM-1".into())).await;
    assert!(matches!(adopted.unwrap(), Some(Attempted::Created { .. })));
    assert_eq!(crm.count("create"), 2);
    // The time that it announced has passed.
    drop(crm.clone().with(|it| it.longest_work = Duration::ZERO));
    clock.step(TimeDelta::hours(2));
    let tried = creations.take_up(&id_of(2)).await.unwrap();
    assert!(
        matches!(tried, Some(Attempted::Created { .. })),
        "{tried:?}"
    );
    is_replayed(&daemon, &crm, 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_uid_that_belongs_to_another_signalement_is_not_taken() {
    let crm = RemoteCrm::new(DuplicateGuard::Nothing);
    let daemon = with(&crm).await;
    daemon.created(&signalement(1)).await;
    crm.creates([Goes::Lost]);
    assert!(is_later(&daemon.post(&signalement(2)).await));
    let creations = &daemon.state.inbound.creations;
    let adopted = creations.adopt(&id_of(2), Uid::new("CRM-1".into())).await;
    assert!(matches!(adopted.unwrap(), Some(Attempted::Stopped { .. })));
    assert_eq!(etat(&daemon, 2).await, "inconnu");
}

/// The database is unavailable just when the CRM answers: the answer is not lost, even if nothing could give it
/// again.
#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn what_the_crm_said_while_the_database_was_away_is_written_once_it_is_back(
    #[values(DuplicateGuard::Nothing, DuplicateGuard::LookUp)] guard: DuplicateGuard,
) {
    let crm = RemoteCrm::new(guard);
    let gate = Arc::new(Semaphore::new(0));
    crm.creates([Goes::Held(gate.clone())]);
    let daemon = Arc::new(with(&crm).await);
    let client = daemon.clone();
    let first = tokio::spawn(async move { client.post(&signalement(1)).await });
    until("the CRM is asked", || async {
        (crm.count("create") == 1).then_some(())
    })
    .await;
    let (database, away) = (daemon.database(), daemon.path("away.sqlite"));
    std::fs::rename(&database, &away).unwrap();
    gate.add_permits(1);
    assert!(is_later(&first.await.unwrap()));
    std::fs::rename(&away, &database).unwrap();
    becomes(&daemon, 1, "transmis").await;
    is_replayed(&daemon, &crm, 1).await;
    assert_eq!((crm.count("create"), crm.count("find")), (1, 0));
}

/// A daemon that dies, with all its tasks, while the CRM is working on its request.
async fn killed_in_the_call(crm: &Arc<RemoteCrm>, number: u32) -> Builder {
    let never = Arc::new(Semaphore::new(0));
    crm.creates([Goes::Held(never)]);
    let builder = Builder::new().crm(crm.clone());
    let (folder, environment) = (builder.folder(), builder.environment());
    let crm = crm.clone();
    let life = std::thread::spawn(move || {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async move {
            let daemon = builder.start().await;
            tokio::spawn(async move { daemon.post(&signalement(number)).await });
            until("the CRM is asked", || async {
                (crm.count("create") == 1).then_some(())
            })
            .await;
        });
        // Every task stops where it is.
        runtime.shutdown_background();
    });
    tokio::task::spawn_blocking(|| life.join().unwrap())
        .await
        .unwrap();
    Builder::again(&folder, environment)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_under_way_when_the_process_died_is_in_doubt() {
    for committed in [true, false] {
        let crm = RemoteCrm::new(DuplicateGuard::LookUp);
        let builder = killed_in_the_call(&crm, 1).await;
        if committed {
            crm.has(&id_of(1));
        }
        let daemon = builder.crm(crm.clone()).start().await;
        becomes(&daemon, 1, "transmis").await;
        is_replayed(&daemon, &crm, 1).await;
        assert_eq!(crm.count("create"), 1 + usize::from(!committed));
        assert_eq!(crm.count("find"), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_status_of_an_adopted_demande_is_read() {
    let crm = RemoteCrm::new(DuplicateGuard::LookUp).with(|it| {
        it.reads_statut = true;
        it.longest_work = Duration::from_secs(1);
    });
    crm.creates([Goes::DoneInSilence]);
    let sowell = FakeSowell::start().await;
    let builder = Builder::new().crm(crm.clone()).sowell(&sowell);
    let daemon = builder.start().await;
    assert!(is_later(&daemon.post(&signalement(1)).await));
    crm.change("CRM-1", "CRC en cours", None);
    becomes(&daemon, 1, "transmis").await;
    sowell.wait_for(1).await;
    assert_eq!(sowell.delivered(), ["En cours de traitement"]);
}
