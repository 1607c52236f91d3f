//! A pending creation: settles it if it is in doubt, and makes it if it was deferred.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::motif::{
    UNKNOWN, motif_of, no_remote, not_found, refused_in_doubt, several, too_soon, unknown_for_good,
};
use super::settlement::{refused, stopped};
use super::{Attempted, Creations, Held, LEASE, Lease, known_at};
use crate::domain::demande::Uid;
use crate::domain::motif::Motif;
use crate::domain::ports::{
    Capabilities, Created, CrmError, DuplicateGuard, PendingCreation, RemoteCrm, Settlement,
    StoreError, Wait,
};
use crate::domain::signalement::{Etat, SignalementId};
use crate::flows::backoff::span;
use crate::rules::trace::Trace;

impl Creations {
    /// Resumes a pending creation at an operator's request; `None` if it does not exist or a different worker
    /// holds it.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn take_up(&self, id: &SignalementId) -> Result<Option<Attempted>, StoreError> {
        let now = self.clock.now();
        let lease = Lease::begin(now);
        let _in_hand = self.in_hand.hold(lease.until());
        let pending = self.store.claim_creation(id, now, LEASE).await?;
        match pending {
            Some(pending) => self.go_on(pending, lease, AskedBy::Person).await.map(Some),
            None => Ok(None),
        }
    }

    /// Records, at an operator's request, that this is the demande of a pending creation.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn adopt(
        &self,
        id: &SignalementId,
        uid: Uid,
    ) -> Result<Option<Attempted>, StoreError> {
        let now = self.clock.now();
        let lease = Lease::begin(now);
        let _in_hand = self.in_hand.hold(lease.until());
        let Some(pending) = self.store.claim_creation(id, now, LEASE).await? else {
            return Ok(None);
        };
        let remote = self.crm.remote().map(RemoteCrm::capabilities);
        let held = self.hold(pending, lease);
        self.conclude_found(held, found(uid, remote.as_ref()), remote.as_ref())
            .await
            .map(Some)
    }

    /// Resumes a pending creation.
    pub(super) async fn go_on(
        &self,
        pending: PendingCreation,
        lease: Lease,
        asked_by: AskedBy,
    ) -> Result<Attempted, StoreError> {
        let noted = pending.known_at;
        // An operator who was told to look in the CRM has done so.
        let has_looked = pending.stopped && asked_by == AskedBy::Person;
        let mut earlier = if pending.in_doubt {
            Earlier::MayHaveCreated
        } else {
            Earlier::CreatedNothing
        };
        let held = self.hold(pending, lease);
        let crm = self.crm.remote();
        let remote = crm.map(RemoteCrm::capabilities);
        let early = remote
            .as_ref()
            .and_then(|it| self.too_early(&held, noted, it));
        if earlier == Earlier::MayHaveCreated {
            let guard = remote.as_ref().map(|it| it.guard);
            match (crm.zip(guard), early) {
                (Some((_, DuplicateGuard::Upsert | DuplicateGuard::IdempotencyKey)), _) => {}
                (Some((_, DuplicateGuard::LookUp)), Some(known_at)) => {
                    return self.wait_until(&held, known_at).await;
                }
                (Some((crm, DuplicateGuard::LookUp)), None) => {
                    let found = crm.find(&held.request);
                    match self.within_limit("find", found).await {
                        // The CRM says that it created it, so the search may miss it again and again.
                        Ok(uids) if uids.is_empty() && held.confirmed && !has_looked => {
                            return self.stop(&held, not_found()).await;
                        }
                        Ok(uids) if uids.is_empty() => earlier = Earlier::CreatedNothing,
                        Ok(uids) => return self.adopt_only(held, uids, remote.as_ref()).await,
                        Err(error) => return self.try_again(&held, &error, earlier).await,
                    }
                }
                (Some((_, DuplicateGuard::Nothing)), Some(known_at))
                    if asked_by == AskedBy::Person =>
                {
                    let (attempted, settlement) = stopped(too_soon(known_at), Some(known_at));
                    return self.settle(&held, attempted, settlement).await;
                }
                // The operator was told to look in the CRM first.
                (Some((_, DuplicateGuard::Nothing)), _) if asked_by == AskedBy::Person => {
                    earlier = Earlier::CreatedNothing;
                }
                (Some((_, DuplicateGuard::Nothing)), _) => {
                    return self.stop(&held, unknown_for_good()).await;
                }
                (None, _) => return self.stop(&held, no_remote()).await,
            }
        }
        self.create_again(held, remote, earlier).await
    }

    /// When the outcome of the last call can be known, if the CRM may still be working on it: because someone
    /// retries early, or a clock was set.
    fn too_early(
        &self,
        held: &Held,
        noted: DateTime<Utc>,
        remote: &Capabilities,
    ) -> Option<DateTime<Utc>> {
        let now = self.clock.now();
        // A time recorded by a fast clock cannot be later than for a call made now.
        let noted = noted.min(known_at(now, remote));
        let left = self.calls.left_of(remote.longest_work, &held.claim.id);
        let known_at = noted.max(now + span(left));
        (known_at > now).then_some(known_at)
    }

    /// Calls the CRM again. While an earlier call may have created the demande, only an answer with a UID ends
    /// the doubt: the outcome of this call says nothing about the earlier one.
    async fn create_again(
        &self,
        held: Held,
        remote: Option<Capabilities>,
        earlier: Earlier,
    ) -> Result<Attempted, StoreError> {
        let now = self.clock.now();
        let known_at = remote.as_ref().map_or(now, |it| known_at(now, it));
        let may_exist = earlier == Earlier::MayHaveCreated;
        // Checked twice: recording a call that is then not made would cause a needless doubt.
        if !self.may_call(&held)
            || !self
                .store
                .begin_call(&held.claim, known_at, may_exist && held.confirmed)
                .await?
            || !self.may_call(&held)
        {
            return Ok(Attempted::InDoubt);
        }
        match self.call(&held.request).await {
            Ok(created) if may_exist => self.conclude_found(held, created, remote.as_ref()).await,
            Ok(created) => self.conclude(held, created).await,
            Err(CrmError::Refused { status, excerpt }) if may_exist => {
                self.stop(&held, refused_in_doubt(status, &excerpt)).await
            }
            Err(error @ CrmError::Refused { status, .. }) => {
                let (attempted, settlement) = refused(status, motif_of(&error));
                self.settle(&held, attempted, settlement).await
            }
            Err(error @ (CrmError::InDoubt(_) | CrmError::Unidentified(_))) => {
                let motif = motif_of(&error);
                let confirmed = matches!(error, CrmError::Unidentified(_));
                let (attempted, settlement) = match &remote {
                    Some(remote) => self.doubt(&held, motif, remote, confirmed),
                    None => stopped(motif, None),
                };
                self.settle(&held, attempted, settlement).await
            }
            Err(error) => self.try_again(&held, &error, earlier).await,
        }
    }

    /// A single demande with our reference is ours; several need an operator.
    async fn adopt_only(
        &self,
        held: Held,
        uids: Vec<Uid>,
        remote: Option<&Capabilities>,
    ) -> Result<Attempted, StoreError> {
        match <[Uid; 1]>::try_from(uids) {
            Ok([uid]) => {
                tracing::info!(
                    id = held.claim.id.as_str(),
                    uid = uid.as_str(),
                    "the CRM has it: adopted"
                );
                self.conclude_found(held, found(uid, remote), remote).await
            }
            Err(uids) => self.stop(&held, several(&uids)).await,
        }
    }

    /// Records a demande that has been in the CRM for a while: its status may have changed since.
    async fn conclude_found(
        &self,
        held: Held,
        made: Created,
        remote: Option<&Capabilities>,
    ) -> Result<Attempted, StoreError> {
        let uid = made.uid.clone();
        let attempted = self.conclude(held, made).await?;
        let created = matches!(attempted, Attempted::Created { .. });
        let reads = created && remote.is_some_and(|it| it.reads_statut);
        if let Some(crm) = self.crm.remote().filter(|_| reads) {
            let read = crm.statut(&uid).await;
            self.note("statut", &read);
            // If this fails, the CRM's next call or the next reading gives the status. An event already
            // recorded may be newer.
            let taken = match read {
                Ok(change) => self
                    .outbound
                    .read(vec![change], 0)
                    .await
                    .err()
                    .map(|it| it.to_string()),
                Err(error) => Some(error.to_string()),
            };
            if let Some(error) = taken {
                tracing::warn!(uid = uid.as_str(), error, "its status was not read");
            }
        }
        Ok(attempted)
    }

    fn hold(&self, pending: PendingCreation, lease: Lease) -> Held {
        let photos = pending.request.fichiers.len();
        Held {
            signalement: (self.read_stored)(&pending.payload, photos).map(Arc::new),
            trace: Trace::resume(&pending.trace),
            claim: pending.claim,
            lease,
            request: pending.request,
            avertissements: pending.avertissements,
            late: true,
            attempts: pending.attempts,
            confirmed: pending.confirmed,
            etat: pending.etat,
        }
    }

    /// The CRM is unavailable: the creation stays pending, as certain or uncertain as it was.
    async fn try_again(
        &self,
        held: &Held,
        error: &CrmError,
        earlier: Earlier,
    ) -> Result<Attempted, StoreError> {
        let retry_at = match error {
            CrmError::Unavailable { retry_at, .. } => *retry_at,
            _ => None,
        };
        let wait = Wait {
            etat: held.etat,
            motif: motif_of(error),
            in_doubt: earlier == Earlier::MayHaveCreated,
            confirmed: false,
            due_at: Some(self.next_attempt(held.attempts, retry_at)),
            known_at: None,
        };
        let attempted = match held.etat {
            Etat::Differe => Attempted::Deferred,
            _ => Attempted::InDoubt,
        };
        self.settle(held, attempted, Settlement::Waits(wait)).await
    }

    async fn wait_until(
        &self,
        held: &Held,
        known_at: DateTime<Utc>,
    ) -> Result<Attempted, StoreError> {
        let wait = Wait {
            etat: held.etat,
            motif: Motif::for_all(UNKNOWN),
            in_doubt: true,
            confirmed: false,
            due_at: Some(known_at),
            known_at: Some(known_at),
        };
        self.settle(held, Attempted::InDoubt, Settlement::Waits(wait))
            .await
    }
}

/// The outcome of the earlier calls.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Earlier {
    /// The demande may exist: the outcome of one of them is unknown.
    MayHaveCreated,
    /// The demande does not exist, or an operator who looked says so.
    CreatedNothing,
}

/// Who asked for a pending creation to be resumed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum AskedBy {
    /// An operator, who was told to look in the CRM first.
    Person,
    /// The worker, because it was due.
    Clock,
}

/// A demande that this attempt did not create: only the connector in force says how its photos are sent.
fn found(uid: Uid, remote: Option<&Capabilities>) -> Created {
    Created {
        uid,
        attaches: remote.is_some_and(|it| it.attaches),
    }
}
