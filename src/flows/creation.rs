//! Creates demandes in a remote CRM: exactly once, even when answers are lost.
//!
//! *Received* is committed before the call, *created* after it. What the CRM certainly did not do is given up,
//! refused or deferred; what it may have done is in doubt, and is settled with what the CRM offers against
//! duplicates: create again, look first, or wait for an operator.

mod calls;
mod follow_ups;
mod lease;
mod motif;
mod outcome;
mod pending;
mod photos;

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio_util::task::TaskTracker;

use crate::domain::demande::{NewDemande, Uid};
use crate::domain::ports::{
    Capabilities, Clock, CreateDemande, Created, Creation, CreationClaim, Crm, CrmError,
    DuplicateGuard, NewRecord, Reservation, Reserved, Settled, SettledCreation, Settlement, Sowell,
    Store, StoreError, Wait,
};
use crate::domain::reason::Phrase;
use crate::domain::signalement::{Etat, Signalement, SignalementId};
use crate::flows::acknowledge::written;
use crate::flows::backoff::{span, wait};
use crate::flows::crm_watch::CrmWatch;
use crate::flows::hint::{Hint, Nudge};
use crate::flows::in_hand::{Holding, InHand};
use crate::flows::managers::Managers;
use crate::flows::outbound::{Outbound, ReadStored};
use crate::flows::rules::Rules;
use crate::flows::time_limit::in_time;
use crate::rules::trace::Trace;
use crate::settings::{InForce, WhenUnavailable};

pub use calls::Calls;
pub(super) use lease::{LEASE, Lease};
use motif::{TAKEN, motif_of};
pub use motif::{for_sowell, split_reason};
pub use photos::LostPhotos;

/// Time limit for one creation, all requests included; the connector's own limits are shorter.
const CALL: Duration = Duration::from_mins(2);
/// How long a failed call marks the CRM as unavailable. While it does, callers must still let a request through
/// now and then, or nothing would detect the recovery.
const OUTAGE_SHOWN: Duration = Duration::from_secs(30);

/// The content of the answer to a creation.
#[derive(Debug)]
pub struct Accepted<'a> {
    /// The signalement's identity.
    pub id: &'a SignalementId,
    /// The demande's UID.
    pub uid: &'a Uid,
    /// The demande decided by the rules.
    pub demande: &'a NewDemande,
    /// Warnings for the answer, in French.
    pub avertissements: &'a [String],
}

/// Renders the body of a 201. It is a wire format, so an adapter provides it, but it is committed with the
/// creation, so that a repeated request gets the same bytes.
pub type RenderAnswer = fn(&Accepted<'_>) -> String;

/// Creates demandes in the CRM.
pub struct Creations {
    /// The daemon's database.
    pub store: Arc<dyn Store>,
    /// The landlord's CRM.
    pub crm: Arc<dyn Crm>,
    /// SoWell, which may accept a UID that its answer did not contain.
    pub sowell: Arc<dyn Sowell>,
    /// The wall clock.
    pub clock: Arc<dyn Clock>,
    /// The rules in force, for acknowledgements.
    pub rules: Arc<dyn Rules>,
    /// What to do while the CRM is unavailable, and the retry policy.
    pub in_force: InForce,
    /// Renders the body of a 201.
    pub render: RenderAnswer,
    /// Reads a stored signalement back.
    pub read_stored: ReadStored,
    /// Handles the status of an adopted demande.
    pub outbound: Arc<Outbound>,
    /// Wakes the delivery workers.
    pub outbox: Hint,
    /// Wakes the worker of pending creations.
    pub pending: Nudge,
    /// The state of the CRM, as shown by the last calls.
    pub watch: Arc<CrmWatch>,
    /// The managers that only the CRM knows.
    pub managers: Arc<Managers>,
    /// The leases that this process holds.
    pub in_hand: InHand,
    /// When this process last called the CRM for each creation.
    pub calls: Calls,
    /// Signalements whose photos cannot be read.
    pub photos: LostPhotos,
    /// Outcomes still to be written because the database was unavailable.
    pub unwritten: TaskTracker,
}

/// A creation claimed by this task.
pub(super) struct Held {
    pub claim: CreationClaim,
    /// How long the claim lasts.
    pub lease: Lease,
    pub request: CreateDemande,
    pub avertissements: Vec<String>,
    /// `None` if the stored one cannot be read: then no acknowledgement is sent.
    pub signalement: Option<Arc<Signalement>>,
    pub trace: Trace,
    /// SoWell has already been answered, without a UID.
    pub late: bool,
    /// Attempts made before this one.
    pub attempts: u32,
    /// Its state until this attempt ends.
    pub etat: Etat,
}

/// The outcome of an attempt to create a demande.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Attempted {
    /// It exists and is recorded.
    Created {
        /// Its UID.
        uid: Uid,
        /// The body of the 201.
        answer: String,
    },
    /// The CRM is unavailable: it will be created later.
    Deferred,
    /// It may exist: kept, and settled later.
    InDoubt,
    /// Only an operator can resume it.
    Stopped {
        /// Why, in French.
        motif: String,
    },
    /// The CRM refused it: kept as a failure.
    Refused {
        /// Its HTTP status.
        status: u16,
        /// Why, in French.
        motif: String,
    },
    /// The connector yields no request for it: kept as a failure.
    Broken {
        /// Why.
        reason: String,
    },
    /// The CRM is unavailable; nothing is kept.
    Withdrawn {
        /// When the CRM asked to be called again.
        retry_at: Option<DateTime<Utc>>,
    },
}

