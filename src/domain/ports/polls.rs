//! How far the CRM's list of changes has been read, as the store keeps it.

use async_trait::async_trait;
use chrono::{DateTime, Duration, Utc};

use crate::domain::demande::Uid;
use crate::domain::ports::StoreError;
use crate::domain::statut::StoredEvent;

/// The part of the store that a poller of the CRM needs.
#[async_trait]
pub trait Polls: Send + Sync {
    /// Takes the right to read the list for `lease`; `None` while another has it.
    async fn claim_poll(
        &self,
        now: DateTime<Utc>,
        lease: Duration,
    ) -> Result<Option<PollClaim>, StoreError>;

    /// Holds the claim for another `lease` from `now` on; `false` where another has taken it.
    async fn renew_poll(
        &self,
        claim: &PollClaim,
        now: DateTime<Utc>,
        lease: Duration,
    ) -> Result<bool, StoreError>;

    /// Keeps how far the list is read and ends the claim; `false`, and nothing is kept, where
    /// another has taken it.
    async fn finish_poll(
        &self,
        claim: &PollClaim,
        seen_until: Option<DateTime<Utc>>,
    ) -> Result<bool, StoreError>;

    /// The event of a demande that was received last, whatever became of it.
    async fn last_event(&self, uid: &Uid) -> Result<Option<StoredEvent>, StoreError>;
}

/// The right to read the list of changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PollClaim {
    /// Tells this claim from a later one.
    pub fence: i64,
    /// Up to when every change is known, by the CRM's clock; `None` before the first reading.
    pub seen_until: Option<DateTime<Utc>>,
    /// When the first signalement that became a demande was received, by our clock; asked before the
    /// first reading only.
    pub first_demande: Option<DateTime<Utc>>,
    /// The place of the newest event that was accepted before the claim; 0 before the first.
    pub newest_event: i64,
}
