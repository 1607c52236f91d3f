//! A status comes from the CRM: translate, keep, and put a delivery for SoWell in the outbox.

use std::sync::Arc;

use uuid::Uuid;

use crate::domain::demande::Demande;
use crate::domain::fault::Fault;
use crate::domain::instant;
use crate::domain::livraison::{Content, NewLivraison, StatutPush};
use crate::domain::ports::{Change, Clock, EventRecorded, NewEvent, Release, Store, StoreError};
use crate::domain::signalement::Signalement;
use crate::domain::statut::{EventIssue, StatutEvent, StoredEvent};
use crate::flows::acknowledge::{self, written};
use crate::flows::hint::Hint;
use crate::flows::inbound::Rules;
use crate::flows::on_the_spot;
use crate::rules::compile::Generation;
use crate::rules::decide::{self, Occasion, StatutDecision};
use crate::rules::trace::Trace;

/// What the CRM is told when nothing is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StatutReceived {
    /// SoWell will be told.
    Accepted {
        /// The delivery.
        livraison: String,
        /// SoWell's word.
        statut_sowell: String,
    },
    /// There is nothing to tell SoWell.
    Nothing {
        /// Why, in French.
        motif: String,
    },
}

/// What the CRM is told when something is.
#[derive(Debug, thiserror::Error)]
pub enum OutboundError {
    /// There is no such demande.
    #[error("unknown uid")]
    UnknownUid,
    /// There is none yet, but a creation is in doubt, and may turn out to be this one.
    #[error("unknown uid, while a creation is in doubt")]
    MayBeCreated,
    /// The rules do not know the status; the event is kept until they do.
    #[error("the rules do not know this status")]
    Held(Vec<Fault>),
    /// The database could not be written or read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A fault of ours.
    #[error("{0}")]
    Fault(String),
}

/// Reads a stored signalement back from its payload and its number of photos: the payload is a wire
/// format, so an adapter does it.
pub type ReadStored = fn(&str, usize) -> Option<Signalement>;

/// The outbound flow, up to the outbox.
pub struct Outbound {
    /// The daemon's memory.
    pub store: Arc<dyn Store>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The rules in force.
    pub rules: Arc<dyn Rules>,
    /// Reads a stored signalement back.
    pub read_stored: ReadStored,
    /// Wakes the delivery workers.
    pub outbox: Hint,
}

/// What the rules made of an event.
struct Judged {
    decision: StatutDecision,
    trace: Trace,
    courriels: Vec<NewLivraison>,
}

impl Outbound {
    /// Takes a status change in.
    ///
    /// # Errors
    /// See [`OutboundError`].
    pub async fn receive(&self, mut event: StatutEvent) -> Result<StatutReceived, OutboundError> {
        let generation = self.rules.generation();
        let Some(demande) = self.store.find_demande(&event.uid).await? else {
            return self.foreign(&event, &generation).await;
        };
        event
            .canal
            .get_or_insert_with(|| demande.content.canal.clone());
        let judged = self.judge(&generation, &event, &demande).await?;
        let now = self.clock.now();
        let (issue, statut_sowell, motif) = split(&judged.decision);
        let push = (issue != EventIssue::Ignore).then(|| NewLivraison {
            id: Uuid::now_v7().to_string(),
            queue: event.uid.as_str().to_owned(),
            // A held event has no word yet: its delivery keeps the place in the queue, and is
            // not sent before the word is filled in.
            content: Content::Statut(push(
                &event,
                &demande,
                statut_sowell.as_deref().unwrap_or_default(),
                now,
            )),
        });
        let livraison = push.as_ref().map(|it| it.id.clone());
        let recorded = self
            .store
            .record_event(NewEvent {
                id: Uuid::now_v7().to_string(),
                event,
                issue,
                statut_sowell: statut_sowell.clone(),
                motif: motif.clone(),
                version: generation.version.clone(),
                trace: written(&judged.trace),
                push,
                courriels: judged.courriels,
                received_at: now,
            })
            .await?;
        if recorded == EventRecorded::Written {
            self.outbox.give();
        }
        match (recorded, judged.decision) {
            (EventRecorded::Seen(before), decision) => seen(before, decision),
            (EventRecorded::Written, StatutDecision::Translate { statut_sowell }) => {
                Ok(StatutReceived::Accepted {
                    livraison: livraison.unwrap_or_default(),
                    statut_sowell,
                })
            }
            (EventRecorded::Written, StatutDecision::Ignore { motif }) => {
                Ok(StatutReceived::Nothing { motif })
            }
            (EventRecorded::Written, StatutDecision::Unknown(faults)) => {
                Err(OutboundError::Held(faults))
            }
        }
    }

    /// Takes a reading of a demande's status in: it is an event only where it tells something new.
    ///
    /// # Errors
    /// As for [`Outbound::receive`].
    pub async fn read(&self, change: Change) -> Result<(), OutboundError> {
        let Change { mut event, at } = change;
        if let Some(demande) = self.store.find_demande(&event.uid).await? {
            let last = self.store.last_event(&event.uid).await?.map(|it| it.event);
            let known = match &last {
                Some(last) => last.statut == event.statut && last.resultat == event.resultat,
                None => demande.content.statut == event.statut,
            };
            let date = last.and_then(|it| instant::parse(&it.date?));
            // The CRM's own call may have told of a later change meanwhile.
            if known || date.is_some_and(|date| date > at) {
                return Ok(());
            }
        }
        event.date.get_or_insert_with(|| at.to_rfc3339());
        event.evenement.get_or_insert_with(|| {
            let resultat = event.resultat.as_deref().unwrap_or_default();
            format!("{} {resultat} {}", event.statut, at.timestamp_millis())
        });
        self.receive(event).await.map(|_| ())
    }

