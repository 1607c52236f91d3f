//! The CRM answers with a success, so it created the demande, but its UID cannot be read.

use chrono::Utc;
use passerelle::domain::ports::DuplicateGuard;
use passerelle::flows::creation::Attempted;
use rstest::rstest;

use super::{becomes, etat, id_of, is_later, is_replayed, with};
use crate::harness::{signalement, until};
use crate::remote_crm::{Goes, RemoteCrm};

#[rstest]
#[case::at_once(vec![Goes::Unidentified])]
#[case::after_silence(vec![Goes::Lost, Goes::Unidentified])]
#[tokio::test(flavor = "multi_thread")]
async fn what_the_crm_says_that_it_created_but_does_not_find_is_for_a_person(
    #[case] creates: Vec<Goes>,
) {
    let calls = creates.len();
    let crm = RemoteCrm::new(DuplicateGuard::LookUp);
    crm.creates(creates);
    // A failed look-up in between changes nothing.
    crm.finds(vec![Goes::Away; 2]);
    let daemon = with(&crm).await;
    assert!(is_later(&daemon.post(&signalement(1)).await));
    let path = format!("/api/v1/signalements/{}", id_of(1).as_str());
    until("it says why it waits", || async {
        let view = daemon.get(&path, "admin").await.json();
        let motif = view["motif"].as_str().unwrap_or_default().to_owned();
        (motif.contains("introuvable") && motif.contains("« chercher »")).then_some(())
    })
    .await;
    let store = &daemon.state.store;
    let next = store.next_creation(Utc::now().into()).await;
    assert_eq!(next.unwrap(), None);
    assert_eq!(
        (etat(&daemon, 1).await, crm.count("create")),
        ("inconnu".into(), calls)
    );
    // The operator has looked.
    let creations = &daemon.state.inbound.creations;
    let tried = creations.take_up(&id_of(1)).await.unwrap();
    assert!(
        matches!(tried, Some(Attempted::Created { .. })),
        "{tried:?}"
    );
    is_replayed(&daemon, &crm, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_crm_says_that_it_created_and_finds_is_adopted() {
    let crm = RemoteCrm::new(DuplicateGuard::LookUp);
    crm.creates([Goes::Unidentified]);
    let daemon = with(&crm).await;
    crm.has(&id_of(1));
    assert!(is_later(&daemon.post(&signalement(1)).await));
    becomes(&daemon, 1, "transmis").await;
    assert_eq!(is_replayed(&daemon, &crm, 1).await["uid"], "CRM-1");
    assert_eq!(crm.count("create"), 1);
}

/// Nobody has told the operator to look in the CRM yet.
#[tokio::test(flavor = "multi_thread")]
async fn an_operator_who_retries_before_the_search_makes_no_second_demande() {
    let crm = RemoteCrm::new(DuplicateGuard::LookUp);
    crm.creates([Goes::Unidentified]);
    crm.finds([Goes::Away]);
    let daemon = with(&crm).await;
    assert!(is_later(&daemon.post(&signalement(1)).await));
    until("the search has failed", || async {
        (crm.count("find") > 0).then_some(())
    })
    .await;
    let creations = &daemon.state.inbound.creations;
    until("it stops", || async {
        let tried = creations.take_up(&id_of(1)).await.unwrap();
        matches!(tried, Some(Attempted::Stopped { .. })).then_some(())
    })
    .await;
    assert_eq!(crm.count("create"), 1);
}

#[rstest]
#[case::nothing(DuplicateGuard::Nothing, 1)]
#[case::key(DuplicateGuard::IdempotencyKey, 2)]
#[case::upsert(DuplicateGuard::Upsert, 2)]
#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_looked_up_is_for_a_person(
    #[case] guard: DuplicateGuard,
    #[case] calls: usize,
) {
    let crm = RemoteCrm::new(guard);
    crm.creates(vec![Goes::Unidentified; 4]);
    let daemon = with(&crm).await;
    assert!(is_later(&daemon.post(&signalement(1)).await));
    let store = &daemon.state.store;
    until("it stops", || async {
        let next = store.next_creation(Utc::now().into()).await.unwrap();
        (crm.count("create") == calls && next.is_none()).then_some(())
    })
    .await;
    let path = format!("/api/v1/signalements/{}", id_of(1).as_str());
    let motif = daemon.get(&path, "admin").await.json()["motif"].to_string();
    assert!(motif.contains("sans uid lisible : "), "{motif}");
}
