//! Status events, as the store takes them.

use chrono::{DateTime, Utc};

use crate::domain::demande::Uid;
use crate::domain::livraison::{NewLivraison, StatutPush};
use crate::domain::statut::{EventIssue, StatutEvent};

/// A judged event, to be committed whole.
#[derive(Debug, Clone)]
pub struct NewEvent {
    /// The daemon's identifier.
    pub id: String,
    /// What the CRM said.
    pub event: StatutEvent,
    /// Its comment, empty where it has none, if the rules decide by it: without an id, an event with
    /// another comment is then no repeat. `None` where the comment decides nothing.
    pub deciding_comment: Option<String>,
    /// What the rules made of it.
    pub issue: EventIssue,
    /// SoWell's word.
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
    /// What was read from the CRM counts only where no event of the demande was accepted after
    /// this place: the reading may be older than that event. `None` for what the CRM tells itself.
    pub unless_after: Option<i64>,
}

/// What became of a [`NewEvent`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventRecorded {
    /// It is committed, at this place in the order of all events.
    Written(i64),
    /// It was received before, and this became of it then; nothing is sent for it again.
    Seen(EventIssue),
    /// Another was accepted meanwhile, see [`NewEvent::unless_after`]; nothing was written.
    Overtaken,
}

/// A held event that the rules have come to know.
#[derive(Debug, Clone)]
pub struct Release {
    /// The daemon's identifier of the event.
    pub id: String,
    /// Its demande.
    pub uid: Uid,
    /// Accepted or ignored.
    pub issue: EventIssue,
    /// SoWell's word.
    pub statut_sowell: Option<String>,
    /// Why nothing is sent.
    pub motif: Option<String>,
    /// The version that decided.
    pub version: String,
    /// The decision's trace, encoded.
    pub trace: String,
    /// What to send; `None` where the event is ignored.
    pub push: Option<StatutPush>,
    /// E-mails to send with it.
    pub courriels: Vec<NewLivraison>,
    /// When it was released.
    pub at: DateTime<Utc>,
}
