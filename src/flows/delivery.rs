//! Empties the outbox: claims what is due, sends it, and notes how it went.
//!
//! A hint wakes the worker early; looking at least every second is what makes it certain. Order
//! within a demande comes from the claim, which only ever gives the oldest waiting delivery. A
//! destination that fails for several demandes in a row, or refuses our token, is left alone for a
//! while; then one delivery tries the ground, and the others follow in growing numbers.

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
    Clock, Crm, CrmError, Files, MailError, Mailer, Message, NO_ANSWER, Sowell, Store, StoreError,
    Unreachable,
};
use crate::flows::backoff::{POLL, span, until, wait};
use crate::flows::breaker::Breaker;
use crate::flows::delivery::pauses::Trial;
use crate::flows::delivery::verdict::{AttemptResult, Verdict, describe, judge};
use crate::flows::hint::Hint;
use crate::flows::in_hand::InHand;
use crate::flows::lasting::Lasting;
use crate::flows::panics::contained;
use crate::flows::rules::Rules;
use crate::flows::unwritten::until_written;
use crate::flows::within::{LATE, within};
use crate::flows::{offload, resume};
use crate::rules::compile::RuleSet;
use crate::rules::{addressee, decide};
use crate::settings::{InForce, LiveSettings};

/// A delivery is given up after so many attempts at least: a partner that asks for a long wait may
/// use up its time with one.
const FAIR_ATTEMPTS: u32 = 3;
/// Photos on their way to the CRM at once: each is a large body, and none is in a hurry.
const PHOTOS_IN_FLIGHT: usize = 4;
/// E-mails on their way at once: mail servers take few connections from one client.
const COURRIELS_IN_FLIGHT: usize = 16;
/// How long a claim holds, in attempts: longer than the longest, so that it runs out only with its
/// worker.
const LEASE_ATTEMPTS: u32 = 2;

/// The worker of the outbox.
pub struct Delivery {
    /// The daemon's memory.
    pub store: Arc<dyn Store>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// SoWell.
    pub sowell: Arc<dyn Sowell>,
    /// E-mails.
    pub mailer: Arc<dyn Mailer>,
    /// The landlord's CRM, for photos.
    pub crm: Arc<dyn Crm>,
    /// Where photos are kept.
    pub files: Arc<dyn Files>,
    /// The templates in force.
    pub rules: Arc<dyn Rules>,
    /// Where to send, and how to try again.
    pub in_force: InForce,
    /// Wakes the worker early.
    pub outbox: Hint,
}

/// What the worker of one destination keeps from one look to the next.
struct Lane {
    destination: Destination,
    under_way: JoinSet<()>,
    breaker: Arc<Breaker>,
    in_hand: InHand,
    /// It was said that what is due has no address to go to.
    warned: bool,
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
    /// Works until told to stop, then finishes what is under way.
    pub async fn run(self: Arc<Self>, stop: CancellationToken) {
        let work = |destination| Arc::clone(&self).work(destination, stop.clone());
        futures_util::future::join_all(Destination::iter().map(work)).await;
    }

    /// What failed by a connector's file is due once another one is in force. For ever, or until
    /// nobody accepts rules any more.
    pub async fn follow_rules(self: Arc<Self>, mut accepted: watch::Receiver<u64>) {
        let mut before = self.rules.generation();
        while accepted.changed().await.is_ok() {
            let now = self.rules.generation();
            let which = |it| resume::by_rules(it, &before.rules, &now.rules);
            resume::each(&self.store, &self.clock, &self.outbox, which).await;
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
                // A delivery that ended may have freed the next of its demande.
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

    /// Starts what is due, and says how long nothing else will be.
    async fn start_due(self: &Arc<Self>, lane: &mut Lane) -> Result<Duration, StoreError> {
        let destination = lane.destination;
        if destination == Destination::Sowell && !self.sowell.configured() {
            self.warn_of_no_address(lane).await?;
            return Ok(POLL);
        }
        // Should the address be taken away again, that is to be told again.
        lane.warned = false;
        // Before all that may hold this daemon up: it eats into the lease.
        let (now, asked) = (self.clock.now(), Instant::now());
        let pause = self.store.pause(destination).await?;
        let free = match &pause {
            Some(pause) if pause.until > now && !self.is_beyond(pause, now) => {
                return Ok(until(pause.until, now));
            }
            // After a pause, one delivery tries the ground before the others follow.
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
                // Another daemon may send it before this attempt would end, and a later one after it. A machine
                // that was suspended shows in the time of day alone.
                let last = span(lease.saturating_sub(attempt));
                if span(asked.elapsed()) >= last || delivery.clock.now() >= now + last {
                    tracing::debug!(id, "its lease ran out before it was sent");
                    return;
                }
                if let Err(error) = contained(delivery.deliver(&trial, claim)).await {
                    // Its lease runs out, and it is tried again.
                    tracing::error!(id, %error, "an attempt was not noted");
                }
                drop(holding);
            });
        }
        let at = lane.in_hand.moment(now);
        let due = self.store.next_due(destination, at).await?;
        Ok(due.map_or(POLL, |due| until(due, now)))
    }

