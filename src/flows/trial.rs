//! Tries the rules in force, for people who ask what these would do. Nothing is stored and nothing is sent: the only
//! call is the one for managers that only the CRM knows, which a real decision makes too.

use std::sync::Arc;

use crate::domain::demande::{Demande, NewDemande, Uid};
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
        let unknown = |error| self.managers_unknown(&signalement.residence, error);
        let generation = complete.map_err(unknown)?;
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

/// The demande whose status changes.
enum Subject {
    /// One made up for the trial.
    Sample,
    /// One of ours, and its signalement.
    Kept(Box<(Signalement, NewDemande)>),
    /// One of ours whose signalement is no longer kept.
    Erased,
}

/// Why the e-mails about an old demande cannot be foreseen.
const ERASED: &str = "ce que SoWell avait envoyé pour cette demande n'est plus conservé";

impl Outbound {
    /// What would be done if the CRM reported this status now, for the first time: of this demande, or of a sample one.
    ///
    /// # Errors
    /// As [`Self::receive`] refuses an event of an unknown demande, and when the database cannot be read.
    pub async fn try_out(
        &self,
        mut event: StatutEvent,
        demande: Option<&Uid>,
    ) -> Result<TriedStatut, OutboundError> {
        let generation = self.rules.generation();
        let (canal, subject) = match demande {
            None => (generation.rules.statuts.canal.clone(), Subject::Sample),
            Some(uid) => match self.store.find_demande(uid).await? {
                Some(demande) => (demande.content.canal.clone(), self.kept(demande).await?),
                None => {
                    let motif = self.foreign(&event, &generation).await?;
                    return Ok(not_ours(&generation, &event, motif));
                }
            },
        };
        let managers = &self.managers;
        let generation = match &subject {
            Subject::Sample => {
                let sample = foresee::harmless(&generation);
                managers.complete_if_told(&generation, &sample).await
            }
            Subject::Kept(kept) => managers.complete_if_told(&generation, &kept.0).await,
            // Without e-mails, nobody needs to know the managers.
            Subject::Erased => generation,
        };
        let created_on = canal.clone();
        event.canal.get_or_insert(canal);
        let work = move || {
            let subject = match subject {
                Subject::Sample => foresee::sample_demande(&generation),
                Subject::Kept(kept) => Ok(*kept),
                Subject::Erased => Err(ERASED.to_owned()),
            };
            decide_statut(&generation, &event, &created_on, subject)
        };
        let tried = offload::apart(work).await;
        tried.map_err(|error| OutboundError::Fault(format!("the trial did not end: {error}")))
    }

    /// The demande with its signalement, if that is still kept.
    async fn kept(&self, demande: Demande) -> Result<Subject, OutboundError> {
        let stored = self.store.find_submission(&demande.signalement).await?;
        let signalement = stored.and_then(|it| (self.read_stored)(&it.payload, it.fichiers.len()));
        Ok(match signalement {
            Some(signalement) => Subject::Kept(Box::new((signalement, demande.content))),
            None => Subject::Erased,
        })
    }
}

/// What is done about a demande that is someone else's: nothing. The rules say why in their trace.
fn not_ours(generation: &Generation, event: &StatutEvent, motif: String) -> TriedStatut {
    let canal = event.canal.as_deref().unwrap_or_default();
    let (_, trace) = decide::statut(&generation.rules, event, canal);
    let decision = StatutDecision::Ignore { motif };
    TriedStatut {
        tried: Tried {
            version: generation.version.clone(),
            foreseen: without_mails(decision),
            trace: trace.encode(),
        },
        without_mails: None,
    }
}

fn without_mails(decision: StatutDecision) -> Foreseen<StatutDecision> {
    Foreseen {
        decision,
        mails: Vec::new(),
        unasked: None,
    }
}

/// Decides about the event, without e-mails if there is no subject for them.
fn decide_statut(
    generation: &Arc<Generation>,
    event: &StatutEvent,
    created_on: &str,
    subject: Result<(Signalement, NewDemande), String>,
) -> TriedStatut {
    let mut trace = Trace::default();
    let (foreseen, why) = match subject {
        Ok((signalement, demande)) => {
            let foreseen = foresee::statut(generation, event, &signalement, &demande, &mut trace);
            (foreseen, None)
        }
        Err(why) => {
            let canal = decide::channel(&generation.rules, event, created_on);
            let (decision, steps) = decide::statut(&generation.rules, event, canal);
            trace = steps;
            (without_mails(decision), Some(why))
        }
    };
    TriedStatut {
        tried: Tried {
            version: generation.version.clone(),
            foreseen,
            trace: trace.encode(),
        },
        without_mails: why,
    }
}
