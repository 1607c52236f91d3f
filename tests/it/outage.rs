//! A partner that is away for days, under a clock that the test moves.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use passerelle::adapters::crm::embedded::EmbeddedCrm;
use passerelle::domain::livraison::{Destination, LivraisonEtat, StatutPush, UidPush};
use passerelle::domain::ports::{
    Clock, MailError, Mailer, Message, Reply, ReplyMeaning, Sowell, Unreachable,
};
use passerelle::flows::delivery::{Delivery, Hint};
use passerelle::settings::InForce;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::harness::{Builder, Daemon, signalement_with, until};

/// Virtual time, moved by hand.
struct MovedClock(Mutex<DateTime<Utc>>);

impl MovedClock {
    fn pass(&self, time: TimeDelta) {
        *self.0.lock().unwrap() += time;
    }
}

impl Clock for MovedClock {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap()
    }
}

/// SoWell's side: away or not, and what it saw.
#[derive(Default)]
struct Partner {
    back: AtomicBool,
    attempts: AtomicUsize,
    /// Calls under way now, and at most, as each began.
    under_way: AtomicUsize,
    widths: Mutex<Vec<usize>>,
    /// What arrived, per demande, in order.
    arrived: Mutex<HashMap<String, Vec<String>>>,
}

#[async_trait]
impl Sowell for Partner {
    fn configured(&self) -> bool {
        true
    }

    async fn send(&self, _id: &str, push: &StatutPush) -> Result<Reply, Unreachable> {
        self.attempts.fetch_add(1, Ordering::SeqCst);
        if !self.back.load(Ordering::SeqCst) {
            return Err(Unreachable("connection refused or broken".into()));
        }
        let width = self.under_way.fetch_add(1, Ordering::SeqCst) + 1;
        self.widths.lock().unwrap().push(width);
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
        let mut arrived = self.arrived.lock().unwrap();
        arrived
            .entry(push.uid.clone())
            .or_default()
            .push(push.statut_crm.clone());
        self.under_way.fetch_sub(1, Ordering::SeqCst);
        Ok(Reply {
            status: 200,
            meaning: ReplyMeaning::Taken,
            retry_at: None,
            excerpt: String::new(),
        })
    }

    fn takes_uid(&self) -> bool {
        false
    }

    async fn send_uid(&self, _id: &str, _push: &UidPush) -> Result<Reply, Unreachable> {
        Err(Unreachable("not part of this test".into()))
    }
}

struct NoMail;

#[async_trait]
impl Mailer for NoMail {
    async fn send(&self, _id: &str, _message: &Message) -> Result<Option<u16>, MailError> {
        Err(MailError::temporary("not part of this test"))
    }
}

/// Accepts `statuts` for each of `demandes`, while nobody delivers.
async fn accepted(demandes: u32, statuts: u32) -> (Daemon, Vec<String>) {
    let daemon = Builder::new()
        .file("rules/accuses.rhai", "fn accuses(evenement) { [] }\n")
        .start()
        .await;
    let mut uids = Vec::new();
    for number in 0..demandes {
        let body = signalement_with(number, &json!({"photos": []}));
        uids.push(daemon.created(&body).await);
    }
    for round in 0..statuts {
        let event = json!({"statut": "Vivest en cours", "evenement": round.to_string()});
        // No more at once than a slow machine answers in time.
        for some in uids.chunks(32) {
            let posts = some.iter().map(|uid| daemon.statut(uid, &event));
            for answer in futures_util::future::join_all(posts).await {
                assert_eq!(answer.status, 202);
            }
        }
    }
    (daemon, uids)
}

/// Resident memory of this process, in KiB.
fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|it| it.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

async fn outage(demandes: u32, statuts: u32) {
    let (daemon, uids) = accepted(demandes, statuts).await;
    let store = Arc::clone(&daemon.state.store);
    let settings = Builder::again(&daemon.folder, daemon.environment.clone())
        .set("DELIVERY__FIRST_RETRY", "1s")
        .set("DELIVERY__MAX_RETRY", "15m")
        .settings();
    let clock = Arc::new(MovedClock(Mutex::new(Utc::now())));
    let partner = Arc::new(Partner::default());
    let outbox = Hint::default();
    let delivery = Arc::new(Delivery {
        store: Arc::clone(&store),
        clock: clock.clone(),
        sowell: partner.clone(),
        mailer: Arc::new(NoMail),
        crm: Arc::new(EmbeddedCrm),
        files: Arc::clone(&daemon.state.files),
        rules: daemon.state.reload.clone(),
        in_force: InForce::new(settings.live),
        outbox: outbox.clone(),
    });
    let stop = CancellationToken::new();
    let work = tokio::spawn(delivery.run(stop.clone()));
    let paused = |what: &'static str| {
        let store = Arc::clone(&store);
        async move {
            until(what, || async {
                store.pause(Destination::Sowell).await.unwrap()
            })
            .await
        }
    };

    // Three days, probe by probe.
    let before_kib = resident_kib();
    let back_at = clock.now() + TimeDelta::days(3);
    let mut failures = paused("the breaker opens").await.failures;
    while clock.now() < back_at {
        clock.pass(TimeDelta::minutes(15));
        outbox.give();
        failures = until("a probe fails", || async {
            let pause = store.pause(Destination::Sowell).await.unwrap();
            pause.map(|it| it.failures).filter(|it| *it > failures)
        })
        .await;
    }
    let tried = partner.attempts.load(Ordering::SeqCst);
    let probes = usize::try_from(failures).unwrap();
    assert!(tried <= probes + 64, "{tried} attempts, {probes} probes");

    partner.back.store(true, Ordering::SeqCst);
    let started = std::time::Instant::now();
    let total = usize::try_from(demandes * statuts).unwrap();
    let end = tokio::time::Instant::now() + std::time::Duration::from_mins(30);
    // What failed is due again by then; the clock then stands still, or leases would run out.
    clock.pass(TimeDelta::minutes(15));
    loop {
        outbox.give();
        let arrived: usize = partner.arrived.lock().unwrap().values().map(Vec::len).sum();
        if arrived == total {
            break;
        }
        assert!(tokio::time::Instant::now() < end, "{arrived} of {total}");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let (took, after_kib) = (started.elapsed(), resident_kib());
    stop.cancel();
    work.await.unwrap();

    let counts = store.count_livraisons().await.unwrap();
    let waiting = counts
        .iter()
        .find(|it| it.destination == Destination::Sowell && it.etat == LivraisonEtat::EnAttente);
    assert!(waiting.is_none(), "{waiting:?}");
    let arrived = partner.arrived.lock().unwrap();
    assert_eq!(arrived.len(), uids.len());
    assert!(arrived.values().all(|it| it.len() == statuts as usize));
    // One alone tries the ground, then two, and each success allows one more.
    let widths = partner.widths.lock().unwrap();
    assert_eq!(widths[0], 1);
    for (before, width) in widths.iter().enumerate() {
        assert!(*width <= before + 2, "{width} under way after {before}");
    }
    println!(
        "{total} deliveries after three days: {tried} attempts while away, drained in {took:?}, \
         {before_kib} KiB resident before and {after_kib} KiB after"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn after_three_days_away_a_partner_gets_everything_in_growing_numbers() {
    outage(60, 5).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes minutes: cargo test --test it outage -- --ignored --nocapture"]
async fn a_hundred_thousand_deliveries_drain_after_three_days() {
    outage(1_000, 100).await;
}
