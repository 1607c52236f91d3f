//! A partner that is unavailable for days, with a clock that the test moves.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use chrono::TimeDelta;
use passerelle::adapters::crm::embedded::EmbeddedCrm;
use passerelle::domain::livraison::{Destination, LivraisonEtat, StatutPush, UidPush};
use passerelle::domain::ports::{
    Clock, LivraisonCount, MailError, Mailer, Message, Reply, ReplyMeaning, Sowell, Store,
    Unreachable,
};
use passerelle::domain::reason::{Phrase, Reason};
use passerelle::flows::delivery::Delivery;
use passerelle::flows::hint::Hint;
use passerelle::settings::InForce;
use serde_json::json;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::harness::{Builder, Daemon, MovedClock, signalement_with, until};

/// SoWell's side: whether it is available, and what it saw.
#[derive(Default)]
struct Partner {
    back: AtomicBool,
    attempts: AtomicUsize,
    /// Calls in progress now, and those that were answered.
    under_way: AtomicUsize,
    answered: AtomicUsize,
    /// At the start of each call: how many were answered before it, and how many were in progress including it.
    widths: Mutex<Vec<(usize, usize)>>,
    /// What arrived, per demande, in order.
    arrived: Mutex<HashMap<String, Vec<u32>>>,
    /// The demande whose statuses it never accepts.
    poisoned: Mutex<Option<String>>,
    /// Lets calls in progress through, if a test has set one.
    gate: Mutex<Option<Arc<Semaphore>>>,
}

impl Partner {
    /// How many statuses arrived.
    fn arrived(&self) -> usize {
        self.arrived.lock().unwrap().values().map(Vec::len).sum()
    }
}

#[async_trait]
impl Sowell for Partner {
    fn configured(&self) -> bool {
        true
    }

    async fn send(&self, _id: &str, push: &StatutPush) -> Result<Reply, Unreachable> {
        self.attempts.fetch_add(1, Ordering::SeqCst);
        if !self.back.load(Ordering::SeqCst) {
            return Err(Unreachable(Phrase::ConnectionRefused.into()));
        }
        if *self.poisoned.lock().unwrap() == Some(push.uid.clone()) {
            return Ok(answer(500, ReplyMeaning::Later));
        }
        let gate = self.gate.lock().unwrap().clone();
        if let Some(gate) = gate {
            gate.acquire().await.unwrap().forget();
        }
        let width = self.under_way.fetch_add(1, Ordering::SeqCst) + 1;
        let answered = self.answered.load(Ordering::SeqCst);
        self.widths.lock().unwrap().push((answered, width));
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
        let mut arrived = self.arrived.lock().unwrap();
        arrived.entry(push.uid.clone()).or_default().push(
            push.commentaire
                .as_deref()
                .unwrap_or_default()
                .parse()
                .unwrap(),
        );
        self.under_way.fetch_sub(1, Ordering::SeqCst);
        self.answered.fetch_add(1, Ordering::SeqCst);
        Ok(answer(200, ReplyMeaning::Taken))
    }

    fn takes_uid(&self) -> bool {
        false
    }

    async fn send_uid(&self, _id: &str, _push: &UidPush) -> Result<Reply, Unreachable> {
        Err(Unreachable(Reason::told("not part of this test")))
    }
}

fn answer(status: u16, meaning: ReplyMeaning) -> Reply {
    Reply {
        status,
        meaning,
        retry_at: None,
        excerpt: String::new(),
    }
}

struct NoMail;

#[async_trait]
impl Mailer for NoMail {
    async fn send(&self, _id: &str, _message: &Message) -> Result<Option<u16>, MailError> {
        Err(MailError::temporary(Reason::told("not part of this test")))
    }
}

/// Accepts `statuts` for each of `demandes`, while nothing is delivered.
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
        let round = round.to_string();
        let event = json!({"statut": "Vivest en cours", "evenement": round, "commentaire": round});
        // Few enough at once for a slow machine to answer in time.
        for some in uids.chunks(32) {
            let posts = some.iter().map(|uid| daemon.statut(uid, &event));
            for answer in futures_util::future::join_all(posts).await {
                assert_eq!(answer.status, 202);
            }
        }
    }
    (daemon, uids)
}

/// Resident memory of this process, in MiB.
fn resident_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|it| it.starts_with("VmRSS:")).unwrap();
    let kib: u64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
    kib / 1024
}

