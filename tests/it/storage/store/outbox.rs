//! Deliveries: claimed by one worker, oldest first, ended once.

use chrono::{DateTime, TimeDelta, Utc};
use passerelle::domain::livraison::{
    Attempt, Content, Courriel, Destination, LivraisonEtat, NewLivraison, Outcome,
};
use passerelle::domain::ports::{
    IfOvertaken, Moment, Pause, Reserved, Resume, RetryOutcome, Store,
};
use rstest::rstest;
use serde_json::json;

use super::{Opened, at, attempt, claimed, event, place, record, reservation};
use crate::postgres::Backend;

pub(super) async fn story(store: &dyn Store) {
    // One at a time for each demande, oldest first.
    let first = claimed(store, 1).await;
    assert_eq!(first.len(), 1);
    assert_eq!(first[0].id, "1");
    assert!(claimed(store, 2).await.is_empty(), "held by its claim");
    // Its worker dies: after the lease another takes over, and the first one's result is ignored.
    let second = claimed(store, 120).await;
    assert_eq!(second[0].id, "1");
    let stale = store
        .finish(&first[0], attempt(None), Outcome::Delivered)
        .await
        .unwrap();
    assert!(!stale);
    let retry = Outcome::Retry {
        due_at: at(500),
        counted: TimeDelta::seconds(90),
    };
    assert!(
        store
            .finish(&second[0], attempt(Some("500")), retry)
            .await
            .unwrap()
    );
    assert!(
        claimed(store, 499).await.is_empty(),
        "not due, and the next waits behind it"
    );
    let next = store.next_due(Destination::Sowell, at(499).into()).await;
    assert_eq!(next.unwrap(), Some(at(500)));
    assert_eq!(due(store, "3").await, at(500), "no claim passes it in vain");
    // A different token is no reason to try it sooner: it was not refused because of the old one.
    for (which, now, due) in [
        (Resume::Refused, 200, 500),
        (Resume::Unanswered, 300, 500),
        (Resume::All, 490, 490),
    ] {
        store
            .resume(Destination::Sowell, which, at(now))
            .await
            .unwrap();
        let next = store.next_due(Destination::Sowell, at(now).into()).await;
        assert_eq!(next.unwrap(), Some(at(due)));
    }
    let third = claimed(store, 500).await;
    assert_eq!((third[0].id.as_str(), third[0].attempts), ("1", 1));
    assert_eq!(third[0].waited, TimeDelta::seconds(90));
    assert!(
        store
            .finish(&third[0], attempt(Some("404")), Outcome::Dead)
            .await
            .unwrap()
    );
    // The dead one blocks nothing, and is overtaken by the next that arrives.
    assert_eq!(due(store, "3").await, at(1), "its own time again");
    let fourth = claimed(store, 501).await;
    assert_eq!(fourth[0].id, "3");
    assert!(
        store
            .finish(&fourth[0], attempt(None), Outcome::Delivered)
            .await
            .unwrap()
    );
    retried_by_hand(store).await;

    // E-mails have their own destination and queues.
    let mut mailed = record(500, Some("M"));
    mailed.livraisons = vec![NewLivraison {
        id: "mail".into(),
        queue: "courriel:mail".into(),
        content: Content::Courriel(Courriel {
            a: "x@y.fr".into(),
            modele: "m".into(),
            context: json!({"a": 1}).to_string().into(),
        }),
    }];
    store.record(mailed).await.unwrap();
    let lease = TimeDelta::seconds(60);
    let mails = store
        .claim(Destination::Courriel, 10, at(1).into(), lease)
        .await
        .unwrap();
    assert_eq!(mails.len(), 1);
    let pause = Pause {
        until: at(9),
        failures: 2,
        refused: true,
        reason: "401".into(),
    };
    store
        .set_pause(Destination::Sowell, Some(pause.clone()))
        .await
        .unwrap();
    assert_eq!(store.pause(Destination::Sowell).await.unwrap(), Some(pause));
    assert_eq!(store.pause(Destination::Courriel).await.unwrap(), None);
    store
        .resume(Destination::Sowell, Resume::Refused, at(3))
        .await
        .unwrap();
    let over = store.pause(Destination::Sowell).await.unwrap().unwrap();
    assert_eq!((over.until, over.failures), (at(3), 0));
    store.set_pause(Destination::Sowell, None).await.unwrap();
    assert_eq!(store.pause(Destination::Sowell).await.unwrap(), None);
}

