//! Past decisions, to be made again with other rules.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use crate::domain::demande::NewDemande;
use crate::domain::ports::StoreError;
use crate::domain::statut::StatutEvent;

/// The part of the store that keeps past decisions.
#[async_trait]
pub trait History: Send + Sync {
    /// A page of past signalements, whatever their outcome.
    async fn past_signalements(&self, page: Page) -> Result<Vec<PastSignalement>, StoreError>;

    /// A page of past status events, whatever their outcome.
    async fn past_events(&self, page: Page) -> Result<Vec<PastEvent>, StoreError>;

    /// The numbers of signalements and of status events received since then (`None`: ever).
    async fn count_past(&self, since: Option<DateTime<Utc>>) -> Result<(u64, u64), StoreError>;
}

/// A past signalement, with what is needed to decide it under other rules.
#[derive(Debug, Clone)]
pub struct PastSignalement {
    /// Its position in the order of all, for fetching the next page.
    pub position: i64,
    /// Its demande's UID, or its own identity if it has none.
    pub name: String,
    /// The received body.
    pub received: PastPayload,
}

/// A past status event, with what is needed to decide it under other rules.
#[derive(Debug, Clone)]
pub struct PastEvent {
    /// Its position in the order of all, for fetching the next page.
    pub position: i64,
    /// The event as received from the CRM.
    pub event: StatutEvent,
    /// The demande that it concerns.
    pub demande: NewDemande,
    /// The signalement that the demande came from.
    pub received: PastPayload,
}

/// The stored part of a received body.
#[derive(Debug, Clone)]
pub struct PastPayload {
    /// The received JSON without its photos.
    pub json: String,
    /// How many photos came with it.
    pub photos: usize,
}

/// A page of the past, newest first.
#[derive(Debug, Clone, Copy)]
pub struct Page {
    /// Only what comes before this position; `None` for the newest.
    pub before: Option<i64>,
    /// Only what was received since; `None` for everything.
    pub since: Option<DateTime<Utc>>,
    /// Maximum number of items.
    pub limit: u32,
}