/// A worker of the outbox in virtual time, with its partner.
struct Work {
    store: Arc<dyn Store>,
    clock: Arc<MovedClock>,
    partner: Arc<Partner>,
    outbox: Hint,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Work {
    /// Starts delivering what the daemon accepted.
    fn begin(daemon: &Daemon, give_up_after: &str) -> Self {
        let settings = Builder::again(&daemon.folder, daemon.environment.clone())
            .set("DELIVERY__FIRST_RETRY", "1s")
            .set("DELIVERY__MAX_RETRY", "15m")
            .set("DELIVERY__GIVE_UP_AFTER", give_up_after)
            .settings();
        let store = Arc::clone(&daemon.state.store);
        let clock = Arc::new(MovedClock::new());
        let partner = Arc::new(Partner::default());
        let outbox = Hint::default();
        let delivery = Arc::new(Delivery {
            store: store.clone(),
            clock: clock.clone(),
            sowell: partner.clone(),
            mailer: Arc::new(NoMail),
            crm: Arc::new(EmbeddedCrm),
            files: Arc::clone(&daemon.state.files),
            rules: daemon.state.reload.clone(),
            in_force: InForce::new(&settings),
            outbox: outbox.clone(),
        });
        let stop = CancellationToken::new();
        Self {
            store,
            clock,
            partner,
            outbox,
            task: tokio::spawn(delivery.run(stop.clone())),
            stop,
        }
    }

    /// Lets three days pass, probe by probe, and returns how many probes failed.
    async fn three_days_away(&self) -> usize {
        let pause = || self.store.pause(Destination::Sowell);
        let opened = until("the breaker opens", || async { pause().await.unwrap() });
        let mut failures = opened.await.failures;
        let back_at = self.clock.now() + TimeDelta::days(3);
        while self.clock.now() < back_at {
            self.pass(TimeDelta::minutes(15));
            failures = until("a probe fails", || async {
                let failed = pause().await.unwrap().map(|it| it.failures);
                failed.filter(|it| *it > failures)
            })
            .await;
        }
        usize::try_from(failures).unwrap()
    }

    /// From now on the partner answers, and failed deliveries are due again.
    fn partner_is_back(&self) {
        self.partner.back.store(true, Ordering::SeqCst);
        self.pass(TimeDelta::minutes(15));
    }

    fn pass(&self, time: TimeDelta) {
        self.clock.pass(time);
        self.outbox.notify();
    }

    /// Deliveries to SoWell in this state.
    async fn count(&self, etat: LivraisonEtat) -> i64 {
        let counts = self.store.count_livraisons().await.unwrap();
        let these = |it: &&LivraisonCount| it.destination == Destination::Sowell && it.etat == etat;
        counts.iter().find(these).map_or(0, |it| it.count)
    }

    async fn end(self) {
        self.stop.cancel();
        self.task.await.unwrap();
    }
}

/// Measurements of a drain.
struct Drain {
    /// Attempts while the partner was unavailable.
    tried: usize,
    took: std::time::Duration,
    /// Resident memory in MiB: before the days, after them, and as each quarter has arrived.
    resident: Vec<u64>,
}

async fn outage(demandes: u32, statuts: u32) -> Drain {
    let (daemon, uids) = accepted(demandes, statuts).await;
    // An outage that lasts longer than a delivery may be retried.
    let work = Work::begin(&daemon, "1h");
    let mut resident = vec![resident_mib()];
    let probes = work.three_days_away().await;
    let tried = work.partner.attempts.load(Ordering::SeqCst);
    assert!(tried <= probes + 64, "{tried} attempts, {probes} probes");
    assert_eq!(work.count(LivraisonEtat::Morte).await, 0);

    resident.push(resident_mib());
    let started = std::time::Instant::now();
    let total = usize::try_from(demandes * statuts).unwrap();
    let end = tokio::time::Instant::now() + std::time::Duration::from_mins(30);
    // The clock then stands still, or leases would expire.
    work.partner_is_back();
    loop {
        work.outbox.notify();
        let arrived = work.partner.arrived();
        // As each quarter has arrived.
        if arrived * 4 >= total * (resident.len() - 1) {
            resident.push(resident_mib());
        }
        if arrived == total {
            break;
        }
        assert!(tokio::time::Instant::now() < end, "{arrived} of {total}");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let took = started.elapsed();
    until("the last is noted", || async {
        (work.count(LivraisonEtat::EnAttente).await == 0).then_some(())
    })
    .await;
    let partner = Arc::clone(&work.partner);
    work.end().await;

    let arrived = partner.arrived.lock().unwrap();
    assert_eq!(arrived.len(), uids.len());
    let in_order: Vec<u32> = (0..statuts).collect();
    assert!(arrived.values().all(|it| *it == in_order));
    // First a single one as a probe, then two, and each success allows one more.
    let widths = partner.widths.lock().unwrap();
    assert_eq!(widths[0], (0, 1));
    for (answered, width) in widths.iter() {
        let most = if *answered == 0 { 1 } else { answered + 2 };
        assert!(*width <= most, "{width} under way after {answered} answers");
    }
    Drain {
        tried,
        took,
        resident,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn after_three_days_away_a_partner_gets_everything_in_growing_numbers() {
    outage(60, 5).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_that_fails_alone_after_an_outage_has_all_of_its_own_time() {
    let (daemon, uids) = accepted(20, 1).await;
    let work = Work::begin(&daemon, "1h");
    *work.partner.poisoned.lock().unwrap() = Some(uids[7].clone());
    work.three_days_away().await;
    work.partner_is_back();
    let back_at = work.clock.now();
    until("the others arrive", || async {
        // The poisoned one may be the probe, which causes another pause.
        let pause = work.store.pause(Destination::Sowell).await.unwrap();
        if let Some(pause) = pause {
            work.pass((pause.until - work.clock.now()).max(TimeDelta::zero()));
        }
        work.outbox.notify();
        (work.partner.arrived() == uids.len() - 1).then_some(())
    })
    .await;
    until("it is given up", || async {
        work.pass(TimeDelta::seconds(10));
        (work.count(LivraisonEtat::Morte).await == 1).then_some(())
    })
    .await;
    let own = work.clock.now() - back_at;
    assert!(
        own >= TimeDelta::minutes(45),
        "given up {own} after the outage"
    );
    assert_eq!(work.count(LivraisonEtat::EnAttente).await, 0);
    work.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_set_forward_sends_nothing_a_second_time() {
    let (daemon, uids) = accepted(3, 0).await;
    let work = Work::begin(&daemon, "1h");
    let gate = Arc::new(Semaphore::new(0));
    *work.partner.gate.lock().unwrap() = Some(gate.clone());
    work.partner.back.store(true, Ordering::SeqCst);
    let event = json!({"statut": "Vivest en cours", "commentaire": "0"});
    let under_way = async |count| {
        until("they are under way", || async {
            work.outbox.notify();
            (work.partner.attempts.load(Ordering::SeqCst) >= count).then_some(())
        })
        .await;
    };
    for uid in &uids[..2] {
        assert_eq!(daemon.statut(uid, &event).await.status, 202);
    }
    work.pass(TimeDelta::minutes(1));
    under_way(2).await;
    // By the clock their leases have expired, and a third delivery is claimed.
    work.pass(TimeDelta::minutes(10));
    assert_eq!(daemon.statut(&uids[2], &event).await.status, 202);
    under_way(3).await;
    gate.add_permits(9);
    until("all are noted", || async {
        (work.count(LivraisonEtat::EnAttente).await == 0).then_some(())
    })
    .await;
    assert_eq!(work.partner.attempts.load(Ordering::SeqCst), 3);
    work.end().await;
}

/// How many demandes, with a hundred statuses each, wait in the test below.
const DEMANDES: &str = "PASSERELLE_TEST_OUTAGE_DEMANDES";
/// The memory that a drain may add: the database pages that its connections cache, and nothing that grows with the
/// number of deliveries.
const DRAIN_MIB: u64 = 24;

/// Tests in one process share its memory, so this one runs in its own process.
#[test]
fn memory_stays_flat_while_thousands_wait_and_drain() {
    let module = module_path!().trim_start_matches("it::");
    let test = format!("{module}::a_hundred_thousand_deliveries_drain_after_three_days");
    let run = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", &test, "--nocapture"])
        .env(DEMANDES, "80")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&run.stdout);
    let complained = String::from_utf8_lossy(&run.stderr);
    assert!(run.status.success(), "{said}{complained}");
    assert!(said.contains("1 passed"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes minutes: cargo test --release --test it outage -- --ignored --nocapture"]
async fn a_hundred_thousand_deliveries_drain_after_three_days() {
    let demandes = std::env::var(DEMANDES).map_or(1_000, |it| it.parse().unwrap());
    let drain = outage(demandes, 100).await;
    let Drain {
        tried,
        took,
        resident,
    } = &drain;
    println!(
        "{demandes} demandes with 100 statuses each after three days: {tried} attempts while away, \
         drained in {took:?}; resident before and after the days, and as each quarter arrived: \
         {resident:?} MiB"
    );
    let (before, most) = (resident[0], *resident.iter().max().unwrap());
    assert!(most <= before + DRAIN_MIB, "{resident:?} MiB");
}
