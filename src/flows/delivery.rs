//! Empties the outbox: claims what is due, sends it, and records the outcome.
//!
//! A hint wakes the worker early; polling every second makes delivery certain. Order within a demande comes
//! from the claim, which only returns the oldest waiting delivery. A destination that fails for several
//! demandes in a row, or refuses our token, is paused; then one delivery is sent as a probe, and the others
//! follow in growing numbers.

mod attempt;
mod breaker;
mod pauses;
pub mod resend;
mod verdict;

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use strum::IntoEnumIterator;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::domain::instant::in_utc;
use crate::domain::livraison::{Attempt, Claim, Destination, Outcome};
use crate::domain::ports::{Clock, Crm, Files, Mailer, Outbox, Sowell, StoreError};
use crate::flows::backoff::{POLL, span, until, wait};
use crate::flows::delivery::breaker::Breaker;
use crate::flows::delivery::pauses::Trial;
use crate::flows::delivery::verdict::{Verdict, describe};
use crate::flows::hint::Hint;
use crate::flows::in_hand::InHand;
use crate::flows::lasting::Lasting;
use crate::flows::panics::contained;
use crate::flows::resume;
use crate::flows::rules::Rules;
use crate::flows::unwritten::until_written;
use crate::rules::compile::RuleSet;
use crate::settings::{InForce, LiveSettings};

/// Minimum number of attempts before a delivery is given up: a partner that asks for a long wait may use up the
/// allowed time with one attempt.
const FAIR_ATTEMPTS: u32 = 3;
/// Maximum photos in flight to the CRM: each has a large body, and none is urgent.
const PHOTOS_IN_FLIGHT: usize = 4;
/// Maximum e-mails in flight: mail servers accept few connections from one client.
const COURRIELS_IN_FLIGHT: usize = 16;
/// Duration of a claim, in attempts: longer than the longest attempt, so that it expires only if its worker
/// dies.
const LEASE_ATTEMPTS: u32 = 2;

/// The worker of the outbox.
pub struct Delivery {
    /// The daemon's database.
    pub store: Arc<dyn Outbox>,
    /// The wall clock.
    pub clock: Arc<dyn Clock>,
    /// SoWell.
    pub sowell: Arc<dyn Sowell>,
    /// The outgoing mail server.
    pub mailer: Arc<dyn Mailer>,
    /// The landlord's CRM, for photos.
    pub crm: Arc<dyn Crm>,
    /// The store of photos.
    pub files: Arc<dyn Files>,
    /// The templates in force.
    pub rules: Arc<dyn Rules>,
    /// Where to send, and the retry policy.
    pub in_force: InForce,
    /// Wakes the worker early.
    pub outbox: Hint,
}

/// The state of one destination's worker.
struct Lane {
    destination: Destination,
    under_way: JoinSet<()>,
    breaker: Arc<Breaker>,
    in_hand: InHand,
    /// The missing address of due deliveries has been logged.
    warned: bool,
}

/// The state of a destination, judged by all of its deliveries.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Health {
    /// A failure is the delivery's own.
    Up,
    /// It fails for every delivery, or refuses our credentials.
    Down,
}

impl Lane {
    fn to(destination: Destination) -> Self {
        Self {
            destination,
            under_way: JoinSet::new(),
            breaker: Arc::default(),
            in_hand: InHand::default(),
            warned: false,
        }
    }

    /// How many deliveries may be started beside those under way.
    fn free(&self) -> usize {
        let most = self.breaker.width().min(most_at_once(self.destination));
        most.saturating_sub(self.under_way.len())
    }
}

/// When deliveries were claimed, and for how long.
#[derive(Clone, Copy)]
struct Claimed {
    /// By the wall clock.
    at: DateTime<Utc>,
    asked: Instant,
    lease: Duration,
    /// Time allowed for one attempt.
    attempt: Duration,
}

impl Claimed {
    /// Whether a different daemon may send it before an attempt begun now would end, and then the next one. A
    /// suspended machine shows only on the wall clock.
    fn leaves_no_time(&self, now: DateTime<Utc>) -> bool {
        let last = span(self.lease.saturating_sub(self.attempt));
        span(self.asked.elapsed()) >= last || now >= self.at + last
    }
}

impl Delivery {
    /// Works until told to stop, then finishes what is in flight.
    pub async fn run(self: Arc<Self>, stop: CancellationToken) {
        let work = |destination| Arc::clone(&self).work(destination, stop.clone());
        futures_util::future::join_all(Destination::iter().map(work)).await;
    }

    /// Makes deliveries that failed under a previous connector due when new rules take effect. Runs until rules
    /// are no longer accepted.
    pub async fn follow_rules(self: Arc<Self>, mut accepted: watch::Receiver<u64>) {
        let mut before = self.rules.generation();
        while accepted.changed().await.is_ok() {
            let now = self.rules.generation();
            let which = |it| resume::by_rules(it, &before.rules, &now.rules);
            resume::each(self.store.as_ref(), &self.clock, &self.outbox, which).await;
            before = now;
        }
    }

