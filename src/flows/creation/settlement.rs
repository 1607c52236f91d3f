//! What becomes of a creation after an attempt: created, deferred, in doubt, refused, or stopped until an operator looks.

use chrono::{DateTime, Utc};

use super::motif::{no_guard, taken};
use super::{Accepted, Attempted, Creations, Held};
use crate::domain::motif::Motif;
use crate::domain::ports::{
    Capabilities, Created, Creation, DuplicateGuard, Settled, SettledCreation, Settlement,
    StoreError, Wait,
};
use crate::domain::signalement::Etat;
use crate::flows::acknowledge::written;
use crate::flows::backoff::{span, wait};

impl Creations {
    /// Commits *created* with everything that goes with it.
    pub(super) async fn conclude(
        &self,
        held: Held,
        Created { uid, attaches }: Created,
    ) -> Result<Attempted, StoreError> {
        let (livraisons, trace) = self.follow_ups(&held, &uid, attaches).await;
        let demande = &held.request.demande;
        let answer = (self.render)(&Accepted {
            id: &held.claim.id,
            uid: &uid,
            demande,
            avertissements: &held.avertissements,
        });
        let created = SettledCreation {
            creation: Creation {
                uid: uid.clone(),
                demande: demande.clone(),
                answer: answer.clone(),
            },
            trace: written(&trace),
            livraisons,
            at: self.clock.now(),
        };
        let (id, name) = (held.claim.id.as_str(), uid.as_str());
        let settlement = Settlement::Created(Box::new(created));
        let settled = self.write(&held, settlement).await;
        match settled.inspect_err(|error| {
            tracing::error!(id, uid = name, %error, "ALARM: a demande exists and is not recorded");
        })? {
            Settled::Done => {
                self.calls.forget(&held.claim.id);
                self.outbox.notify();
                Ok(Attempted::Created { uid, answer })
            }
            Settled::Lost => {
                metrics::counter!("passerelle_creations_unclaimed_total").increment(1);
                tracing::error!(id, uid = name, "ALARM: created after its claim had run out");
                Ok(Attempted::InDoubt)
            }
            Settled::Taken { by } => self.stop(&held, taken(name, &by)).await,
        }
    }

    pub(super) fn defer(
        &self,
        held: &Held,
        motif: Motif,
        retry_at: Option<DateTime<Utc>>,
    ) -> (Attempted, Settlement) {
        let wait = Wait {
            etat: Etat::Differe,
            motif,
            in_doubt: false,
            confirmed: false,
            due_at: Some(self.next_attempt(held.attempts, retry_at)),
            known_at: None,
        };
        (Attempted::Deferred, Settlement::Waits(wait))
    }

    /// The connector says when the outcome can be known, and what to do then. `confirmed` says whether the CRM answered
    /// with a success, but without a UID.
    pub(super) fn doubt(
        &self,
        held: &Held,
        motif: Motif,
        remote: &Capabilities,
        confirmed: bool,
    ) -> (Attempted, Settlement) {
        let known_at = self.clock.now() + span(remote.longest_work);
        let due_at = match remote.guard {
            // Each repeat would get the same answer, and the CRM may forget the key one day.
            DuplicateGuard::Upsert | DuplicateGuard::IdempotencyKey
                if confirmed && held.confirmed =>
            {
                None
            }
            DuplicateGuard::Upsert | DuplicateGuard::IdempotencyKey => {
                Some(self.next_attempt(held.attempts, None))
            }
            DuplicateGuard::LookUp => Some(known_at),
            DuplicateGuard::Nothing => None,
        };
        if due_at.is_none() {
            tracing::error!(
                id = held.claim.id.as_str(),
                "ALARM: a creation is in doubt, and only an operator can settle it"
            );
            let motif = if confirmed { motif } else { no_guard() };
            return stopped_after(motif, Some(known_at), confirmed);
        }
        let wait = Wait {
            etat: Etat::Inconnu,
            motif,
            in_doubt: true,
            confirmed,
            due_at,
            known_at: Some(known_at),
        };
        (Attempted::InDoubt, Settlement::Waits(wait))
    }

    pub(super) async fn stop(&self, held: &Held, motif: Motif) -> Result<Attempted, StoreError> {
        tracing::error!(
            id = held.claim.id.as_str(),
            %motif,
            "ALARM: a creation is in doubt, and only an operator can settle it"
        );
        let (attempted, settlement) = stopped(motif, None);
        self.settle(held, attempted, settlement).await
    }

    pub(super) async fn settle(
        &self,
        held: &Held,
        attempted: Attempted,
        settlement: Settlement,
    ) -> Result<Attempted, StoreError> {
        let waits = matches!(settlement, Settlement::Waits(_));
        let settled = self.write(held, settlement).await?;
        self.pending.notify();
        if settled == Settled::Done {
            if !waits {
                self.calls.forget(&held.claim.id);
            }
            return Ok(attempted);
        }
        tracing::error!(id = held.claim.id.as_str(), "its claim had run out");
        Ok(Attempted::InDoubt)
    }

    /// When to retry after this many earlier attempts.
    pub(super) fn next_attempt(
        &self,
        attempts: u32,
        retry_at: Option<DateTime<Utc>>,
    ) -> DateTime<Utc> {
        let policy = &self.in_force.get().delivery;
        let now = self.clock.now();
        let ours = now + wait(policy, attempts.saturating_add(1));
        // What a CRM asks for during an outage is seldom valid for longer than the outage.
        let longest = now + span(policy.max_retry);
        retry_at.map_or(ours, |theirs| theirs.min(longest).max(ours))
    }
}

pub(super) fn refused(status: u16, motif: Motif) -> (Attempted, Settlement) {
    let settlement = Settlement::Refused {
        motif: motif.clone(),
    };
    (Attempted::Refused { status, motif }, settlement)
}

/// Automatic retries stop: an operator must decide. `known_at` is when the outcome can be known; `None` leaves
/// the recorded time unchanged.
pub(super) fn stopped(motif: Motif, known_at: Option<DateTime<Utc>>) -> (Attempted, Settlement) {
    stopped_after(motif, known_at, false)
}

/// The same after a call that the CRM answered with a success without a UID, or not.
fn stopped_after(
    motif: Motif,
    known_at: Option<DateTime<Utc>>,
    confirmed: bool,
) -> (Attempted, Settlement) {
    let wait = Wait {
        etat: Etat::Inconnu,
        motif: motif.clone(),
        in_doubt: true,
        confirmed,
        due_at: None,
        known_at,
    };
    (Attempted::Stopped { motif }, Settlement::Waits(wait))
}