impl Creations {
    /// Commits *received*. The caller must keep the returned guard until the first call is settled.
    pub(super) async fn reserve(
        &self,
        record: NewRecord,
        demande: NewDemande,
        avertissements: Vec<String>,
        remote: &Capabilities,
    ) -> Result<(Reserved, Lease, Holding), StoreError> {
        let now = self.clock.now();
        let lease = Lease::begin(now);
        let in_hand = self.in_hand.hold(lease.until());
        let reservation = Reservation {
            record,
            demande,
            avertissements,
            leased_until: lease.until(),
            known_at: known_at(now, remote),
        };
        Ok((self.store.reserve(reservation).await?, lease, in_hand))
    }

    /// Makes the first call for a signalement that has just been received.
    pub(super) async fn first_call(
        &self,
        held: Held,
        remote: &Capabilities,
    ) -> Result<Attempted, StoreError> {
        if !self.may_call(&held) {
            return Ok(Attempted::InDoubt);
        }
        let created = self.call(&held.request).await;
        let failure = match created {
            Ok(created) => return self.conclude(held, created).await,
            Err(error) => error,
        };
        let defer = self.in_force.get().crm.when_unavailable == WhenUnavailable::Defer;
        let motif = motif_of(&failure);
        let (attempted, settlement) = match failure {
            CrmError::Unavailable { retry_at, .. } if defer => self.defer(&held, motif, retry_at),
            CrmError::Unauthorized(_)
            | CrmError::Misconfigured(_)
            | CrmError::Files(_)
            | CrmError::Unreadable(_)
                if defer =>
            {
                self.defer(&held, motif, None)
            }
            CrmError::Unavailable { retry_at, .. } => {
                let settlement = Settlement::Withdrawn { motif };
                (Attempted::Withdrawn { retry_at }, settlement)
            }
            CrmError::Unauthorized(_) | CrmError::Files(_) | CrmError::Unreadable(_) => {
                let settlement = Settlement::Withdrawn { motif };
                (Attempted::Withdrawn { retry_at: None }, settlement)
            }
            CrmError::Misconfigured(reason) => {
                let reason = reason.to_string();
                (Attempted::Broken { reason }, Settlement::Refused { motif })
            }
            CrmError::Refused { status, .. } => refused(status, motif),
            CrmError::InDoubt(_) => self.doubt(&held, motif, remote),
        };
        self.settle(&held, attempted, settlement).await
    }

    /// Whether a signalement received now is likely to be accepted: while the CRM is known to be unavailable,
    /// only if creations are deferred.
    #[must_use]
    pub fn able(&self) -> bool {
        let outage = self.watch.outage();
        let away = outage.is_some_and(|it| it.age() < OUTAGE_SHOWN);
        !away || self.in_force.get().crm.when_unavailable == WhenUnavailable::Defer
    }