    async fn work(self: Arc<Self>, destination: Destination, stop: CancellationToken) {
        let mut hints = self.outbox.subscribe(destination);
        let mut lane = Lane::to(destination);
        let unread = format!("the outbox for {} cannot be read", destination.as_str());
        let mut reading = Lasting::new(unread);
        while !stop.is_cancelled() {
            let next_look = Instant::now() + between_looks(destination);
            while lane.under_way.try_join_next().is_some() {}
            let started = self.start_due(&mut lane).await;
            let wait = reading.note(started).unwrap_or(POLL);
            tokio::select! {
                () = stop.cancelled() => break,
                _ = hints.changed() => {}
                // A finished delivery may have freed the next of its demande.
                Some(_) = lane.under_way.join_next() => {}
                () = tokio::time::sleep(wait) => {}
            }
            tokio::select! {
                () = stop.cancelled() => break,
                () = tokio::time::sleep_until(next_look) => {}
            }
        }
        while lane.under_way.join_next().await.is_some() {}
    }

    /// Starts what is due, and returns how long until more is due.
    async fn start_due(self: &Arc<Self>, lane: &mut Lane) -> Result<Duration, StoreError> {
        let destination = lane.destination;
        if destination == Destination::Sowell && !self.sowell.configured() {
            self.warn_of_no_address(lane).await?;
            return Ok(POLL);
        }
        // If the address is removed later, log it again.
        lane.warned = false;
        // Taken before anything that may delay this daemon: such a delay counts against the lease.
        let (now, asked) = (self.clock.now(), Instant::now());
        let pause = self.store.pause(destination).await?;
        let free = match &pause {
            Some(pause) if pause.until > now && !self.is_beyond(pause, now) => {
                return Ok(until(pause.until, now));
            }
            // After a pause, one delivery is sent as a probe before the others follow.
            Some(_) => usize::from(lane.under_way.is_empty()),
            None => lane.free(),
        };
        if free == 0 {
            return Ok(POLL);
        }
        let limit = u32::try_from(free).unwrap_or(1);
        let attempt = self.in_force.get().delivery.attempt;
        let claimed = Claimed {
            at: now,
            asked,
            lease: lease(attempt),
            attempt,
        };
        let at = lane.in_hand.moment(now);
        let claims = self
            .store
            .claim(destination, limit, at, span(claimed.lease))
            .await?;
        for claim in claims {
            self.start(lane, claim, &claimed, pause.is_some());
        }
        let at = lane.in_hand.moment(now);
        let due = self.store.next_due(destination, at).await?;
        Ok(due.map_or(POLL, |due| until(due, now)))
    }

    /// Starts a delivery that was claimed. A `probe` is the only one in flight after a pause.
    fn start(self: &Arc<Self>, lane: &mut Lane, claim: Claim, claimed: &Claimed, probe: bool) {
        let delivery = Arc::clone(self);
        let trial = Trial {
            destination: lane.destination,
            breaker: Arc::clone(&lane.breaker),
            probe,
            lease_end: claimed.asked.checked_add(claimed.lease),
        };
        let holding = lane.in_hand.hold(claimed.at + span(claimed.lease));
        let claimed = *claimed;
        lane.under_way.spawn(async move {
            let id = claim.id.clone();
            if claimed.leaves_no_time(delivery.clock.now()) {
                tracing::debug!(id, "its lease ran out before it was sent");
                return;
            }
            if let Err(error) = contained(delivery.deliver(&trial, claim)).await {
                // Its lease will expire, and it will be retried.
                tracing::error!(id, %error, "an attempt was not recorded");
            }
            drop(holding);
        });
    }

    /// Logs once that due deliveries have no address.
    async fn warn_of_no_address(&self, lane: &mut Lane) -> Result<(), StoreError> {
        let now = self.clock.now().into();
        if !lane.warned && self.store.next_due(lane.destination, now).await?.is_some() {
            tracing::warn!("deliveries to SoWell wait: sowell.base_url is not set");
            lane.warned = true;
        }
        Ok(())
    }

    /// Sends one delivery, and records how it went.
    async fn deliver(&self, trial: &Trial, claim: Claim) {
        let destination = trial.destination;
        let begun_under = self.in_force.get();
        let begun_by = Arc::clone(&self.rules.generation().rules);
        let limit = begun_under.delivery.attempt;
        let (seen, verdict) = self.attempt_within(limit, &claim).await;
        let now = self.clock.now();
        let attempt = describe(&seen, now);
        let opens = trial.opens(&verdict, &claim.queue);
        let health = if opens || self.is_left_alone(destination).await {
            Health::Down
        } else {
            Health::Up
        };
        let outcome = self.outcome(&verdict, &claim, health, now);
        if opens {
            trial.breaker.opened();
        }
        // Before anything else: a delivery that is sent but not recorded is sent twice.
        self.record(trial, &claim, &attempt, &outcome).await;
        let noted = match (opens, trial.ends_pause(&verdict)) {
            (true, _) => self.pause(trial, &verdict, &attempt).await,
            (false, true) => self.end_pause(destination).await,
            (false, false) => Ok(()),
        };
        if let Err(error) = noted {
            tracing::error!(destination = destination.as_str(), %error, "its pause was not recorded");
        }
        if matches!(outcome, Outcome::Retry { .. }) {
            self.resume_if_replaced(destination, &begun_under, &begun_by)
                .await;
        }
    }

