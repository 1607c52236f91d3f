//! While a remote CRM is unavailable, nothing is stored, or the demande is deferred until it is back.

use chrono::{TimeDelta, Utc};
use passerelle::domain::ports::DuplicateGuard;
use passerelle::domain::signalement::Etat;
use passerelle::flows::creation::Attempted;
use rstest::rstest;
use serde_json::{Value, json};

use super::{becomes, etat, id_of, is_later, is_replayed, with};
use crate::fake_crm::CONNECTOR;
use crate::harness::{Builder, is_accepted, signalement, signalement_with, until};
use crate::postgres::Backend;
use crate::remote_crm::{Goes, RemoteCrm};

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_kept_while_the_crm_is_away() {
    let crm = RemoteCrm::new(DuplicateGuard::LookUp);
    let daemon = with(&crm).await;
    for goes in [Goes::Away, Goes::Unauthorized] {
        crm.creates([goes]);
        let answer = daemon.post(&signalement(1)).await;
        assert!(is_later(&answer), "{answer:?}");
        assert_eq!(etat(&daemon, 1).await, "none");
    }
    assert_eq!(daemon.post(&signalement(1)).await.status, 201);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_kept_before_is_not_forgotten_while_the_crm_is_away() {
    let crm = RemoteCrm::new(DuplicateGuard::LookUp);
    crm.creates([Goes::Away]);
    let daemon = Builder::new()
        .file("rules/transmission.yaml", "modes: [manager]\n")
        .crm(crm.clone())
        .start()
        .await;
    assert_eq!(daemon.post(&signalement(1)).await.status, 200);
    assert_eq!(etat(&daemon, 1).await, "ecarte");
    let asked = signalement_with(1, &json!({"transmettre_manager": true}));
    assert!(is_later(&daemon.post(&asked).await));
    assert_eq!(etat(&daemon, 1).await, "echec");
    assert_eq!(daemon.post(&asked).await.status, 201);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deferred_demande_is_created_once_the_crm_is_back() {
    let crm = RemoteCrm::new(DuplicateGuard::LookUp);
    crm.creates(vec![Goes::Away; 3]);
    let builder = Builder::new().crm(crm.clone());
    let daemon = builder
        .set("CRM__WHEN_UNAVAILABLE", "defer")
        .set("DELIVERY__FIRST_RETRY", "50ms")
        .start()
        .await;
    let first = daemon.post(&signalement(1)).await;
    assert_eq!(first.status, 202);
    let suivi = format!("/api/v1/signalements/{}", id_of(1).as_str());
    let wanted = json!({"id": id_of(1).as_str(), "uid": null, "transmis": null, "suivi": suivi});
    assert_eq!(first.json(), wanted);
    becomes(&daemon, 1, "transmis").await;
    let body = is_replayed(&daemon, &crm, 1).await;
    assert_eq!(
        (&body["uid"], &body["transmis"]),
        (&json!("CRM-1"), &json!(true))
    );
    assert_eq!(crm.count("find"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deferred_signalement_stays_what_it_is_while_it_waits() {
    let crm = RemoteCrm::new(DuplicateGuard::LookUp);
    crm.creates([Goes::Away, Goes::Unauthorized, Goes::Away]);
    let builder = Builder::new().crm(crm.clone());
    let daemon = builder
        .set("CRM__WHEN_UNAVAILABLE", "defer")
        .set("DELIVERY__FIRST_RETRY", "1h")
        .set("DELIVERY__MAX_RETRY", "1h")
        .start()
        .await;
    let first = daemon.post(&signalement(1)).await;
    let again = daemon.post(&signalement(1)).await;
    assert_eq!((first.status, again.status), (202, 202));
    assert_eq!(first.json(), again.json());
    let other = signalement_with(1, &json!({"description": "autre"}));
    let conflict = daemon.post(&other).await;
    assert_eq!(conflict.status, 409);
    let conflict = conflict.json();
    // There is no uid yet.
    let owner = (&conflict["id"], &conflict["uid"]);
    assert_eq!(owner, (&json!(id_of(1).as_str()), &Value::Null));
    assert_eq!(etat(&daemon, 1).await, "differe");
    assert_eq!(crm.count("create"), 1);
    // Waiting signalements do not wait for each other: an operator may retry one at once.
    assert_eq!(daemon.post(&signalement(2)).await.status, 202);
    let creations = &daemon.state.inbound.creations;
    let tried = creations.take_up(&id_of(2)).await.unwrap();
    assert_eq!(tried, Some(Attempted::Deferred));
    let tried = creations.take_up(&id_of(2)).await.unwrap();
    assert!(
        matches!(tried, Some(Attempted::Created { .. })),
        "{tried:?}"
    );
    // The CRM answers again, so the other need not wait for its hour.
    becomes(&daemon, 1, "transmis").await;
}

/// The address of the CRM is corrected by a restart; one with the same address leaves it alone.
#[tokio::test(flavor = "multi_thread")]
async fn a_deferred_demande_is_created_at_once_after_a_restart_with_another_address() {
    let crm = RemoteCrm::new(DuplicateGuard::LookUp);
    crm.creates([Goes::Away]);
    let daemon = Builder::new()
        .crm(crm.clone())
        .set("CRM__BASE_URL", "http://wrong.example")
        .set("CRM__WHEN_UNAVAILABLE", "defer")
        .set("DELIVERY__FIRST_RETRY", "1h")
        .set("DELIVERY__MAX_RETRY", "1h")
        .start()
        .await;
    assert_eq!(daemon.post(&signalement(1)).await.status, 202);
    let (folder, environment) = daemon.stop().await;
    let again = Builder::again(&folder, environment).crm(crm.clone());
    let daemon = again.start().await;
    let due = daemon.state.store.next_creation(Utc::now().into()).await;
    assert!(due.unwrap().unwrap() - Utc::now() > TimeDelta::minutes(20));
    assert_eq!(etat(&daemon, 1).await, "differe");
    let (folder, environment) = daemon.stop().await;
    let daemon = Builder::again(&folder, environment)
        .crm(crm.clone())
        .set("CRM__BASE_URL", "http://right.example")
        .start()
        .await;
    becomes(&daemon, 1, "transmis").await;
}

/// A corrected token in the environment needs a restart; what waits for another reason keeps its wait.
#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_creation_refused_for_our_token_is_made_after_a_restart(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(builder) = Builder::on(backend).await else {
        return;
    };
    let crm = RemoteCrm::new(DuplicateGuard::LookUp);
    crm.creates([Goes::Unauthorized, Goes::NoPhoto]);
    let daemon = builder
        .crm(crm.clone())
        .set("CRM__WHEN_UNAVAILABLE", "defer")
        .set("DELIVERY__FIRST_RETRY", "1h")
        .set("DELIVERY__MAX_RETRY", "1h")
        .start()
        .await;
    for number in 1..=2 {
        assert_eq!(daemon.post(&signalement(number)).await.status, 202);
    }
    let (folder, environment) = daemon.stop().await;
    crm.creates([Goes::NoPhoto]);
    let daemon = Builder::again(&folder, environment)
        .crm(crm.clone())
        .start()
        .await;
    // It is tried again, and now waits for the same reason as the other.
    let motif = async |number| {
        let store = daemon.state.store.clone();
        let found = store.find_signalement(id_of(number).as_str()).await;
        found.unwrap().unwrap().motif
    };
    until("the first is tried again", || async {
        (motif(1).await == motif(2).await).then_some(())
    })
    .await;
    let (folder, environment) = daemon.stop().await;
    let daemon = Builder::again(&folder, environment).crm(crm).start().await;
    let due = daemon.state.store.next_creation(Utc::now().into()).await;
    assert!(due.unwrap().unwrap() - Utc::now() > TimeDelta::minutes(20));
    for number in 1..=2 {
        assert_eq!(etat(&daemon, number).await, "differe");
    }
}

/// A wait of a day that a broken CRM asked for must end when it is repaired.
#[rstest]
#[case::it_answers_another(Mended::ItAnswers)]
#[case::another_token(Mended::Settings)]
#[case::another_connector(Mended::Connector)]
#[tokio::test(flavor = "multi_thread")]
async fn a_creation_put_off_for_a_day_is_made_once_the_crm_is_repaired(#[case] how: Mended) {
    const FILE: &str = "passerelle.yaml";
    const CONNECTEUR: &str = "rules/connecteurs/crm.yaml";
    let settings = |token: &str| format!("crm: {{token: {token}, when_unavailable: defer}}\n");
    let crm = RemoteCrm::new(DuplicateGuard::LookUp);
    crm.creates([Goes::AwayUntil(Utc::now() + TimeDelta::days(1))]);
    let builder = Builder::new().crm(crm.clone());
    std::fs::create_dir_all(builder.folder().path().join("rules/connecteurs")).unwrap();
    let daemon = builder
        .set("SECRETS__CRM", "secret-of-the-crm")
        .file(CONNECTEUR, CONNECTOR)
        .file(FILE, &settings("first"))
        .set("DELIVERY__FIRST_RETRY", "1h")
        .set("DELIVERY__MAX_RETRY", "1h")
        .start()
        .await;
    assert_eq!(daemon.post(&signalement(1)).await.status, 202);
    let due = daemon.state.store.next_creation(Utc::now().into()).await;
    let due = due.unwrap().unwrap();
    assert!(due <= Utc::now() + TimeDelta::hours(1), "{due}");
    match how {
        Mended::ItAnswers => {
            daemon.created(&signalement(2)).await;
        }
        Mended::Settings => {
            daemon.edit_settings(&settings("second")).await;
        }
        Mended::Connector => {
            let edited = CONNECTOR.replace("chemin: /demandes\n", "chemin: /v2/demandes\n");
            let regles = daemon.edit(CONNECTEUR, &edited).await;
            assert!(is_accepted(&regles), "{regles}");
        }
    }
    becomes(&daemon, 1, "transmis").await;
}

/// Someone told that the CRM is unavailable looks for the fault there.
#[tokio::test(flavor = "multi_thread")]
async fn the_real_reason_why_a_creation_waits_is_given() {
    let crm = RemoteCrm::new(DuplicateGuard::LookUp);
    crm.creates([Goes::Lost, Goes::Away, Goes::NoPhoto]);
    crm.finds([Goes::Unreadable]);
    let daemon = Builder::new()
        .crm(crm.clone())
        .set("CRM__WHEN_UNAVAILABLE", "defer")
        .set("DELIVERY__FIRST_RETRY", "1h")
        .set("DELIVERY__MAX_RETRY", "1h")
        .start()
        .await;
    let motif = |number| {
        let store = daemon.state.store.clone();
        async move {
            let found = store.find_signalement(id_of(number).as_str()).await;
            found.unwrap().unwrap().motif.unwrap().to_string()
        }
    };
    assert!(is_later(&daemon.post(&signalement(1)).await));
    let creations = &daemon.state.inbound.creations;
    let tried = creations.take_up(&id_of(1)).await.unwrap();
    assert_eq!(tried, Some(Attempted::InDoubt));
    let told = motif(1).await;
    assert!(
        told.contains("est illisible : la réponse n'a pas de « uid »"),
        "{told}"
    );
    assert_eq!(daemon.post(&signalement(2)).await.status, 202);
    assert_eq!(motif(2).await, "le CRM est injoignable");
    assert!(creations.watch.outage().is_some());
    let tried = creations.take_up(&id_of(2)).await.unwrap();
    assert_eq!(tried, Some(Attempted::Deferred));
    let told = motif(2).await;
    assert!(
        told.contains("les photos ne peuvent pas être relues"),
        "{told}"
    );
    // Nothing shows that the CRM is still unavailable.
    assert_eq!(creations.watch.outage(), None);
}

#[derive(Debug, Clone, Copy)]
enum Mended {
    ItAnswers,
    Settings,
    Connector,
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deferred_demande_that_the_crm_refuses_is_shown_to_the_admins() {
    let crm = RemoteCrm::new(DuplicateGuard::LookUp);
    crm.creates([Goes::Away, Goes::Refused]);
    let builder = Builder::new().crm(crm.clone());
    let daemon = builder.set("CRM__WHEN_UNAVAILABLE", "defer").start().await;
    assert_eq!(daemon.post(&signalement(1)).await.status, 202);
    becomes(&daemon, 1, "echec").await;
    let listed = daemon.state.store.list_signalements(Some(Etat::Echec), 10);
    let motif = listed.await.unwrap()[0].motif.clone().unwrap().to_string();
    assert!(
        motif.contains("422") && motif.contains("champ manquant"),
        "{motif}"
    );
    // The CRM's message is for the landlord; that it refuses is for SoWell too.
    let path = format!("/api/v1/signalements/{}", id_of(1).as_str());
    let view = |client| daemon.get(&path, client);
    assert_eq!(
        view("sowell").await.json()["motif"],
        "le CRM refuse la demande (statut 422)"
    );
    for client in ["crm", "admin"] {
        assert_eq!(view(client).await.json()["motif"], motif, "{client}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deferred_creation_in_doubt_is_settled_like_any_other() {
    let crm = RemoteCrm::new(DuplicateGuard::LookUp);
    crm.creates([Goes::Away, Goes::DoneInSilence]);
    let builder = Builder::new().crm(crm.clone());
    let daemon = builder.set("CRM__WHEN_UNAVAILABLE", "defer").start().await;
    assert_eq!(daemon.post(&signalement(1)).await.status, 202);
    becomes(&daemon, 1, "transmis").await;
    is_replayed(&daemon, &crm, 1).await;
    assert_eq!((crm.count("create"), crm.count("find")), (2, 1));
}

#[rstest]
#[case::of_the_look_up(Goes::Panics, None)]
#[case::of_the_call(Goes::Away, Some(Goes::Panics))]
#[tokio::test(flavor = "multi_thread")]
async fn a_panic_leaves_a_creation_in_doubt_and_it_is_settled_as_any_other(
    #[case] finds: Goes,
    #[case] creates: Option<Goes>,
) {
    let crm = RemoteCrm::new(DuplicateGuard::LookUp);
    crm.creates([Goes::Lost].into_iter().chain(creates));
    crm.finds([finds]);
    let builder = Builder::new().crm(crm.clone());
    let daemon = builder.set("DELIVERY__FIRST_RETRY", "50ms").start().await;
    assert!(is_later(&daemon.post(&signalement(1)).await));
    becomes(&daemon, 1, "transmis").await;
    is_replayed(&daemon, &crm, 1).await;
}
