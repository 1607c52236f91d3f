//! Signalements whose demande is created in a remote CRM: called once, while repeats wait for it.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::{Case, Inbound, InboundError, Received};
use crate::domain::demande::NewDemande;
use crate::domain::ports::{Capabilities, CreateDemande, CrmError, Reserved};
use crate::domain::signalement::Etat;
use crate::flows::creation::{Attempted, Held};
use crate::flows::managers::ManagersError;
use crate::rules::trace::Trace;

/// How often a repeated request checks whether the first has ended.
const LOOK: Duration = Duration::from_millis(50);

impl Inbound {
    /// Commits *received*, calls the CRM, then commits the outcome.
    pub(super) async fn create_outside(
        &self,
        case: Case,
        demande: NewDemande,
        trace: Trace,
        remote: Capabilities,
    ) -> Result<Received, InboundError> {
        let record = case.record(Etat::Recu, None, &trace, None, Vec::new());
        let remarks = case.avertissements.clone();
        let (reserved, lease, _in_hand) = self
            .creations
            .reserve(record, demande.clone(), remarks, &remote)
            .await?;
        let claim = match reserved {
            Reserved::Taken(claim) => claim,
            Reserved::Bound(owner) => return self.repeat(owner, &case).await,
            Reserved::Pending(_) => return self.wait_for_other(&case).await,
        };
        let id = case.id;
        let held = Held {
            claim,
            lease,
            request: CreateDemande {
                reference: id.clone(),
                demande,
                fichiers: case.fichiers,
            },
            avertissements: case.avertissements,
            signalement: Some(case.signalement),
            trace,
            late: case.again,
            attempts: 0,
            confirmed: false,
            etat: Etat::Recu,
        };
        match self.creations.first_call(held, &remote).await? {
            Attempted::Created { uid, answer } => Ok(Received::Created {
                uid: uid.as_str().to_owned(),
                answer,
            }),
            Attempted::Deferred => Ok(Received::Deferred { id }),
            Attempted::InDoubt | Attempted::Stopped { .. } => Err(InboundError::InDoubt { id }),
            Attempted::Refused { status, .. } => Err(InboundError::RefusedByCrm { status, id }),
            Attempted::Broken { reason } => Err(InboundError::BrokenConnector { reason, id }),
            Attempted::Withdrawn { retry_at } => Err(self.crm_away(retry_at)),
        }
    }

    /// A different request is creating what this one asks for: its outcome answers both.
    pub(super) async fn wait_for_other(&self, case: &Case) -> Result<Received, InboundError> {
        let end = tokio::time::Instant::now() + self.patience;
        loop {
            // Read first: what ends between the two reads is found by the second.
            let pending = self.store.find_pending(&case.id, case.key.as_ref()).await?;
            if let Some(owner) = self.owner(case).await? {
                return self.repeat(owner, case).await;
            }
            let Some(pending) = pending else {
                return Err(InboundError::CrmAway { wait: None });
            };
            match pending.etat {
                Etat::Differe if pending.fingerprint != case.fingerprint => {
                    return Err(self.conflict(case, pending.id, None).await);
                }
                // It may fail, and this one may then be decided.
                Etat::Inconnu if pending.fingerprint != case.fingerprint => {
                    return Err(InboundError::OtherInDoubt);
                }
                Etat::Differe => return Ok(Received::Deferred { id: pending.id }),
                Etat::Inconnu => return Err(InboundError::InDoubt { id: pending.id }),
                _ if tokio::time::Instant::now() >= end => return Err(InboundError::UnderWay),
                _ => tokio::time::sleep(LOOK).await,
            }
        }
    }

    /// Without its managers nothing can be decided. If the CRM is away, nothing is stored: SoWell sends it again. If
    /// the landlord's data are at fault, the tenant's report is kept until they are corrected.
    pub(super) async fn without_managers(
        &self,
        mut case: Case,
        error: ManagersError,
    ) -> Result<Received, InboundError> {
        let failure = self.managers_unknown(&case.signalement.residence, error);
        let InboundError::WithoutManagers {
            residence, motif, ..
        } = failure
        else {
            return Err(failure);
        };
        let nothing = Trace::default();
        let kept = self.keep_failed(&mut case, motif.clone(), &nothing);
        if let Some(answer) = kept.await? {
            return Ok(answer);
        }
        Err(InboundError::WithoutManagers {
            residence,
            motif,
            id: Some(case.id),
        })
    }

    /// The failure for want of managers, logged.
    pub(in crate::flows) fn managers_unknown(
        &self,
        residence: &str,
        error: ManagersError,
    ) -> InboundError {
        tracing::error!(residence, %error, "the CRM did not return the managers of a residence");
        match error {
            ManagersError::OfResidence(motif) => InboundError::WithoutManagers {
                residence: residence.to_owned(),
                motif,
                id: None,
            },
            ManagersError::Crm(CrmError::Unavailable { retry_at, .. }) => self.crm_away(retry_at),
            ManagersError::Crm(_) => InboundError::CrmAway { wait: None },
        }
    }

    fn crm_away(&self, retry_at: Option<DateTime<Utc>>) -> InboundError {
        let left = |then: DateTime<Utc>| (then - self.clock.now()).to_std().unwrap_or_default();
        InboundError::CrmAway {
            wait: retry_at.map(left),
        }
    }
}
