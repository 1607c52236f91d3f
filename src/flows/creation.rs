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
mod settlement;
mod worker;

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio_util::task::TaskTracker;

use crate::domain::demande::{NewDemande, Uid};
use crate::domain::motif::Motif;
use crate::domain::ports::{
    Capabilities, Clock, CreateDemande, Created, CreationClaim, Crm, CrmError, NewRecord,
    Reservation, Reserved, Settlement, Sowell, Store, StoreError,
};
use crate::domain::reason::Phrase;
use crate::domain::signalement::{Etat, Signalement, SignalementId};
use crate::flows::backoff::span;
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
pub(in crate::flows) use motif::UNAUTHORIZED;
use motif::motif_of;
pub(in crate::flows) use motif::without_managers;
pub use photos::LostPhotos;
use settlement::refused;

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
    /// Whether the CRM answered an earlier call with a success, but without a UID that can be read.
    pub confirmed: bool,
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
        /// Why.
        motif: Motif,
    },
    /// The CRM refused it: kept as a failure.
    Refused {
        /// Its HTTP status.
        status: u16,
        /// Why.
        motif: Motif,
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
            CrmError::InDoubt(_) => self.doubt(&held, motif, remote, false),
            CrmError::Unidentified(_) => self.doubt(&held, motif, remote, true),
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
}

/// When the outcome of a call made now can be known.
fn known_at(now: DateTime<Utc>, remote: &Capabilities) -> DateTime<Utc> {
    now + CALL + span(remote.longest_work)
}
