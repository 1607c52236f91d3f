//! The clock is set, forward or back, while creations and deliveries are in progress or waiting.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use passerelle::domain::livraison::Destination;
use passerelle::domain::ports::{Clock, DuplicateGuard};
use serde_json::json;
use tokio::sync::Semaphore;

use super::{becomes, etat, is_later, is_replayed};
use crate::harness::{Builder, FakeSowell, SetClock, signalement, until};
use crate::remote_crm::{Goes, RemoteCrm};

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_set_forward_during_a_creation_causes_no_second_demande() {
    let crm = RemoteCrm::new(DuplicateGuard::LookUp);
    let gate = Arc::new(Semaphore::new(0));
    crm.creates([Goes::Held(gate.clone()), Goes::Lost]);
    let clock = Arc::<SetClock>::default();
    let builder = Builder::new().crm(crm.clone()).clock(clock.clone());
    let daemon = Arc::new(builder.start().await);
    let poster = daemon.clone();
    let first = tokio::spawn(async move { poster.post(&signalement(1)).await });
    until("the CRM is asked", || async {
        (crm.count("create") == 1).then_some(())
    })
    .await;
    clock.step(TimeDelta::hours(1));
    // When a later one is settled, due creations have been looked for at the new time.
    assert!(is_later(&daemon.post(&signalement(2)).await));
    becomes(&daemon, 2, "transmis").await;
    assert_eq!(etat(&daemon, 1).await, "recu");
    gate.add_permits(1);
    assert_eq!(first.await.unwrap().status, 201);
    is_replayed(&daemon, &crm, 1).await;
    assert_eq!((crm.count("create"), crm.count("find")), (3, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_set_forward_makes_no_look_up_count_sooner() {
    let crm =
        RemoteCrm::new(DuplicateGuard::LookUp).with(|it| it.longest_work = Duration::from_hours(1));
    crm.creates([Goes::Lost]);
    let clock = Arc::<SetClock>::default();
    let builder = Builder::new().crm(crm.clone()).clock(clock.clone());
    let daemon = builder.start().await;
    assert!(is_later(&daemon.post(&signalement(1)).await));
    clock.step(TimeDelta::hours(2));
    until("it is put off by the new time", || async {
        let due = daemon.state.store.next_creation(clock.now().into()).await;
        let due = due.unwrap()?;
        (due > clock.now() + TimeDelta::minutes(50)).then_some(())
    })
    .await;
    assert_eq!((crm.count("create"), crm.count("find")), (1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_creation_whose_claim_ran_out_during_the_look_up_is_looked_up_again() {
    let crm = RemoteCrm::new(DuplicateGuard::LookUp);
    let gate = Arc::new(Semaphore::new(0));
    crm.creates([Goes::Lost]);
    crm.finds([Goes::Held(gate.clone())]);
    let clock = Arc::<SetClock>::default();
    let builder = Builder::new().crm(crm.clone()).clock(clock.clone());
    let daemon = builder.start().await;
    assert!(is_later(&daemon.post(&signalement(1)).await));
    until("it is looked for", || async {
        (crm.count("find") == 1).then_some(())
    })
    .await;
    // Another replica may have claimed it by now.
    clock.step(TimeDelta::hours(1));
    gate.add_permits(1);
    becomes(&daemon, 1, "transmis").await;
    is_replayed(&daemon, &crm, 1).await;
    assert_eq!((crm.count("create"), crm.count("find")), (2, 2));
}

/// A clock so fast that a claim expires between any two readings.
#[derive(Default)]
struct Runaway {
    clock: SetClock,
    runs: AtomicBool,
}

impl Clock for Runaway {
    fn now(&self) -> DateTime<Utc> {
        if self.runs.load(Ordering::SeqCst) {
            self.clock.step(TimeDelta::minutes(4));
        }
        self.clock.now()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_creation_whose_claim_ran_out_before_the_first_call_is_made_later() {
    let crm = RemoteCrm::new(DuplicateGuard::LookUp);
    let clock = Arc::<Runaway>::default();
    let builder = Builder::new().crm(crm.clone()).clock(clock.clone());
    let daemon = builder.start().await;
    clock.runs.store(true, Ordering::SeqCst);
    assert!(is_later(&daemon.post(&signalement(1)).await));
    assert_eq!(crm.count("create"), 0);
    clock.runs.store(false, Ordering::SeqCst);
    clock.clock.step(TimeDelta::hours(1));
    becomes(&daemon, 1, "transmis").await;
    is_replayed(&daemon, &crm, 1).await;
    assert_eq!(crm.count("create"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_set_back_delays_no_creation() {
    let crm = RemoteCrm::new(DuplicateGuard::LookUp);
    crm.creates([Goes::Away]);
    let clock = Arc::<SetClock>::default();
    clock.step(TimeDelta::hours(3));
    let builder = Builder::new().crm(crm.clone()).clock(clock.clone());
    let builder = builder.set("CRM__WHEN_UNAVAILABLE", "defer");
    let builder = builder.set("DELIVERY__FIRST_RETRY", "2s");
    let daemon = builder.set("DELIVERY__MAX_RETRY", "2s").start().await;
    assert_eq!(daemon.post(&signalement(1)).await.status, 202);
    clock.step(-TimeDelta::hours(3));
    becomes(&daemon, 1, "transmis").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_set_back_delays_no_delivery() {
    const DEMANDES: u32 = 6;
    let sowell = FakeSowell::start().await;
    let clock = Arc::<SetClock>::default();
    clock.step(TimeDelta::hours(3));
    let builder = Builder::new().sowell(&sowell).clock(clock.clone());
    let builder = builder.set("DELIVERY__FIRST_RETRY", "2s");
    let daemon = builder.set("DELIVERY__MAX_RETRY", "2s").start().await;
    for number in 0..DEMANDES {
        let uid = daemon.created(&signalement(number)).await;
        sowell.next(503, vec![]);
        let statut = json!({"statut": "Vivest en cours"});
        assert_eq!(daemon.statut(&uid, &statut).await.status, 202);
    }
    until("it is left alone", || async {
        let pause = daemon.state.store.pause(Destination::Sowell);
        pause.await.unwrap()
    })
    .await;
    clock.step(-TimeDelta::hours(3));
    until("all are told", || async {
        (sowell.delivered().len() == DEMANDES as usize).then_some(())
    })
    .await;
}