    /// Marks as in doubt the creations that a previous process was making. Only for a store that no other
    /// daemon uses.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn doubt_interrupted(&self) -> Result<(), StoreError> {
        let longest = self
            .crm
            .remote()
            .map_or(Duration::ZERO, |it| it.capabilities().longest_work);
        let known_at = self.clock.now() + span(longest);
        let found = self.store.doubt_interrupted(known_at).await?;
        if found > 0 {
            tracing::warn!(found, "creations were interrupted: the CRM may have them");
        }
        Ok(())
    }

    /// Whether there is time for a call. If not, the creation is left unchanged to whoever claims it next, this
    /// process or a different one.
    fn may_call(&self, held: &Held) -> bool {
        let may = held.lease.allows_a_call(self.clock.now());
        if !may {
            let id = held.claim.id.as_str();
            tracing::warn!(id, "its claim ran out before the CRM was called");
        }
        may
    }

    /// Calls the CRM within the time limit, and records how it went.
    async fn call(&self, request: &CreateDemande) -> Result<Created, CrmError> {
        self.calls.note(&request.reference);
        let outcome = self.within_limit("create", self.crm.create(request)).await;
        self.calls.note(&request.reference);
        self.photos.note(&request.reference, &outcome);
        outcome
    }

    async fn within_limit<T>(
        &self,
        operation: &'static str,
        call: impl Future<Output = Result<T, CrmError>>,
    ) -> Result<T, CrmError> {
        let outcome = in_time(CALL, call)
            .await
            .unwrap_or_else(|_| Err(CrmError::InDoubt(Phrase::NoAnswer.into())));
        self.note(operation, &outcome);
        outcome
    }

    fn note<T>(&self, operation: &'static str, outcome: &Result<T, CrmError>) {
        let policy = &self.in_force.get().delivery;
        self.watch
            .note(operation, outcome, policy, self.clock.now());
    }

    /// Commits *created* with everything that goes with it.
    async fn conclude(
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
            Settled::Taken { by } => {
                let motif = format!(
                    "{TAKEN} {name}, qui est celui du signalement {}",
                    by.as_str()
                );
                self.stop(&held, &motif).await
            }
        }
    }

    fn defer(
        &self,
        held: &Held,
        motif: String,
        retry_at: Option<DateTime<Utc>>,
    ) -> (Attempted, Settlement) {
        let wait = Wait {
            etat: Etat::Differe,
            motif,
            in_doubt: false,
            due_at: Some(self.next_attempt(held.attempts, retry_at)),
            known_at: None,
        };
        (Attempted::Deferred, Settlement::Waits(wait))
    }

    /// The connector says when the outcome can be known, and what to do then.
    fn doubt(&self, held: &Held, motif: String, remote: &Capabilities) -> (Attempted, Settlement) {
        let known_at = self.clock.now() + span(remote.longest_work);
        let due_at = match remote.guard {
            DuplicateGuard::Upsert | DuplicateGuard::IdempotencyKey => {
                self.next_attempt(held.attempts, None)
            }
            DuplicateGuard::LookUp => known_at,
            DuplicateGuard::Nothing => {
                tracing::error!(
                    id = held.claim.id.as_str(),
                    "ALARM: a creation is in doubt, and only an operator can settle it"
                );
                return stopped(NO_GUARD.into(), Some(known_at));
            }
        };
        let wait = Wait {
            etat: Etat::Inconnu,
            motif,
            in_doubt: true,
            due_at: Some(due_at),
            known_at: Some(known_at),
        };
        (Attempted::InDoubt, Settlement::Waits(wait))
    }

    async fn stop(&self, held: &Held, motif: &str) -> Result<Attempted, StoreError> {
        tracing::error!(
            id = held.claim.id.as_str(),
            motif,
            "ALARM: a creation is in doubt, and only an operator can settle it"
        );
        let (attempted, settlement) = stopped(motif.to_owned(), None);
        self.settle(held, attempted, settlement).await
    }

    async fn settle(
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
    fn next_attempt(&self, attempts: u32, retry_at: Option<DateTime<Utc>>) -> DateTime<Utc> {
        let policy = &self.in_force.get().delivery;
        let now = self.clock.now();
        let ours = now + wait(policy, attempts.saturating_add(1));
        // What a CRM asks for during an outage is seldom valid for longer than the outage.
        let longest = now + span(policy.max_retry);
        retry_at.map_or(ours, |theirs| theirs.min(longest).max(ours))
    }
}

/// The reason shown when the caller died or lost its claim before it could record the outcome.
const UNKNOWN: &str =
    "on ne sait pas si le CRM a créé la demande : sa réponse manque, ou n'a pas pu être notée";

const NO_GUARD: &str = "le CRM n'a pas confirmé la création et n'offre rien contre les doublons : cherchez-y la \
                        demande, puis adoptez-la ou relancez la création";

/// When the outcome of a call made now can be known.
fn known_at(now: DateTime<Utc>, remote: &Capabilities) -> DateTime<Utc> {
    now + CALL + span(remote.longest_work)
}

fn refused(status: u16, motif: String) -> (Attempted, Settlement) {
    let settlement = Settlement::Refused {
        motif: motif.clone(),
    };
    (Attempted::Refused { status, motif }, settlement)
}

/// Automatic retries stop: an operator must decide. `known_at` is when the outcome can be known; `None` leaves
/// the recorded time unchanged.
fn stopped(motif: String, known_at: Option<DateTime<Utc>>) -> (Attempted, Settlement) {
    let wait = Wait {
        etat: Etat::Inconnu,
        motif: motif.clone(),
        in_doubt: true,
        due_at: None,
        known_at,
    };
    (Attempted::Stopped { motif }, Settlement::Waits(wait))
}