/// The first was overtaken, and the third is delivered.
async fn retried_by_hand(store: &dyn Store) {
    let retry = |if_overtaken| store.retry_livraison("1", if_overtaken, at(502));
    assert_eq!(
        retry(IfOvertaken::Stay).await.unwrap(),
        RetryOutcome::Overtaken
    );
    assert_eq!(
        retry(IfOvertaken::Send).await.unwrap(),
        RetryOutcome::Queued
    );
    let delivered = store
        .retry_livraison("3", IfOvertaken::Send, at(502))
        .await
        .unwrap();
    assert_eq!(delivered, RetryOutcome::NotDead(LivraisonEtat::Livree));
    let unknown = store
        .retry_livraison("absent", IfOvertaken::Send, at(502))
        .await
        .unwrap();
    assert_eq!(unknown, RetryOutcome::Unknown);
    // A retry by hand gives it its whole time again.
    let fifth = claimed(store, 503).await;
    let waited = fifth[0].waited;
    assert_eq!((fifth[0].id.as_str(), waited), ("1", TimeDelta::zero()));
    // Refused again, it is still overtaken by a later one.
    let refused = store.finish(&fifth[0], attempt(Some("400")), Outcome::Dead);
    assert!(refused.await.unwrap());
    assert_eq!(
        retry(IfOvertaken::Stay).await.unwrap(),
        RetryOutcome::Overtaken
    );
    let all = store.retry_dead(Destination::Sowell, at(504)).await;
    assert_eq!(all.unwrap(), 0);
}

#[rstest]
#[tokio::test]
async fn a_change_too_large_for_one_statement_goes_on_page_by_page(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(opened) = Opened::on(backend).await else {
        return;
    };
    let store = opened.store.as_ref();
    opened
        .execute(
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2500) \
             INSERT INTO livraisons (id, destination, queue, etat, content, due_at, created_at) \
             SELECT 'd' || i, CASE WHEN i = 7 THEN 'courriel' ELSE 'sowell' END, 'q' || i, \
             'morte', '{}', 0, 0 FROM n",
        )
        .await
        .unwrap();
    let again = store.retry_dead(Destination::Sowell, at(100)).await;
    assert_eq!(again.unwrap(), 2_499);
    let dead = store.list_livraisons(Some(LivraisonEtat::Morte), 10).await;
    let dead = dead.unwrap();
    assert_eq!(dead.len(), 1);
    assert_eq!(dead[0].id, "d7");
    for id in ["d1", "d1000", "d2500"] {
        assert_eq!(due(store, id).await, at(100));
    }
    let now = store.resume(Destination::Sowell, Resume::All, at(50)).await;
    now.unwrap();
    for id in ["d1", "d1000", "d1001", "d2500"] {
        assert_eq!(due(store, id).await, at(50), "{id}");
    }
}

#[rstest]
#[tokio::test]
async fn a_delivery_that_cannot_be_read_does_not_block_the_others(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(opened) = Opened::on(backend).await else {
        return;
    };
    let store = opened.store.as_ref();
    for uid in ["A", "B"] {
        let number = u32::from(uid.as_bytes()[0]);
        store.record(record(number, Some(uid))).await.unwrap();
        store
            .record_event(event(uid, uid, "X", None))
            .await
            .unwrap();
    }
    opened
        .execute("UPDATE livraisons SET content = 'no JSON' WHERE id = 'A'")
        .await
        .unwrap();
    let claims = claimed(store, 1).await;
    assert_eq!(claims.len(), 1);
    assert_eq!(claims[0].id, "B");
    let dead = store
        .list_livraisons(Some(LivraisonEtat::Morte), 10)
        .await
        .unwrap();
    assert_eq!(dead[0].id, "A");
}