    /// Says once that what is due has no address to go to.
    async fn warn_of_no_address(&self, lane: &mut Lane) -> Result<(), StoreError> {
        let now = self.clock.now().into();
        if !lane.warned && self.store.next_due(lane.destination, now).await?.is_some() {
            tracing::warn!("deliveries to SoWell wait: sowell.base_url is not set");
            lane.warned = true;
        }
        Ok(())
    }

    /// Sends one delivery, and notes how that went.
    async fn deliver(&self, trial: &Trial, claim: Claim) {
        let destination = trial.destination;
        let begun_under = self.in_force.get();
        let begun_by = Arc::clone(&self.rules.generation().rules);
        let (limit, begun) = (begun_under.delivery.attempt, Instant::now());
        let attempt = within(limit, self.attempt(&claim));
        let seen = match contained(attempt).await {
            Ok(Ok(seen)) => seen,
            Ok(Err(_)) => AttemptResult::NoAnswer(Unreachable(NO_ANSWER.into())),
            Err(error) => {
                tracing::error!(id = claim.id, %error, "an attempt broke off");
                AttemptResult::BrokeOff
            }
        };
        let stood_still = begun.elapsed() > limit.saturating_add(LATE);
        let verdict = match judge(&seen) {
            // What was lost while this process stood still says nothing of the destination.
            Verdict::Again { not_before: None } if stood_still => Verdict::Ours,
            verdict => verdict,
        };
        let now = self.clock.now();
        let attempt = describe(&seen, now);
        let opens = trial.opens(&verdict, &claim.queue);
        let down = opens || self.is_left_alone(destination).await;
        let outcome = self.outcome(&verdict, &claim, down, now);
        if opens {
            trial.breaker.opened();
        }
        // First of all: what is delivered and not noted goes out twice.
        let end = trial.lease_end.unwrap_or_else(Instant::now);
        let finish = || self.store.finish(&claim, attempt.clone(), outcome.clone());
        match until_written(end, finish).await {
            Ok(true) => log(destination, &claim, &attempt, &outcome),
            Ok(false) => {
                tracing::warn!(id = claim.id, "its lease ran out while it was being sent");
            }
            Err(error) => tracing::error!(id = claim.id, %error, "attempt not noted"),
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
            tracing::error!(destination = destination.as_str(), %error, "its pause was not noted");
        }
        if matches!(outcome, Outcome::Retry { .. }) {
            self.resume_if_replaced(destination, &begun_under, &begun_by)
                .await;
        }
    }

    /// What failed by an address, for a token or in a form that was replaced meanwhile is due at once. Looked at only
    /// once it is written: a change that comes later finds it there and resumes it itself.
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
        let bytes = bytes.map_err(|error| CrmError::Files(error.to_string()))?;
        let uid = Uid::new(push.uid.clone());
        self.crm.attach(&uid, &push.fichier, bytes).await
    }

    /// Rendered at each attempt, so that a template that was mended serves what it had failed.
    async fn send_mail(&self, id: &str, courriel: &Courriel) -> Result<Option<u16>, MailError> {
        if addressee::is_absent(&courriel.a) {
            return Err(MailError::permanent(addressee::ABSENT));
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
            .map_err(|error| MailError::temporary(error.to_string()))?
            .map_err(MailError::permanent)?;
        let message = Message {
            to: courriel.a.clone(),
            subject: rendered.subject,
            text: rendered.text,
            html: rendered.html,
        };
        self.mailer.send(id, &message).await
    }

    /// A failure on the part of a destination that is `down` is no delivery's own: it brings none
    /// nearer to being given up, however long it lasts.
    fn outcome(&self, verdict: &Verdict, claim: &Claim, down: bool, now: DateTime<Utc>) -> Outcome {
        let not_before = match verdict {
            Verdict::Delivered => return Outcome::Delivered,
            Verdict::Never => return Outcome::Dead,
            Verdict::Unauthorized | Verdict::Ours => None,
            Verdict::Again { not_before } => *not_before,
        };
        let policy = &self.in_force.get().delivery;
        let give_up_after = span(policy.give_up_after);
        let attempts = claim.attempts.saturating_add(1);
        if !down && claim.waited >= give_up_after && attempts >= FAIR_ATTEMPTS {
            return Outcome::Dead;
        }
        let ours = now + wait(policy, attempts);
        let due_at = not_before.map_or(ours, |theirs| theirs.max(ours));
        let counted = if down {
            TimeDelta::zero()
        } else {
            due_at - now
        };
        Outcome::Retry { due_at, counted }
    }
}

/// How much time lies between two looks at the outbox at least. What comes on its own goes out at
/// once; of many together, one look starts as many as may be under way. An acknowledgement is in no
/// hurry, and a crowd of them must not take the disk away from signalements.
fn between_looks(destination: Destination) -> Duration {
    match destination {
        Destination::Sowell | Destination::Crm => Duration::from_millis(5),
        Destination::Courriel => Duration::from_millis(200),
    }
}

/// How long a claim holds, by how long one attempt may take.
pub(super) fn lease(attempt: Duration) -> Duration {
    attempt.saturating_mul(LEASE_ATTEMPTS)
}

/// How many may be under way at once, however well the destination is.
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
                "not delivered, tried again then"
            );
        }
        Outcome::Dead => tracing::error!(destination, id, error, "not delivered: dead letter"),
    }
}
