//! Photos follow the demande that a remote CRM created, each separately.

use std::sync::Arc;

use passerelle::domain::ports::DuplicateGuard;
use tokio::sync::Semaphore;

use super::with;
use crate::harness::{Builder, signalement, until};
use crate::remote_crm::{Goes, RemoteCrm};

#[tokio::test(flavor = "multi_thread")]
async fn only_the_photo_that_failed_is_attached_again() {
    let crm = RemoteCrm::new(DuplicateGuard::LookUp);
    crm.attaches("photo-2.png", Goes::Away);
    let daemon = with(&crm).await;
    daemon.created(&signalement(1)).await;
    let photos = until("both photos are there", || async {
        let photos = crm.demandes()[0].photos.clone();
        (photos.len() == 2).then_some(photos)
    })
    .await;
    let mut sorted = photos.clone();
    sorted.sort();
    assert_eq!(sorted, ["photo-1.png", "photo-2.png"]);
    assert_eq!(crm.count("attach"), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_photo_that_the_crm_refuses_does_not_block_the_others() {
    let crm = RemoteCrm::new(DuplicateGuard::LookUp);
    crm.attaches("photo-1.png", Goes::Refused);
    let daemon = with(&crm).await;
    daemon.created(&signalement(1)).await;
    until("the other photo is there", || async {
        (crm.demandes()[0].photos == ["photo-2.png"]).then_some(())
    })
    .await;
    until("the refused one is a dead letter", || async {
        let metrics = daemon.get("/metrics", "").await;
        let text = String::from_utf8_lossy(&metrics.bytes).into_owned();
        let line = r#"passerelle_deliveries{destination="crm",state="morte"} 1"#;
        text.contains(line).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn photos_that_go_along_with_the_creation_are_not_attached_again() {
    let crm = RemoteCrm::new(DuplicateGuard::LookUp).with(|it| it.attaches = false);
    let daemon = with(&crm).await;
    daemon.created(&signalement(1)).await;
    let left = daemon.state.store.list_livraisons(None, 10).await.unwrap();
    assert!(
        left.iter().all(|it| it.destination.as_str() != "crm"),
        "{left:?}"
    );
}

/// The connector may be edited between the flow's first look at it and the call.
#[tokio::test(flavor = "multi_thread")]
async fn the_connector_of_the_creation_decides_whether_photos_follow() {
    for attaches in [false, true] {
        let crm = RemoteCrm::new(DuplicateGuard::LookUp).with(|it| it.attaches = !attaches);
        let gate = Arc::new(Semaphore::new(0));
        crm.creates([Goes::Held(gate.clone())]);
        let daemon = Arc::new(with(&crm).await);
        let poster = daemon.clone();
        let post = tokio::spawn(async move { poster.post(&signalement(1)).await });
        until("the CRM is asked", || async {
            (crm.count("create") == 1).then_some(())
        })
        .await;
        let crm = crm.with(|it| it.attaches = attaches);
        gate.add_permits(1);
        assert_eq!(post.await.unwrap().status, 201);
        if attaches {
            until("both photos are there", || async {
                (crm.demandes()[0].photos.len() == 2).then_some(())
            })
            .await;
        } else {
            let left = daemon.state.store.list_livraisons(None, 10).await.unwrap();
            let to_crm = left.iter().any(|it| it.destination.as_str() == "crm");
            assert!(!to_crm && crm.count("attach") == 0, "{left:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_photo_whose_attempt_panics_is_tried_again_as_after_any_failure() {
    let crm = RemoteCrm::new(DuplicateGuard::LookUp);
    crm.attaches("photo-1.png", Goes::Panics);
    let builder = Builder::new().crm(crm.clone());
    let daemon = builder
        .set("DELIVERY__FIRST_RETRY", "1s")
        .set("DELIVERY__MAX_RETRY", "1s")
        .start()
        .await;
    let uid = daemon.created(&signalement(1)).await;
    let store = &daemon.state.store;
    let failed = until("the attempt is noted", || async {
        let all = store.list_livraisons(None, 10).await.unwrap();
        all.into_iter().find(|it| it.last_error.is_some())
    })
    .await;
    assert_eq!(failed.last_error.as_deref(), Some("internal error"));
    assert_eq!((failed.attempts, failed.uid), (1, Some(uid)));
    until("both photos are there", || async {
        (crm.demandes()[0].photos.len() == 2).then_some(())
    })
    .await;
}