    /// An event about a demande that the daemon does not know: somebody else's, a mistake, or one
    /// that a remote CRM created without our having its answer.
    async fn foreign(
        &self,
        event: &StatutEvent,
        generation: &Generation,
    ) -> Result<StatutReceived, OutboundError> {
        let ours = &generation.rules.statuts.canal;
        match &event.canal {
            Some(canal) if canal != ours => Ok(StatutReceived::Nothing {
                motif: format!("le canal de la demande est « {canal} » et non « {ours} »"),
            }),
            _ if self.store.any_in_doubt().await? => Err(OutboundError::MayBeCreated),
            // It may have been settled between the two looks.
            _ if self.store.find_demande(&event.uid).await?.is_some() => {
                Err(OutboundError::MayBeCreated)
            }
            _ => Err(OutboundError::UnknownUid),
        }
    }

    /// Judges the held events anew, after the rules have changed.
    ///
    /// # Errors
    /// When the held events cannot be read; one that cannot be judged is logged and left.
    pub async fn release_held(&self) -> Result<(), OutboundError> {
        let generation = self.rules.generation();
        for held in self.store.held_events().await? {
            let id = held.id.clone();
            // One that cannot be judged must not keep the others behind it.
            if let Err(error) = self.release_one(&generation, held).await {
                tracing::error!(id, %error, "a held status was not looked at");
            }
        }
        Ok(())
    }

    async fn release_one(
        &self,
        generation: &Arc<Generation>,
        held: StoredEvent,
    ) -> Result<(), OutboundError> {
        let Some(demande) = self.store.find_demande(&held.event.uid).await? else {
            return Ok(());
        };
        let judged = self.judge(generation, &held.event, &demande).await?;
        let (issue, statut_sowell, motif) = split(&judged.decision);
        if issue == EventIssue::Retenu {
            return Ok(());
        }
        let push = statut_sowell
            .as_deref()
            .map(|word| push(&held.event, &demande, word, held.received_at));
        tracing::info!(uid = held.event.uid.as_str(), "a held status is known now");
        self.store
            .release_event(Release {
                id: held.id,
                issue,
                statut_sowell,
                motif,
                version: generation.version.clone(),
                trace: written(&judged.trace),
                push,
                courriels: judged.courriels,
                at: self.clock.now(),
            })
            .await?;
        self.outbox.give();
        Ok(())
    }

    /// The rules' judgement, and the e-mails that go with it.
    async fn judge(
        &self,
        generation: &Arc<Generation>,
        event: &StatutEvent,
        demande: &Demande,
    ) -> Result<Judged, OutboundError> {
        let stored = self.store.find_submission(&demande.signalement).await?;
        let signalement = stored.and_then(|it| (self.read_stored)(&it.payload, it.fichiers.len()));
        if signalement.is_none() {
            tracing::warn!(
                uid = demande.uid.as_str(),
                "no acknowledgement: what SoWell sent is no longer kept"
            );
        }
        let rules = Arc::clone(&generation.rules);
        let generation = Arc::clone(generation);
        let (event, demande) = (event.clone(), demande.clone());
        let work = move || {
            let canal = event.canal.as_deref().unwrap_or(&demande.content.canal);
            let (decision, mut trace) = decide::statut(&generation.rules, &event, canal);
            let after = decide::after(&event, &demande.content);
            let occasion = Occasion::of_statut(&event, &decision, &after);
            let mut courriels = Vec::new();
            if let (Some(signalement), Some(occasion)) = (&signalement, occasion) {
                let about = demande.uid.as_str();
                (courriels, trace) =
                    acknowledge::courriels(&generation, signalement, occasion, trace, about);
            }
            Judged {
                decision,
                trace,
                courriels,
            }
        };
        let judged = on_the_spot::run(&rules.pace, work).await;
        judged.map_err(|error| OutboundError::Fault(format!("the decision did not end: {error}")))
    }
}

fn seen(before: EventIssue, decision: StatutDecision) -> Result<StatutReceived, OutboundError> {
    match (before, decision) {
        (EventIssue::Retenu, StatutDecision::Unknown(faults)) => Err(OutboundError::Held(faults)),
        _ => Ok(StatutReceived::Nothing {
            motif: "cet événement a déjà été reçu".into(),
        }),
    }
}

fn split(decision: &StatutDecision) -> (EventIssue, Option<String>, Option<String>) {
    match decision {
        StatutDecision::Translate { statut_sowell } => {
            (EventIssue::Accepte, Some(statut_sowell.clone()), None)
        }
        StatutDecision::Ignore { motif } => (EventIssue::Ignore, None, Some(motif.clone())),
        StatutDecision::Unknown(faults) => {
            let details: Vec<&str> = faults.iter().map(|it| it.detail.as_str()).collect();
            (EventIssue::Retenu, None, Some(details.join(" ; ")))
        }
    }
}

fn push(
    event: &StatutEvent,
    demande: &Demande,
    statut_sowell: &str,
    received_at: chrono::DateTime<chrono::Utc>,
) -> StatutPush {
    let now = || received_at.to_rfc3339_opts(chrono::SecondsFormat::Millis, true);
    StatutPush {
        uid: event.uid.as_str().to_owned(),
        statut: statut_sowell.to_owned(),
        statut_crm: event.statut.clone(),
        date: event.date.clone().unwrap_or_else(now),
        commentaire: event.commentaire.clone(),
        lien_sowell: demande.content.lien_sowell.clone(),
    }
}
