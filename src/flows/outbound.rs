//! Takes in a status from the CRM: translate, store, and put a delivery for SoWell in the outbox.

mod held;

use std::sync::Arc;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::domain::demande::Demande;
use crate::domain::fault::{self, Fault};
use crate::domain::instant;
use crate::domain::livraison::{Content, NewLivraison, StatutPush};
use crate::domain::ports::{Change, Clock, EventRecorded, NewEvent, Store, StoreError};
use crate::domain::signalement::Signalement;
use crate::domain::statut::{ALREADY_RECEIVED, EventIssue, StatutEvent, StoredEvent};
use crate::flows::acknowledge::{self, written};
use crate::flows::hint::Hint;
use crate::flows::managers::Managers;
use crate::flows::offload;
use crate::flows::panics::BrokeOff;
use crate::flows::rules::Rules;
use crate::rules::compile::Generation;
use crate::rules::decide::{self, Occasion, StatutDecision};
use crate::rules::trace::Trace;

pub use held::Looked;

/// The successful outcomes, as returned to the CRM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StatutReceived {
    /// It will be sent to SoWell.
    Accepted {
        /// Identifier of the delivery.
        livraison: String,
        /// SoWell's word for the status.
        statut_sowell: String,
    },
    /// There is nothing to send to SoWell.
    Nothing {
        /// Why, in French.
        motif: String,
    },
}

/// The failed outcomes.
#[derive(Debug, thiserror::Error)]
pub enum OutboundError {
    /// There is no such demande.
    #[error("unknown uid")]
    UnknownUid,
    /// It does not exist yet, but a creation is in doubt and may turn out to be this one.
    #[error("unknown uid, while a creation is in doubt")]
    MayBeCreated,
    /// The rules do not know the status; the event is kept until they do.
    #[error("the rules do not know this status")]
    Held(Vec<Fault>),
    /// The database could not be written or read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A bug of ours.
    #[error("{0}")]
    Fault(String),
}

/// Reads a stored signalement back from its payload and its number of photos: the payload is a wire format, so
/// an adapter does it.
pub type ReadStored = fn(&str, usize) -> Option<Signalement>;

/// The outbound flow, up to the outbox.
pub struct Outbound {
    /// The daemon's database.
    pub store: Arc<dyn Store>,
    /// The wall clock.
    pub clock: Arc<dyn Clock>,
    /// The rules in force.
    pub rules: Arc<dyn Rules>,
    /// Reads a stored signalement back.
    pub read_stored: ReadStored,
    /// Wakes the delivery workers.
    pub outbox: Hint,
    /// The managers that only the CRM knows.
    pub managers: Arc<Managers>,
}

/// The result of reading one change in the CRM's list.
enum Reading {
    /// It is already known, or does not concern us.
    Nothing,
    /// A change, accepted at this position in the order of all events.
    Event(i64),
    /// An event arrived after the reading began: only another reading can tell which is newer.
    Overtaken,
}

/// The rules' decision about an event.
struct Judged {
    decision: StatutDecision,
    trace: Trace,
    courriels: Vec<NewLivraison>,
}

impl Outbound {
    /// Takes in a status change sent by the CRM.
    ///
    /// # Errors
    /// See [`OutboundError`].
    pub async fn receive(&self, event: StatutEvent) -> Result<StatutReceived, OutboundError> {
        let generation = self.rules.generation();
        let Some(demande) = self.store.find_demande(&event.uid).await? else {
            let motif = self.foreign(&event, &generation).await?;
            return Ok(StatutReceived::Nothing { motif });
        };
        let (new, decision) = self.prepare(&generation, event, &demande).await?;
        let livraison = new.push.as_ref().map(|it| it.id.clone());
        match (self.record(new).await?, decision) {
            (EventRecorded::Seen(before), decision) => seen(before, decision),
            (_, StatutDecision::Translate { statut_sowell }) => Ok(StatutReceived::Accepted {
                livraison: livraison.unwrap_or_default(),
                statut_sowell,
            }),
            (_, StatutDecision::Ignore { motif }) => Ok(StatutReceived::Nothing { motif }),
            (_, StatutDecision::Unknown(faults)) => Err(OutboundError::Held(faults)),
        }
    }

