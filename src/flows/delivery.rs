//! Empties the outbox: claims what is due, sends it, and records the outcome.
//!
//! A hint wakes the worker early; polling every second makes delivery certain. Order within a demande comes
//! from the claim, which only returns the oldest waiting delivery. A destination that fails for several
//! demandes in a row, or refuses our token, is paused; then one delivery is sent as a probe, and the others
//! follow in growing numbers.

mod pauses;
mod verdict;

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use strum::IntoEnumIterator;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::crash;
use crate::domain::demande::Uid;
use crate::domain::instant::in_utc;
use crate::domain::livraison::{
    Attempt, Claim, Content, Courriel, Destination, Outcome, PhotoPush,
};
use crate::domain::ports::{
    Clock, Crm, CrmError, Files, MailError, Mailer, Message, Outbox, Sowell, StoreError,
    Unreachable,
};
use crate::domain::reason::{Phrase, Reason};
use crate::flows::backoff::{POLL, span, until, wait};
use crate::flows::breaker::Breaker;
use crate::flows::delivery::pauses::Trial;
use crate::flows::delivery::verdict::{AttemptResult, Verdict, describe, judge};
use crate::flows::hint::Hint;
use crate::flows::in_hand::InHand;
use crate::flows::lasting::Lasting;
use crate::flows::panics::contained;
use crate::flows::rules::Rules;
use crate::flows::time_limit::{LATE, in_time};
use crate::flows::unwritten::until_written;
use crate::flows::{offload, resume};
use crate::rules::compile::RuleSet;
use crate::rules::{addressee, decide};
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
            None => lane
                .breaker
                .width()
                .min(most_at_once(destination))
                .saturating_sub(lane.under_way.len()),
        };
        if free == 0 {
            return Ok(POLL);
        }
        let limit = u32::try_from(free).unwrap_or(1);
        let attempt = self.in_force.get().delivery.attempt;
        let lease = lease(attempt);
        let at = lane.in_hand.moment(now);
        let claims = self
            .store
            .claim(destination, limit, at, span(lease))
            .await?;
        for claim in claims {
            let delivery = Arc::clone(self);
            let trial = Trial {
                destination,
                breaker: Arc::clone(&lane.breaker),
                probe: pause.is_some(),
                lease_end: asked.checked_add(lease),
            };
            let holding = lane.in_hand.hold(now + span(lease));
            lane.under_way.spawn(async move {
                let id = claim.id.clone();
                // A different daemon may send it before this attempt would end, and then the next one. A
                // suspended machine shows only on the wall clock.
                let last = span(lease.saturating_sub(attempt));
                if span(asked.elapsed()) >= last || delivery.clock.now() >= now + last {
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
        let at = lane.in_hand.moment(now);
        let due = self.store.next_due(destination, at).await?;
        Ok(due.map_or(POLL, |due| until(due, now)))
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
        let (limit, begun) = (begun_under.delivery.attempt, Instant::now());
        let attempt = in_time(limit, self.attempt(&claim));
        let seen = match contained(attempt).await {
            Ok(Ok(seen)) => seen,
            Ok(Err(_)) => AttemptResult::NoAnswer(Unreachable(Phrase::NoAnswer.into())),
            Err(error) => {
                tracing::error!(id = claim.id, %error, "an attempt panicked");
                AttemptResult::BrokeOff
            }
        };
        let stood_still = begun.elapsed() > limit.saturating_add(LATE);
        let verdict = match judge(&seen) {
            // A loss while this process was stalled says nothing about the destination.
            Verdict::Again { not_before: None } if stood_still => Verdict::Ours,
            verdict => verdict,
        };
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
        let end = trial.lease_end.unwrap_or_else(Instant::now);
        let finish = || self.store.finish(&claim, attempt.clone(), outcome.clone());
        match until_written(end, finish).await {
            Ok(true) => log(destination, &claim, &attempt, &outcome),
            Ok(false) => {
                tracing::warn!(id = claim.id, "its lease ran out while it was being sent");
            }
            Err(error) => tracing::error!(id = claim.id, %error, "attempt not recorded"),
        }
        let label = match &outcome {
            Outcome::Delivered => "delivered",
            Outcome::Retry { .. } => "retry",
            Outcome::Dead => "dead",
        };
        metrics::counter!(
            "passerelle_delivery_attempts_total",
            "destination" => destination.as_str(), "outcome" => label
        )
        .increment(1);
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

    async fn attempt(&self, claim: &Claim) -> AttemptResult {
        match &claim.content {
            Content::Statut(push) => match self.sowell.send(&claim.id, push).await {
                Ok(reply) => AttemptResult::Answer(reply),
                Err(error) => AttemptResult::NoAnswer(error),
            },
            Content::Uid(push) => match self.sowell.send_uid(&claim.id, push).await {
                Ok(reply) => AttemptResult::Answer(reply),
                Err(error) => AttemptResult::NoAnswer(error),
            },
            Content::Photo(push) => match self.attach(push).await {
                Ok(()) => AttemptResult::PhotoAttached,
                Err(error) => AttemptResult::PhotoFailed(error),
            },
            Content::Courriel(courriel) => match self.send_mail(&claim.id, courriel).await {
                Ok(code) => AttemptResult::MailSent(code),
                Err(error) => AttemptResult::MailFailed(error),
            },
        }
    }

    async fn attach(&self, push: &PhotoPush) -> Result<(), CrmError> {
        let bytes = self.files.read(&push.fichier.sha256).await;
        let bytes = bytes.map_err(CrmError::Files)?;
        let uid = Uid::new(push.uid.clone());
        match self.crm.remote() {
            Some(crm) => crm.attach(&uid, &push.fichier, bytes).await,
            // The built-in CRM already has the photos, stored with the signalement.
            None => Ok(()),
        }
    }

    /// Rendered at each attempt, so that a corrected template also applies to e-mails that had failed.
    async fn send_mail(&self, id: &str, courriel: &Courriel) -> Result<Option<u16>, MailError> {
        if addressee::is_absent(&courriel.a) {
            return Err(MailError::permanent(Reason::told(addressee::ABSENT)));
        }
        let generation = self.rules.generation();
        let rules = Arc::clone(&generation.rules);
        let courriel_for_template = courriel.clone();
        let render = move || {
            crash::panic_at("mail");
            let it = &courriel_for_template;
            let context = serde_json::from_str(&it.context).map_err(|error| error.to_string())?;
            let mail = decide::write_stored(&generation, it, &context);
            mail.map_err(|error| error.to_string())
        };
        let rendered = offload::run(&rules.pace, render)
            .await
            .map_err(|error| MailError::temporary(Reason::told(error.to_string())))?
            .map_err(|error| MailError::permanent(Reason::told(error)))?;
        let message = Message {
            to: courriel.a.clone(),
            subject: rendered.subject,
            text: rendered.text,
            html: rendered.html,
        };
        self.mailer.send(id, &message).await
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