    /// Records an attempt and what becomes of its delivery.
    async fn record(&self, trial: &Trial, claim: &Claim, attempt: &Attempt, outcome: &Outcome) {
        let destination = trial.destination;
        let end = trial.lease_end.unwrap_or_else(Instant::now);
        let finish = || self.store.finish(claim, attempt.clone(), outcome.clone());
        match until_written(end, finish).await {
            Ok(true) => log(destination, claim, attempt, outcome),
            Ok(false) => {
                tracing::warn!(id = claim.id, "its lease ran out while it was being sent");
            }
            Err(error) => tracing::error!(id = claim.id, %error, "attempt not recorded"),
        }
        let label = match outcome {
            Outcome::Delivered => "delivered",
            Outcome::Retry { .. } => "retry",
            Outcome::Dead => "dead",
        };
        metrics::counter!(
            "passerelle_delivery_attempts_total",
            "destination" => destination.as_str(), "outcome" => label
        )
        .increment(1);
    }

    /// Makes deliveries due at once if the address, token or format they failed with was replaced meanwhile.
    /// Checked only once the outcome is written: a later change finds it there and resumes it itself.
    async fn resume_if_replaced(
        &self,
        destination: Destination,
        begun_under: &LiveSettings,
        begun_by: &RuleSet,
    ) {
        let by_settings = resume::by_settings(destination, begun_under, &self.in_force.get());
        let by_rules = resume::by_rules(destination, begun_by, &self.rules.generation().rules);
        if let Some(which) = by_rules.max(by_settings)
            && let Err(error) = self
                .store
                .resume(destination, which, self.clock.now())
                .await
        {
            tracing::error!(destination = destination.as_str(), %error, "deliveries not resumed");
        }
    }

    /// A failure of a destination that is down is not the delivery's own fault: it never counts towards giving
    /// up, however long it lasts.
    fn outcome(
        &self,
        verdict: &Verdict,
        claim: &Claim,
        health: Health,
        now: DateTime<Utc>,
    ) -> Outcome {
        let not_before = match verdict {
            Verdict::Delivered => return Outcome::Delivered,
            Verdict::Never => return Outcome::Dead,
            Verdict::Unauthorized | Verdict::Ours => None,
            Verdict::Again { not_before } => *not_before,
        };
        let policy = &self.in_force.get().delivery;
        let give_up_after = span(policy.give_up_after);
        let attempts = claim.attempts.saturating_add(1);
        let own = health == Health::Up;
        if own && claim.waited >= give_up_after && attempts >= FAIR_ATTEMPTS {
            return Outcome::Dead;
        }
        let ours = now + wait(policy, attempts);
        let due_at = not_before.map_or(ours, |theirs| theirs.max(ours));
        let counted = if own { due_at - now } else { TimeDelta::zero() };
        Outcome::Retry { due_at, counted }
    }
}

/// Minimum time between two looks at the outbox. A single delivery is sent at once; of many together, one look
/// starts as many as are allowed in flight. Acknowledgements are not urgent, and many of them must not take
/// disk time away from signalements.
fn between_looks(destination: Destination) -> Duration {
    match destination {
        Destination::Sowell | Destination::Crm => Duration::from_millis(5),
        Destination::Courriel => Duration::from_millis(200),
    }
}

/// Duration of a claim, derived from the time limit of one attempt.
pub(super) fn lease(attempt: Duration) -> Duration {
    attempt.saturating_mul(LEASE_ATTEMPTS)
}

/// Maximum in flight, however healthy the destination is.
fn most_at_once(destination: Destination) -> usize {
    match destination {
        Destination::Sowell => usize::MAX,
        Destination::Courriel => COURRIELS_IN_FLIGHT,
        Destination::Crm => PHOTOS_IN_FLIGHT,
    }
}

fn log(destination: Destination, claim: &Claim, attempt: &Attempt, outcome: &Outcome) {
    let (destination, id) = (destination.as_str(), &claim.id);
    let error = attempt.error.as_deref().unwrap_or_default();
    match outcome {
        Outcome::Delivered => tracing::debug!(destination, id, "delivered"),
        Outcome::Retry { due_at, .. } => {
            tracing::warn!(
                destination,
                id,
                error,
                due_at = in_utc(*due_at),
                "not delivered; will be retried"
            );
        }
        Outcome::Dead => tracing::error!(destination, id, error, "not delivered: dead letter"),
    }
}