    /// Takes in what one reading of the CRM's list says about one demande, oldest first; each entry becomes an
    /// event only if it is new. `newest_event` is the position of the newest event that existed before the
    /// reading began.
    ///
    /// Returns the instant from which the CRM must be read again, if part of it cannot be used yet.
    ///
    /// # Errors
    /// When the database could not be read or written, or the rules failed.
    pub async fn read(
        &self,
        changes: Vec<Change>,
        mut newest_event: i64,
    ) -> Result<Option<DateTime<Utc>>, OutboundError> {
        let shown_until = changes.iter().map(|it| it.at).max().unwrap_or_default();
        for change in changes {
            let at = change.at;
            match self.read_one(change, shown_until, newest_event).await {
                // Already known, or not one of our demandes.
                Ok(Reading::Nothing) | Err(OutboundError::UnknownUid) => {}
                Ok(Reading::Event(place)) => newest_event = place,
                // It may be older than what the CRM sent meanwhile, or concern one of our demandes whose UID is
                // not known yet.
                Ok(Reading::Overtaken) | Err(OutboundError::MayBeCreated) => return Ok(Some(at)),
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }

    /// Processes one change of a demande. `shown_until` is the date of its newest change in the list.
    async fn read_one(
        &self,
        change: Change,
        shown_until: DateTime<Utc>,
        newest_event: i64,
    ) -> Result<Reading, OutboundError> {
        let Change { mut event, at } = change;
        let generation = self.rules.generation();
        let Some(demande) = self.store.find_demande(&event.uid).await? else {
            return self
                .foreign(&event, &generation)
                .await
                .map(|_| Reading::Nothing);
        };
        let last = self.store.last_event(&event.uid).await?;
        // A list without comments says nothing about them.
        let comment = decide::deciding_comment(&generation.rules, &event)
            .filter(|_| event.commentaire.is_some());
        let known = match &last {
            Some(StoredEvent { event: last, .. }) => {
                last.statut == event.statut
                    && last.resultat == event.resultat
                    && comment
                        .is_none_or(|it| it == last.commentaire.as_deref().unwrap_or_default())
            }
            None => demande.content.statut == event.statut,
        };
        // By the CRM's own clock, what we know may be newer than what its list shows.
        let date = last.as_ref().and_then(|it| dated(it, shown_until));
        if known || date.is_some_and(|date| date > at) {
            return Ok(Reading::Nothing);
        }
        if last.is_some_and(|it| it.sequence > newest_event) {
            return Ok(Reading::Overtaken);
        }
        event.date.get_or_insert_with(|| instant::in_utc(at));
        event.evenement.get_or_insert_with(|| {
            let resultat = event.resultat.as_deref().unwrap_or_default();
            format!("{} {resultat} {}", event.statut, at.timestamp_millis())
        });
        let (mut new, _) = self.prepare(&generation, event, &demande).await?;
        new.unless_after = Some(newest_event);
        Ok(match self.record(new).await? {
            EventRecorded::Written(place) => Reading::Event(place),
            EventRecorded::Seen(_) => Reading::Nothing,
            EventRecorded::Overtaken => Reading::Overtaken,
        })
    }

    /// Applies the rules to an event and prepares it for commit.
    async fn prepare(
        &self,
        generation: &Arc<Generation>,
        mut event: StatutEvent,
        demande: &Demande,
    ) -> Result<(NewEvent, StatutDecision), OutboundError> {
        event
            .canal
            .get_or_insert_with(|| demande.content.canal.clone());
        let judged = self.judge(generation, &event, demande).await?;
        let now = self.clock.now();
        let (issue, statut_sowell, motif) = split(&judged.decision);
        let push = (issue != EventIssue::Ignore).then(|| NewLivraison {
            id: Uuid::now_v7().to_string(),
            queue: event.uid.as_str().to_owned(),
            // A held event has no word yet: its delivery keeps the place in the queue, and is not sent until
            // the word is filled in.
            content: Content::Statut(push(
                &event,
                demande,
                statut_sowell.as_deref().unwrap_or_default(),
                now,
            )),
        });
        let new = NewEvent {
            id: Uuid::now_v7().to_string(),
            deciding_comment: decide::deciding_comment(&generation.rules, &event),
            event,
            issue,
            statut_sowell,
            motif,
            version: generation.version.clone(),
            trace: written(&judged.trace),
            push,
            courriels: judged.courriels,
            received_at: now,
            unless_after: None,
        };
        Ok((new, judged.decision))
    }

    async fn record(&self, new: NewEvent) -> Result<EventRecorded, OutboundError> {
        let recorded = self.store.record_event(new).await?;
        if let EventRecorded::Written(_) = recorded {
            self.outbox.notify();
        }
        Ok(recorded)
    }

    /// An event about a demande that the daemon does not know: someone else's, a mistake, or one that a remote
    /// CRM created without our receiving its answer. Returns why there is nothing to do about it, in French.
    pub(super) async fn foreign(
        &self,
        event: &StatutEvent,
        generation: &Generation,
    ) -> Result<String, OutboundError> {
        let ours = &generation.rules.statuts.canal;
        match &event.canal {
            Some(canal) if canal != ours => Ok(format!(
                "le canal de la demande est « {canal} » et non « {ours} »"
            )),
            _ if self.store.any_in_doubt().await? => Err(OutboundError::MayBeCreated),
            // It may have been settled between the two look-ups.
            _ if self.store.find_demande(&event.uid).await?.is_some() => {
                Err(OutboundError::MayBeCreated)
            }
            _ => Err(OutboundError::UnknownUid),
        }
    }

    /// The rules' judgement, and the e-mails that go with it. If the rules do not know the status, nothing more
    /// is asked.
    async fn judge(
        &self,
        generation: &Arc<Generation>,
        event: &StatutEvent,
        demande: &Demande,
    ) -> Result<Judged, OutboundError> {
        let rules = Arc::clone(&generation.rules);
        let (of_rules, of_event) = (Arc::clone(&rules), event.clone());
        let created_on = demande.content.canal.clone();
        let work = move || {
            let canal = decide::channel(&of_rules, &of_event, &created_on);
            decide::statut(&of_rules, &of_event, canal)
        };
        let decided = offload::run(&rules.pace, work).await;
        let (decision, trace) = decided.map_err(|error| unended(&error))?;
        let mut judged = Judged {
            decision,
            trace,
            courriels: Vec::new(),
        };
        if let StatutDecision::Unknown(_) = judged.decision {
            return Ok(judged);
        }
        let stored = self.store.find_submission(&demande.signalement).await?;
        let signalement = stored.and_then(|it| (self.read_stored)(&it.payload, it.fichiers.len()));
        let Some(signalement) = signalement else {
            tracing::warn!(
                uid = demande.uid.as_str(),
                "no acknowledgement: what SoWell sent is no longer kept"
            );
            return Ok(judged);
        };
        let generation = self
            .managers
            .complete_if_told(generation, &signalement)
            .await;
        let (event, demande) = (event.clone(), demande.clone());
        let work = move || {
            let after = decide::after(&event, &demande.content);
            if let Some(occasion) = Occasion::of_statut(&event, &judged.decision, &after) {
                let about = demande.uid.as_str();
                (judged.courriels, judged.trace) = acknowledge::courriels(
                    &generation,
                    &signalement,
                    occasion,
                    judged.trace,
                    about,
                );
            }
            judged
        };
        let judged = offload::run(&rules.pace, work).await;
        judged.map_err(|error| unended(&error))
    }
}

/// The event's date, if plausible. A date later than anything in the CRM's own list is a mistake or a fast
/// clock; accepting it would hide every change until then.
fn dated(event: &StoredEvent, shown_until: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let date = instant::parse(event.event.date.as_deref()?)?.to_utc();
    let believed = date <= shown_until;
    Some(if believed {
        date
    } else {
        date.min(event.received_at)
    })
}

fn unended(error: &BrokeOff) -> OutboundError {
    OutboundError::Fault(format!("the decision did not end: {error}"))
}

fn seen(before: EventIssue, decision: StatutDecision) -> Result<StatutReceived, OutboundError> {
    match (before, decision) {
        (EventIssue::Retenu, StatutDecision::Unknown(faults)) => Err(OutboundError::Held(faults)),
        _ => Ok(StatutReceived::Nothing {
            motif: ALREADY_RECEIVED.into(),
        }),
    }
}

fn split(decision: &StatutDecision) -> (EventIssue, Option<String>, Option<String>) {
    match decision {
        StatutDecision::Translate { statut_sowell } => {
            (EventIssue::Accepte, Some(statut_sowell.clone()), None)
        }
        StatutDecision::Ignore { motif } => (EventIssue::Ignore, None, Some(motif.clone())),
        StatutDecision::Unknown(faults) => (EventIssue::Retenu, None, Some(fault::joined(faults))),
    }
}

fn push(
    event: &StatutEvent,
    demande: &Demande,
    statut_sowell: &str,
    received_at: DateTime<Utc>,
) -> StatutPush {
    let now = || instant::in_utc(received_at);
    StatutPush {
        uid: event.uid.as_str().to_owned(),
        statut: statut_sowell.to_owned(),
        statut_crm: event.statut.clone(),
        date: event.date.clone().unwrap_or_else(now),
        commentaire: event.commentaire.clone(),
        lien_sowell: demande.content.lien_sowell.clone(),
    }
}
