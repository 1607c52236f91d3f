//! The outbox against a simple model: whatever is accepted, claimed, finished, expired, retried or forgotten by a
//! crash, only the oldest waiting delivery of each queue can be sent.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use passerelle::adapters::store::sqlite::SqliteStore;
use passerelle::domain::livraison::{Attempt, Claim, Destination, LivraisonEtat, Outcome};
use passerelle::domain::ports::{Events, IfOvertaken, Outbox as _, Signalements, Upkeep};
use proptest::prelude::*;
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest, prop_state_machine};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::storage::store::{event, record};

/// How long a claim holds, in seconds.
const LEASE: i64 = 60;
/// Demandes, each with a queue of its own.
const QUEUES: u32 = 3;

fn at(second: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000 + second, 0).unwrap()
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum State {
    Waiting,
    Delivered,
    Dead,
    Overtaken,
}

#[derive(Debug, Clone)]
struct Delivery {
    queue: u32,
    state: State,
    due: i64,
    leased_until: i64,
    fence: i64,
}

/// The outbox in its simplest form.
#[derive(Debug, Clone, Default)]
struct Model {
    now: i64,
    /// In the order of acceptance; the index is the identifier.
    deliveries: Vec<Delivery>,
    /// Claims that were given out, with the fence of each.
    claims: Vec<(usize, i64)>,
}

#[derive(Debug, Clone)]
enum Step {
    Accept(u32),
    Claim,
    /// Which of the claims given out so far ends, and how.
    Finish(usize, End),
    Pass(i64),
    Retry(usize),
    Crash,
}

#[derive(Debug, Clone, Copy)]
enum End {
    Delivered,
    Again(i64),
    Dead,
}

impl Model {
    /// The oldest waiting delivery of each queue, if it is due and nothing of the queue is in progress.
    fn claimable(&self) -> Vec<usize> {
        (0..QUEUES)
            .filter_map(|queue| {
                let mine = || {
                    let waits = |it: &&Delivery| it.queue == queue && it.state == State::Waiting;
                    self.deliveries.iter().filter(waits)
                };
                let busy = mine().any(|it| it.leased_until > self.now);
                let first = self
                    .deliveries
                    .iter()
                    .position(|it| it.queue == queue && it.state == State::Waiting)?;
                (!busy && self.deliveries[first].due <= self.now).then_some(first)
            })
            .collect()
    }

    /// Whether a claim still counts.
    fn holds(&self, number: usize, fence: i64) -> bool {
        let it = &self.deliveries[number];
        it.state == State::Waiting && it.fence == fence && it.leased_until > 0
    }
}

struct Outbox;

impl ReferenceStateMachine for Outbox {
    type State = Model;
    type Transition = Step;

    fn init_state() -> BoxedStrategy<Model> {
        Just(Model::default()).boxed()
    }

    fn transitions(model: &Model) -> BoxedStrategy<Step> {
        let end = prop_oneof![
            3 => Just(End::Delivered),
            2 => (1..90_i64).prop_map(End::Again),
            1 => Just(End::Dead),
        ];
        let claims = model.claims.len().max(1);
        let deliveries = model.deliveries.len().max(1);
        prop_oneof![
            4 => (0..QUEUES).prop_map(Step::Accept),
            4 => Just(Step::Claim),
            6 => (0..claims, end).prop_map(|(claim, end)| Step::Finish(claim, end)),
            3 => (1..100_i64).prop_map(Step::Pass),
            2 => (0..deliveries).prop_map(Step::Retry),
            1 => Just(Step::Crash),
        ]
        .boxed()
    }

    fn preconditions(model: &Model, step: &Step) -> bool {
        match step {
            Step::Finish(claim, _) => *claim < model.claims.len(),
            Step::Retry(number) => *number < model.deliveries.len(),
            _ => true,
        }
    }

    fn apply(mut model: Model, step: &Step) -> Model {
        match *step {
            Step::Accept(queue) => model.deliveries.push(Delivery {
                queue,
                state: State::Waiting,
                due: model.now,
                leased_until: 0,
                fence: 0,
            }),
            Step::Claim => {
                for number in model.claimable() {
                    let delivery = &mut model.deliveries[number];
                    delivery.leased_until = model.now + LEASE;
                    delivery.fence += 1;
                    model.claims.push((number, delivery.fence));
                }
            }
            Step::Finish(claim, end) => {
                let (number, fence) = model.claims[claim];
                if model.holds(number, fence) {
                    finish(&mut model, number, end);
                }
            }
            Step::Pass(seconds) => model.now += seconds,
            Step::Retry(number) => {
                let now = model.now;
                let delivery = &mut model.deliveries[number];
                if delivery.state == State::Dead {
                    delivery.state = State::Waiting;
                    delivery.due = now;
                    delivery.leased_until = 0;
                }
            }
            Step::Crash => {
                for delivery in &mut model.deliveries {
                    if delivery.state == State::Waiting && delivery.leased_until > 0 {
                        delivery.leased_until = 0;
                        delivery.fence += 1;
                    }
                }
            }
        }
        model
    }
}

