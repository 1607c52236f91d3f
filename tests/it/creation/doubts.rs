//! Creations that the CRM's answer did not settle, to their end: deferred and later reported to SoWell, or settled
//! by an operator on the command line.

use std::path::Path;
use std::process::Output;

use chrono::{TimeDelta, Utc};
use passerelle::adapters::submission;
use passerelle::domain::signalement::SignalementId;
use serde_json::Value;

use crate::cli::{lines, on, passerelle};
use crate::fake_crm::{CONNECTOR, FakeCrm, Mood};
use crate::harness::{Builder, FakeSowell, signalement, until};

/// An API where SoWell receives UIDs.
const SOWELL: &str = r#"
operations:
  signaler_statut:
    methode: PATCH
    chemin: /signalements/{{ uid }}
    corps: {json: {statut: "{{ statut }}"}}
  signaler_uid:
    chemin: /uid
    entetes: {Idempotency-Key: "{{ livraison }}"}
    corps: {json: {id: "{{ id }}", uid: "{{ uid }}", lien: "{{ lien_sowell }}", statut: "{{ statut }}"}}
"#;

fn builder(crm: &FakeCrm, connector: &str) -> Builder {
    let builder = Builder::new();
    std::fs::create_dir_all(builder.folder().path().join("rules/connecteurs")).unwrap();
    builder
        .file("rules/connecteurs/crm.yaml", connector)
        .set("CRM__KIND", "rest")
        .set("CRM__BASE_URL", &crm.url)
        .set("SECRETS__CRM", "secret-of-the-crm")
}