#[rstest]
#[tokio::test]
async fn an_earlier_delivery_that_comes_back_waits_for_the_one_being_sent(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(opened) = Opened::on(backend).await else {
        return;
    };
    let store = opened.store.as_ref();
    store.record(record(1, Some("A"))).await.unwrap();
    for (id, statut) in [("1", "X"), ("2", "Y")] {
        store
            .record_event(event(id, "A", statut, None))
            .await
            .unwrap();
    }
    let first = claimed(store, 1).await;
    store
        .finish(&first[0], attempt(Some("404")), Outcome::Dead)
        .await
        .unwrap();
    let second = claimed(store, 2).await;
    assert_eq!(second[0].id, "2");
    let retried = store
        .retry_livraison("1", IfOvertaken::Stay, at(3))
        .await
        .unwrap();
    assert_eq!(retried, RetryOutcome::Queued);
    assert!(
        claimed(store, 4).await.is_empty(),
        "the later one is on its way"
    );
    // A worker is not woken for it either, or it would try again without rest.
    let next = |now| store.next_due(Destination::Sowell, at(now).into());
    assert_eq!(next(4).await.unwrap(), None);
    store.record(record(2, Some("B"))).await.unwrap();
    place(store, event("3", "B", "X", None)).await;
    let other = claimed(store, 5).await;
    assert_eq!(other[0].id, "3");
    let again = Outcome::Retry {
        due_at: at(30),
        counted: TimeDelta::zero(),
    };
    assert!(
        store
            .finish(&other[0], attempt(Some("500")), again)
            .await
            .unwrap()
    );
    // One being sent does not hide others, whenever it was due.
    assert_eq!(next(6).await.unwrap(), Some(at(30)));
    let refused = store.finish(&second[0], attempt(Some("404")), Outcome::Dead);
    assert!(refused.await.unwrap());
    assert_eq!(next(6).await.unwrap(), Some(at(3)), "its turn has come");
}

#[rstest]
#[tokio::test]
async fn a_delivery_without_an_answer_is_due_at_once_when_its_connector_is_fixed(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(opened) = Opened::on(backend).await else {
        return;
    };
    let store = opened.store.as_ref();
    store.record(record(1, Some("A"))).await.unwrap();
    place(store, event("1", "A", "X", None)).await;
    let claim = &claimed(store, 1).await[0];
    let silent = Attempt {
        status: None,
        ..attempt(Some("no answer in time"))
    };
    let again = Outcome::Retry {
        due_at: at(500),
        counted: TimeDelta::zero(),
    };
    assert!(store.finish(claim, silent, again).await.unwrap());
    for (which, due) in [(Resume::Refused, 500), (Resume::Unanswered, 200)] {
        store
            .resume(Destination::Sowell, which, at(200))
            .await
            .unwrap();
        let next = store.next_due(Destination::Sowell, at(200).into()).await;
        assert_eq!(next.unwrap(), Some(at(due)));
    }
}

#[rstest]
#[tokio::test]
async fn a_lease_expires_only_by_the_time_that_the_claimant_gives(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(opened) = Opened::on(backend).await else {
        return;
    };
    let store = opened.store.as_ref();
    let lease = TimeDelta::seconds(60);
    let claim = |now, leases_over| {
        let (now, leases_over) = (at(now), at(leases_over));
        store.claim(Destination::Sowell, 10, Moment { now, leases_over }, lease)
    };
    store.record(record(1, Some("A"))).await.unwrap();
    place(store, event("1", "A", "X", None)).await;
    assert_eq!(claim(1, 1).await.unwrap().len(), 1);
    store.record(record(2, Some("B"))).await.unwrap();
    place(store, event("2", "B", "X", None)).await;
    // By the clock alone, both would be claimed.
    let others = claim(3_600, 60).await.unwrap();
    assert_eq!((others.len(), others[0].id.as_str()), (1, "2"));
    let first = claim(3_600, 61).await.unwrap();
    assert_eq!((first.len(), first[0].id.as_str()), (1, "1"));
}

