//! Tries the rules in force, for people who ask what these would do. Nothing is stored and nothing is sent: the only
//! call is the one for managers that only the CRM knows, which a real decision makes too.

use std::sync::Arc;

use crate::domain::demande::{NewDemande, Uid};
use crate::domain::signalement::Signalement;
use crate::domain::statut::StatutEvent;
use crate::flows::inbound::{Inbound, InboundError, Submission};
use crate::flows::offload;
use crate::flows::outbound::{Outbound, OutboundError};
use crate::rules::compile::Generation;
use crate::rules::decide::{self, Decision, StatutDecision, Undecided};
use crate::rules::foresee::{self, Foreseen};
use crate::rules::trace::Trace;

/// What the rules in force would do.
#[derive(Debug)]
pub struct Tried<D> {
    /// The version that decided.
    pub version: String,
    /// The decision and what would follow from it.
    pub foreseen: Foreseen<D>,
    /// The steps of the decision, encoded.
    pub trace: String,
}

impl Inbound {
    /// What would be done with a signalement if SoWell sent it now, for the first time.
    ///
    /// # Errors
    /// As [`Self::receive`] refuses it, for its format or for want of its residence's managers.
    pub async fn try_out(
        &self,
        submission: Submission,
    ) -> Result<Tried<Result<Decision, Undecided>>, InboundError> {
        let generation = self.rules.generation();
        let Some(content) = submission.content else {
            let faults = submission.all_faults(&generation);
            return Err(InboundError::Refused { faults, id: None });
        };
        let signalement = content.signalement;
        let complete = self.managers.complete(generation, &signalement).await;
        let generation = complete.map_err(|error| self.managers_unknown(&error))?;
        let work = move || {
            let mut trace = Trace::default();
            let foreseen = foresee::signalement(&generation, &signalement, &mut trace);
            Tried {
                version: generation.version.clone(),
                foreseen,
                trace: trace.encode(),
            }
        };
        let tried = offload::apart(work).await;
        tried.map_err(|error| InboundError::Fault(format!("the trial did not end: {error}")))
    }
}

/// What the rules in force would do about a status.
#[derive(Debug)]
pub struct TriedStatut {
    /// The decision, with its e-mails.
    pub tried: Tried<StatutDecision>,
    /// Why its e-mails cannot be foreseen, in French.
    pub without_mails: Option<String>,
}

/// The demande whose status changes, and its signalement.
type Subject = (Signalement, NewDemande);

/// Why the e-mails about an old demande cannot be foreseen.
const ERASED: &str = "ce que SoWell avait envoyé pour cette demande n'est plus conservé";

impl Outbound {
    /// What would be done if the CRM reported this status now, for the first time: of this demande, or of a sample one.
    ///
    /// # Errors
    /// When there is no such demande, or the database cannot be read.
    pub async fn try_out(
        &self,
        mut event: StatutEvent,
        demande: Option<&Uid>,
    ) -> Result<TriedStatut, OutboundError> {
        let generation = self.rules.generation();
        let (canal, subject) = match demande {
            Some(uid) => self.stored(uid).await?,
            None => (generation.rules.statuts.canal.clone(), None),
        };
        let erased = demande.is_some() && subject.is_none();
        let signalement = match &subject {
            Some((signalement, _)) => signalement.clone(),
            None => foresee::harmless(&generation),
        };
        let managers = &self.managers;
        let generation = managers.complete_if_told(&generation, &signalement).await;
        let created_on = canal.clone();
        event.canal.get_or_insert(canal);
        let work = move || {
            let subject = match subject {
                Some(subject) => Ok(subject),
                None if erased => Err(ERASED.to_owned()),
                None => foresee::sample_demande(&generation),
            };
            decide_statut(&generation, &event, &created_on, subject)
        };
        let tried = offload::apart(work).await;
        tried.map_err(|error| OutboundError::Fault(format!("the trial did not end: {error}")))
    }

    /// The channel of a demande, and the demande with its signalement if that is still kept.
    async fn stored(&self, uid: &Uid) -> Result<(String, Option<Subject>), OutboundError> {
        let demande = self.store.find_demande(uid).await?;
        let demande = demande.ok_or(OutboundError::UnknownUid)?;
        let canal = demande.content.canal.clone();
        let stored = self.store.find_submission(&demande.signalement).await?;
        let signalement = stored.and_then(|it| (self.read_stored)(&it.payload, it.fichiers.len()));
        Ok((canal, signalement.map(|it| (it, demande.content))))
    }
}

/// Decides about the event, without e-mails if there is no subject for them.
fn decide_statut(
    generation: &Arc<Generation>,
    event: &StatutEvent,
    created_on: &str,
    subject: Result<Subject, String>,
) -> TriedStatut {
    let mut trace = Trace::default();
    let (foreseen, without_mails) = match subject {
        Ok((signalement, demande)) => {
            let foreseen = foresee::statut(generation, event, &signalement, &demande, &mut trace);
            (foreseen, None)
        }
        Err(why) => {
            let canal = decide::channel(&generation.rules, event, created_on);
            let (decision, steps) = decide::statut(&generation.rules, event, canal);
            trace = steps;
            let foreseen = Foreseen {
                decision,
                mails: Vec::new(),
                unasked: None,
            };
            (foreseen, Some(why))
        }
    };
    TriedStatut {
        tried: Tried {
            version: generation.version.clone(),
            foreseen,
            trace: trace.encode(),
        },
        without_mails,
    }
}
