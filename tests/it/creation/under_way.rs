//! What arrives while a remote CRM is still working on a creation: repeats, other keys, a status.

use std::sync::Arc;
use std::time::Duration;

use passerelle::domain::ports::DuplicateGuard;
use rstest::rstest;
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use super::{etat, id_of, is_later, is_replayed, with};
use crate::harness::{Builder, FakeSowell, signalement, signalement_with, until};
use crate::postgres::Backend;
use crate::remote_crm::{Goes, RemoteCrm};

#[tokio::test(flavor = "multi_thread")]
async fn simultaneous_repeats_wait_for_the_first_and_are_answered_like_it() {
    let crm = RemoteCrm::new(DuplicateGuard::LookUp);
    let gate = Arc::new(Semaphore::new(0));
    crm.creates([Goes::Held(gate.clone())]);
    let daemon = Arc::new(with(&crm).await);
    let posts: Vec<_> = (0..5)
        .map(|_| {
            let daemon = daemon.clone();
            tokio::spawn(async move { daemon.post(&signalement(1)).await })
        })
        .collect();
    until("the CRM is asked", || async {
        (crm.count("create") == 1).then_some(())
    })
    .await;
    assert_eq!(etat(&daemon, 1).await, "recu");
    gate.add_permits(1);
    let mut statuses = Vec::new();
    for post in posts {
        let answer = post.await.unwrap();
        assert_eq!(answer.json()["uid"], "CRM-1");
        statuses.push(answer.status);
    }
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 200, 200, 200, 201]);
    assert_eq!(crm.count("create"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeat_waits_for_a_limited_time() {
    let crm = RemoteCrm::new(DuplicateGuard::LookUp);
    let gate = Arc::new(Semaphore::new(0));
    crm.creates([Goes::Held(gate.clone())]);
    let builder = Builder::new().crm(crm.clone());
    let daemon = Arc::new(builder.patience(Duration::ZERO).start().await);
    let poster = daemon.clone();
    let first = tokio::spawn(async move { poster.post(&signalement(1)).await });
    until("the CRM is asked", || async {
        (crm.count("create") == 1).then_some(())
    })
    .await;
    let answer = daemon.post(&signalement(1)).await;
    assert!(is_later(&answer), "{answer:?}");
    // It is not decided differently meanwhile either.
    let broken = "fn affecter(signalement, residence, qualification) { throw \"panne\" }\n";
    daemon.edit("rules/gestionnaire.rhai", broken).await;
    assert!(is_later(&daemon.post(&signalement(1)).await));
    daemon
        .edit("rules/transmission.yaml", "modes: [manager]\n")
        .await;
    assert!(is_later(&daemon.post(&signalement(1)).await));
    gate.add_permits(1);
    assert_eq!(first.await.unwrap().status, 201);
    is_replayed(&daemon, &crm, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_key_is_reserved_with_the_first() {
    let crm = RemoteCrm::new(DuplicateGuard::LookUp);
    let gate = Arc::new(Semaphore::new(0));
    crm.creates([Goes::Held(gate.clone())]);
    let daemon = Arc::new(with(&crm).await);
    let post = |number| {
        let daemon = daemon.clone();
        async move {
            let request = daemon.request("POST", "/api/v1/signalements", "sowell");
            let request = request
                .header("idempotency-key", "one")
                .json(&signalement(number));
            daemon.send(request).await
        }
    };
    let first = tokio::spawn(post(1));
    until("the CRM is asked", || async {
        (crm.count("create") == 1).then_some(())
    })
    .await;
    let second = tokio::spawn(post(2));
    gate.add_permits(1);
    assert_eq!(first.await.unwrap().status, 201);
    let conflict = second.await.unwrap();
    assert_eq!(
        (conflict.status, &conflict.json()["uid"]),
        (409, &json!("CRM-1"))
    );
    assert_eq!(crm.demandes().len(), 1);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_different_content_is_no_repeat_of_one_in_doubt(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(builder) = Builder::on(backend).await else {
        return;
    };
    let crm = RemoteCrm::new(DuplicateGuard::Nothing);
    crm.creates([Goes::Lost]);
    let daemon = builder.crm(crm.clone()).start().await;
    let post = async |body: Value| {
        let request = daemon.request("POST", "/api/v1/signalements", "sowell");
        let request = request.header("idempotency-key", "one").json(&body);
        daemon.send(request).await
    };
    let other = signalement_with(1, &json!({"description": "Autre chose"}));
    for _ in 0..2 {
        let doubt = post(signalement(1)).await;
        assert!(is_later(&doubt), "{doubt:?}");
        assert_eq!(doubt.json()["id"], id_of(1).as_str());
    }
    for body in [other.clone(), signalement(2)] {
        let later = post(body).await;
        assert_eq!(later.status, 503);
        assert_eq!(later.json()["id"], Value::Null);
        let detail = later.json()["detail"].as_str().unwrap().to_owned();
        assert!(detail.contains("n'est pas conservé"), "{detail}");
    }
    assert_eq!(daemon.post(&other).await.status, 503);
    assert_eq!(etat(&daemon, 2).await, "none");
    // Without that key, it is an ordinary signalement.
    assert_eq!(daemon.post(&signalement(2)).await.status, 201);
    let creations = &daemon.state.inbound.creations;
    creations.take_up(&id_of(1)).await.unwrap();
    assert_eq!(post(signalement(1)).await.status, 200);
    let conflict = post(other).await;
    assert_eq!(
        (conflict.status, &conflict.json()["uid"]),
        (409, &json!("CRM-2"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_status_that_comes_before_its_uid_must_be_sent_again() {
    let crm = RemoteCrm::new(DuplicateGuard::LookUp);
    let gate = Arc::new(Semaphore::new(0));
    crm.creates([Goes::Held(gate.clone())]);
    let sowell = FakeSowell::start().await;
    let builder = Builder::new().crm(crm.clone()).sowell(&sowell);
    let daemon = Arc::new(builder.start().await);
    let poster = daemon.clone();
    let post = tokio::spawn(async move { poster.post(&signalement(1)).await });
    until("the CRM is asked", || async {
        (crm.count("create") == 1).then_some(())
    })
    .await;
    let event = json!({"statut": "CRC en cours"});
    let early = daemon.statut("CRM-1", &event).await;
    assert!(is_later(&early), "{early:?}");
    let foreign = json!({"statut": "CRC en cours", "canal": "Téléphone"});
    assert_eq!(daemon.statut("CRM-1", &foreign).await.status, 200);
    gate.add_permits(1);
    assert_eq!(post.await.unwrap().status, 201);
    assert_eq!(daemon.statut("CRM-1", &event).await.status, 202);
    assert_eq!(daemon.statut("CRM-9", &event).await.status, 404);
    sowell.wait_for(1).await;
}