#[rstest]
#[tokio::test]
async fn no_wait_exceeds_the_cap(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(opened) = Opened::on(backend).await else {
        return;
    };
    let store = opened.store.as_ref();
    for (number, uid, due_at) in [(1, "A", 30), (2, "B", 9_000)] {
        store.record(record(number, Some(uid))).await.unwrap();
        place(store, event(uid, uid, "X", None)).await;
        let claim = &claimed(store, 1).await[0];
        let again = Outcome::Retry {
            due_at: at(due_at),
            counted: TimeDelta::zero(),
        };
        let failed = store.finish(claim, attempt(Some("500")), again);
        assert!(failed.await.unwrap());
    }
    let pause = Pause {
        until: at(9_000),
        failures: 3,
        refused: false,
        reason: "answered 500".into(),
    };
    let paused = store.set_pause(Destination::Sowell, Some(pause.clone()));
    paused.await.unwrap();
    let reserved = store.reserve(reservation(60, None)).await.unwrap();
    let Reserved::Taken(_) = reserved else {
        panic!("{reserved:?}")
    };
    assert_eq!(store.doubt_interrupted(at(9_000)).await.unwrap(), 1);
    store.wait_no_longer(at(100), at(7)).await.unwrap();
    assert_eq!(due(store, "A").await, at(30));
    assert_eq!(due(store, "B").await, at(100));
    let pause_now = store.pause(Destination::Sowell).await.unwrap();
    let until = at(100);
    assert_eq!(pause_now, Some(Pause { until, ..pause }));
    let found = store.claim_creations(9, at(100).into(), TimeDelta::zero());
    let found = found.await.unwrap();
    // The time at which its outcome can be known does not become earlier.
    assert_eq!((found.len(), found[0].known_at), (1, at(9_000)));
}

#[rstest]
#[tokio::test]
async fn no_claim_exceeds_the_cap(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let Some(opened) = Opened::on(backend).await else {
        return;
    };
    let (store, lease) = (opened.store.as_ref(), TimeDelta::seconds(60));
    let mut claims = Vec::new();
    for (number, uid, now) in [(1, "A", 9_000), (2, "B", 0)] {
        store.record(record(number, Some(uid))).await.unwrap();
        place(store, event(uid, uid, "X", None)).await;
        claims.extend(claimed(store, now).await);
    }
    let Reserved::Taken(creation) = store.reserve(reservation(60, None)).await.unwrap() else {
        panic!("it is not reserved")
    };
    let claim_creation = async |now| store.claim_creation(&creation.id, at(now), lease).await;
    assert!(claim_creation(9_000).await.unwrap().is_some());
    assert!(store.claim_poll(at(9_000), lease).await.unwrap().is_some());
    store.wait_no_longer(at(200), at(70)).await.unwrap();
    // A claim that would end sooner still does.
    assert!(claimed(store, 59).await.is_empty());
    assert_eq!(claimed(store, 60).await[0].id, claims[1].id);
    assert!(claimed(store, 69).await.is_empty());
    assert!(claim_creation(69).await.unwrap().is_none());
    assert!(store.claim_poll(at(69), lease).await.unwrap().is_none());
    // A busy worker holds its claim until then.
    let finished = store.finish(&claims[0], attempt(Some("500")), Outcome::Dead);
    assert!(finished.await.unwrap());
    assert!(claim_creation(70).await.unwrap().is_some());
    assert!(store.claim_poll(at(70), lease).await.unwrap().is_some());
}

#[rstest]
#[tokio::test]
async fn a_capped_claim_is_free_at_the_cap(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let Some(opened) = Opened::on(backend).await else {
        return;
    };
    let store = opened.store.as_ref();
    store.record(record(1, Some("A"))).await.unwrap();
    place(store, event("A", "A", "X", None)).await;
    let gone = &claimed(store, 9_000).await[0];
    store.wait_no_longer(at(200), at(70)).await.unwrap();
    let taken = &claimed(store, 70).await[0];
    assert_eq!(taken.id, gone.id);
    let late = store.finish(gone, attempt(None), Outcome::Delivered);
    assert!(!late.await.unwrap());
}

async fn due(store: &dyn Store, id: &str) -> DateTime<Utc> {
    let waiting = store.list_livraisons(Some(LivraisonEtat::EnAttente), 5_000);
    let found = waiting.await.unwrap().into_iter().find(|it| it.id == id);
    found.unwrap().due_at
}
