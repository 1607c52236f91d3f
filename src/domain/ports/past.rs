//! What was decided, to be decided again.

use chrono::{DateTime, Utc};

use crate::domain::demande::NewDemande;
use crate::domain::statut::StatutEvent;

/// A signalement of the past, enough to ask what other rules would make of it.
#[derive(Debug, Clone)]
pub struct PastSignalement {
    /// Its place among all, for the page that comes after it.
    pub position: i64,
    /// Its demande's UID, or its own identity where it has none.
    pub name: String,
    /// What was received.
    pub received: PastPayload,
}

/// A status event of the past, enough to ask what other rules would make of it.
#[derive(Debug, Clone)]
pub struct PastEvent {
    /// Its place among all, for the page that comes after it.
    pub position: i64,
    /// What the CRM said.
    pub event: StatutEvent,
    /// The demande that it speaks of.
    pub demande: NewDemande,
    /// The signalement that the demande came from.
    pub received: PastPayload,
}

/// What is kept of a received body.
#[derive(Debug, Clone)]
pub struct PastPayload {
    /// The received JSON without its photos.
    pub json: String,
    /// How many photos came with it.
    pub photos: usize,
}

/// A page of the past, the newest first.
#[derive(Debug, Clone, Copy)]
pub struct Page {
    /// What stands before this position; `None` for the newest.
    pub before: Option<i64>,
    /// What was received since.
    pub since: Option<DateTime<Utc>>,
    /// At most so many.
    pub limit: u32,
}