#[tokio::test(flavor = "multi_thread")]
async fn sowell_is_told_the_uid_of_a_refused_demande_that_an_operator_retries() {
    let (crm, sowell) = (FakeCrm::start().await, FakeSowell::start().await);
    let wrong = CONNECTOR.replace("chemin: /demandes\n    corps", "chemin: /absent\n    corps");
    let daemon = builder(&crm, &wrong)
        .file("rules/connecteurs/sowell.yaml", SOWELL)
        .sowell(&sowell)
        .start()
        .await;
    let refused = daemon.post(&signalement(1)).await;
    assert_eq!(refused.status, 502);
    let edited = daemon.edit("rules/connecteurs/crm.yaml", CONNECTOR).await;
    assert_eq!(edited["derniere_tentative"]["acceptee"], true, "{edited}");
    let lien = signalement(1)["lien_sowell"].as_str().unwrap().to_owned();
    let id = SignalementId::of_lien(&lien);
    let stored = daemon.state.store.find_submission(&id).await.unwrap();
    let again = submission::read_stored(&stored.unwrap()).unwrap();
    daemon.state.inbound.receive(again).await.unwrap();
    let calls = sowell.wait_for(1).await;
    assert_eq!(
        (calls[0].path.as_str(), &calls[0].body["uid"]),
        ("/uid", &"C-1".into())
    );
    // A demande whose UID is in the answer is not told again: a status of it comes first.
    let created = daemon.created(&signalement(2)).await;
    let event = serde_json::json!({"statut": "Vivest en cours"});
    assert_eq!(daemon.statut(&created, &event).await.status, 202);
    let calls = sowell.wait_for(2).await;
    assert_eq!(calls[1].path, format!("/signalements/{created}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn sowell_is_told_the_uid_of_a_deferred_demande_once() {
    let (crm, sowell) = (FakeCrm::start().await, FakeSowell::start().await);
    let daemon = builder(&crm, CONNECTOR)
        .file("rules/connecteurs/sowell.yaml", SOWELL)
        .set("CRM__WHEN_UNAVAILABLE", "defer")
        .set("CRM__POLL", "1s")
        .sowell(&sowell)
        .start()
        .await;
    crm.next("POST /demandes", Mood::TooMany(1));
    let answer = daemon.post(&signalement(1)).await;
    assert_eq!(answer.status, 202);
    let suivi = answer.json()["suivi"].as_str().unwrap().to_owned();
    assert!(crm.demandes().is_empty());
    let shown = until("it is created", || async {
        let shown = daemon.get(&suivi, "sowell").await.json();
        (shown["etat"] == "transmis").then_some(shown)
    })
    .await;
    assert_eq!(shown["uid"], "C-1");
    // A status is sent after the UID: a duplicate would have been sent by then.
    crm.change("C-1", "Vivest en cours", None);
    let calls = until("the status is told", || async {
        let calls = sowell.calls();
        let told = calls.iter().any(|it| it.path == "/signalements/C-1");
        told.then_some(calls)
    })
    .await;
    let paths: Vec<&str> = calls.iter().map(|it| it.path.as_str()).collect();
    assert_eq!(paths, ["/uid", "/signalements/C-1"]);
    let told = &calls[0];
    assert!(!told.key.is_empty());
    assert_eq!(told.body["uid"], "C-1");
    assert_eq!(told.body["id"], shown["id"]);
    assert_eq!(told.body["lien"], signalement(1)["lien_sowell"]);
    assert_eq!(told.body["statut"], "En attente");
    assert_eq!(daemon.post(&signalement(1)).await.status, 200);
    assert_eq!(crm.demandes().len(), 1);
}

fn said(output: &Output) -> String {
    let all = [&output.stdout, &output.stderr];
    all.map(|it| String::from_utf8_lossy(it).into_owned())
        .concat()
}

/// The only signalement in this state.
fn listed(folder: &Path, environment: &[(String, String)], state: &str) -> Option<Value> {
    let arguments = ["signalements", "list", "--state", state, "--format", "json"];
    let mut found = lines(&passerelle(folder, environment, &arguments));
    assert!(found.len() < 2, "{found:?}");
    found.pop()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_says_what_became_of_a_doubtful_creation() {
    let crm = FakeCrm::start().await;
    let possible = CONNECTOR.replace("doublons: recherche", "doublons: possibles");
    let daemon = builder(&crm, &possible).start().await;
    crm.next("POST /demandes", Mood::DoesAndResets);
    assert_eq!(daemon.post(&signalement(1)).await.status, 503);
    let doubt = until("a person is waited for", || async {
        let found = listed(daemon.folder.path(), &daemon.environment, "inconnu");
        found.filter(|it| it["motif"].is_string())
    })
    .await;
    let id = doubt["id"].as_str().unwrap();
    let unknown = on(&daemon, &["signalements", "adopt", "absent", "C-1"]);
    assert!(said(&unknown).contains("no such signalement"));
    let adopted = on(&daemon, &["signalements", "adopt", id, "C-1"]);
    assert!(adopted.status.success(), "{}", said(&adopted));
    assert!(said(&adopted).contains("created as C-1"));
    let again = daemon.post(&signalement(1)).await;
    assert_eq!(again.status, 200);
    assert_eq!(again.json()["uid"], "C-1");
    until("its photos follow", || async {
        (crm.demandes()[0].photos.len() == 2).then_some(())
    })
    .await;
    let late = on(&daemon, &["signalements", "adopt", id, "C-1"]);
    assert!(said(&late).contains("not pending: it is transmis"));
    assert_eq!(crm.demandes().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_says_that_a_doubtful_creation_did_not_take_place() {
    let crm = FakeCrm::start().await;
    let possible = CONNECTOR.replace("doublons: recherche", "doublons: possibles");
    let daemon = builder(&crm, &possible).start().await;
    crm.next("POST /demandes", Mood::Page);
    assert_eq!(daemon.post(&signalement(1)).await.status, 503);
    let doubt = until("a person is waited for", || async {
        let found = listed(daemon.folder.path(), &daemon.environment, "inconnu");
        found.filter(|it| it["motif"].is_string())
    })
    .await;
    let id = doubt["id"].as_str().unwrap();
    let retried = on(&daemon, &["signalements", "retry", id]);
    assert!(retried.status.success(), "{}", said(&retried));
    assert!(said(&retried).contains("created as C-1"));
    let again = on(&daemon, &["signalements", "retry", id]);
    assert!(said(&again).contains("it already is a demande"));
    assert!(again.status.success(), "{}", said(&again));
    assert_eq!(crm.demandes().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_need_not_wait_for_a_look_up_that_is_put_off() {
    let crm = FakeCrm::start().await;
    let daemon = builder(&crm, CONNECTOR)
        .set("DELIVERY__MAX_RETRY", "1h")
        .start()
        .await;
    crm.next("POST /demandes", Mood::DoesAndResets);
    crm.next("GET /demandes", Mood::TooMany(7_200));
    assert_eq!(daemon.post(&signalement(1)).await.status, 503);
    let store = &daemon.state.store;
    until("the look-up is put off", || async {
        let due = store.next_creation(Utc::now().into()).await.unwrap()?;
        // The longest that we would ever wait.
        (due > Utc::now() + TimeDelta::minutes(10)).then_some(())
    })
    .await;
    let doubt = listed(daemon.folder.path(), &daemon.environment, "inconnu").unwrap();
    let retried = on(
        &daemon,
        &["signalements", "retry", doubt["id"].as_str().unwrap()],
    );
    assert!(retried.status.success(), "{}", said(&retried));
    assert!(said(&retried).contains("created as C-1"));
    assert_eq!(crm.demandes().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_retry_by_hand_risks_a_second_demande() {
    let crm = FakeCrm::start().await;
    let patient = CONNECTOR.replace("traitement_max: 50ms", "traitement_max: 1h");
    let daemon = builder(&crm, &patient).start().await;
    crm.next("POST /demandes", Mood::DoesAndResets);
    assert_eq!(daemon.post(&signalement(1)).await.status, 503);
    let (folder, environment) = daemon.stop().await;
    let doubt = listed(folder.path(), &environment, "inconnu").unwrap();
    let arguments = ["signalements", "retry", doubt["id"].as_str().unwrap()];
    let early = passerelle(folder.path(), &environment, &arguments);
    assert_eq!(early.status.code(), Some(1));
    assert!(said(&early).contains("not known yet"), "{}", said(&early));
    assert_eq!(crm.demandes().len(), 1);
}