fn finish(model: &mut Model, number: usize, end: End) {
    let delivery = &mut model.deliveries[number];
    delivery.leased_until = 0;
    match end {
        End::Delivered => delivery.state = State::Delivered,
        End::Dead => delivery.state = State::Dead,
        End::Again(seconds) => delivery.due = model.now + seconds,
    }
    if matches!(end, End::Delivered) {
        let queue = model.deliveries[number].queue;
        for earlier in &mut model.deliveries[..number] {
            if earlier.queue == queue && matches!(earlier.state, State::Dead | State::Waiting) {
                earlier.state = State::Overtaken;
            }
        }
    }
}

/// The store on SQLite, and the claims it gave out, in the model's order.
struct Real {
    runtime: Runtime,
    store: SqliteStore,
    claims: Vec<Claim>,
    _folder: TempDir,
}

struct OutboxTest;

impl StateMachineTest for OutboxTest {
    type SystemUnderTest = Real;
    type Reference = Outbox;

    fn init_test(_: &Model) -> Real {
        let runtime = Runtime::new().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let store = runtime.block_on(async {
            let store = SqliteStore::open(&folder.path().join("s.sqlite"))
                .await
                .unwrap();
            for queue in 0..QUEUES {
                let uid = format!("D-{queue}");
                store.record(record(queue, Some(&uid))).await.unwrap();
            }
            store
        });
        Real {
            runtime,
            store,
            claims: Vec::new(),
            _folder: folder,
        }
    }

    fn apply(mut real: Real, model: &Model, step: Step) -> Real {
        let Real { runtime, store, .. } = &real;
        let now = at(model.now);
        match step {
            Step::Accept(queue) => {
                let number = model.deliveries.len() - 1;
                let id = number.to_string();
                let uid = format!("D-{queue}");
                let mut event = event(&id, &uid, "S", Some(&id));
                event.received_at = now;
                runtime.block_on(store.record_event(event)).unwrap();
            }
            Step::Claim => {
                let lease = TimeDelta::seconds(LEASE);
                let claim = store.claim(Destination::Sowell, 100, now.into(), lease);
                let mut claims = runtime.block_on(claim).unwrap();
                claims.sort_by_key(|it| it.queue.clone());
                let wanted = &model.claims[real.claims.len()..];
                let got: Vec<(usize, i64)> = claims
                    .iter()
                    .map(|it| (it.id.parse().unwrap(), it.fence))
                    .collect();
                assert_eq!(got, wanted);
                real.claims.extend(claims);
            }
            Step::Finish(claim, end) => {
                let attempt = Attempt {
                    at: now,
                    status: None,
                    error: None,
                    excerpt: None,
                };
                let outcome = match end {
                    End::Delivered => Outcome::Delivered,
                    End::Dead => Outcome::Dead,
                    End::Again(seconds) => Outcome::Retry {
                        due_at: at(model.now + seconds),
                        counted: TimeDelta::zero(),
                    },
                };
                let finish = store.finish(&real.claims[claim], attempt, outcome);
                runtime.block_on(finish).unwrap();
            }
            Step::Pass(_) => {}
            Step::Retry(number) => {
                let id = number.to_string();
                let retry = store.retry_livraison(&id, IfOvertaken::Stay, now);
                runtime.block_on(retry).unwrap();
            }
            Step::Crash => runtime.block_on(store.release_claims()).unwrap(),
        }
        real
    }

    fn check_invariants(real: &Real, model: &Model) {
        let list = real.store.list_livraisons(None, 1_000);
        let found: BTreeMap<usize, LivraisonEtat> = real
            .runtime
            .block_on(list)
            .unwrap()
            .into_iter()
            .map(|it| (it.id.parse().unwrap(), it.etat))
            .collect();
        let wanted: BTreeMap<usize, LivraisonEtat> = model
            .deliveries
            .iter()
            .map(|it| match it.state {
                State::Waiting => LivraisonEtat::EnAttente,
                State::Delivered => LivraisonEtat::Livree,
                State::Dead => LivraisonEtat::Morte,
                State::Overtaken => LivraisonEtat::Depassee,
            })
            .enumerate()
            .collect();
        assert_eq!(found, wanted);
    }
}

prop_state_machine! {
    #![proptest_config(ProptestConfig {
        cases: 24,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn the_outbox_behaves_like_its_model(sequential 1..40 => OutboxTest);
}
