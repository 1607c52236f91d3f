//! Status events, as the store takes them.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use crate::domain::demande::Uid;
use crate::domain::livraison::{NewLivraison, StatutPush};
use crate::domain::ports::StoreError;
use crate::domain::statut::{EventIssue, StatutEvent, StoredEvent};

/// The part of the store that keeps judged events.
#[async_trait]
pub trait Events: Send + Sync {
    /// Commits a judged event and its deliveries, unless it was already received.
    async fn record_event(&self, event: NewEvent) -> Result<EventRecorded, StoreError>;

    /// Up to `limit` events whose status the rules did not know, oldest first, accepted after this position in
    /// the order of all events.
    async fn held_events(&self, after: i64, limit: u32) -> Result<Vec<StoredEvent>, StoreError>;

    /// The untranslated statuses that hold deliveries back, most frequent first.
    async fn count_held(&self, limit: u32) -> Result<Vec<HeldCount>, StoreError>;

    /// Commits the outcome of a held event.
    async fn release_event(&self, release: Release) -> Result<(), StoreError>;
}

/// A judged event, to be committed all or nothing.
#[derive(Debug, Clone)]
pub struct NewEvent {
    /// The daemon's identifier.
    pub id: String,
    /// The event as received from the CRM.
    pub event: StatutEvent,
    /// Its comment (empty if it has none) if the rules decide by it: an event without an id but with a
    /// different comment is then not a repeat. `None` if the comment decides nothing.
    pub deciding_comment: Option<String>,
    /// The rules' decision.
    pub issue: EventIssue,
    /// SoWell's word for the status.
    pub statut_sowell: Option<String>,
    /// Why nothing is sent, in French.
    pub motif: Option<String>,
    /// The version that decided.
    pub version: String,
    /// The decision's trace, encoded.
    pub trace: String,
    /// The status for SoWell; for a held event it keeps the place in the queue.
    pub push: Option<NewLivraison>,
    /// E-mails to send with it.
    pub courriels: Vec<NewLivraison>,
    /// When it was received.
    pub received_at: DateTime<Utc>,
    /// For a status read from the CRM: do not record it if an event of the demande was accepted after this
    /// position, because the reading may be older than that event. `None` for events that the CRM sends.
    pub unless_after: Option<i64>,
}

/// The outcome of recording a [`NewEvent`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventRecorded {
    /// Committed, at this position in the order of all events.
    Written(i64),
    /// Already received, with this outcome; nothing is sent for it again.
    Seen(EventIssue),
    /// Another event was accepted meanwhile, see [`NewEvent::unless_after`]; nothing was written.
    Overtaken,
}

/// How many deliveries a status holds back because the rules do not translate it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldCount {
    /// The CRM's word for the status.
    pub statut: String,
    /// Number of deliveries.
    pub count: i64,
    /// Number of those whose event has no result.
    pub without_resultat: i64,
    /// Number of those whose event has no comment.
    pub without_commentaire: i64,
}

/// A held event whose status the rules now know.
#[derive(Debug, Clone)]
pub struct Release {
    /// The daemon's identifier of the event.
    pub id: String,
    /// Its demande.
    pub uid: Uid,
    /// Accepted or ignored.
    pub issue: EventIssue,
    /// SoWell's word for the status.
    pub statut_sowell: Option<String>,
    /// Why nothing is sent, in French.
    pub motif: Option<String>,
    /// The version that decided.
    pub version: String,
    /// The decision's trace, encoded.
    pub trace: String,
    /// What to send; `None` if the event is ignored.
    pub push: Option<StatutPush>,
    /// E-mails to send with it.
    pub courriels: Vec<NewLivraison>,
    /// When it was released.
    pub at: DateTime<Utc>,
}
