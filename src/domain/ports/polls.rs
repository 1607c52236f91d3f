//! How far the CRM's list of changes has been read, as the store keeps it.

use async_trait::async_trait;
use chrono::{DateTime, Duration, Utc};

use crate::domain::demande::Uid;
use crate::domain::ports::StoreError;
use crate::domain::statut::StoredEvent;

/// The part of the store used by the poller of the CRM.
#[async_trait]
pub trait Polls: Send + Sync {
    /// Claims the right to read the list for `lease`; `None` while another worker has it.
    async fn claim_poll(
        &self,
        now: DateTime<Utc>,
        lease: Duration,
    ) -> Result<Option<PollClaim>, StoreError>;

    /// Extends the claim to `lease` from `now`; `false` if another worker has taken it.
    async fn renew_poll(
        &self,
        claim: &PollClaim,
        now: DateTime<Utc>,
        lease: Duration,
    ) -> Result<bool, StoreError>;

    /// Stores how far the list has been read and ends the claim; `false`, and nothing is stored, if another
    /// worker has taken it.
    async fn finish_poll(
        &self,
        claim: &PollClaim,
        seen_until: Option<DateTime<Utc>>,
    ) -> Result<bool, StoreError>;

    /// The most recently received event of a demande, whatever its outcome.
    async fn last_event(&self, uid: &Uid) -> Result<Option<StoredEvent>, StoreError>;
}

/// The right to read the list of changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PollClaim {
    /// Distinguishes this claim from a later one.
    pub fence: i64,
    /// Every change up to then is known, by the CRM's clock; `None` before the first reading.
    pub seen_until: Option<DateTime<Utc>>,
    /// When the first signalement that became a demande was received, by our clock; only fetched before the
    /// first reading.
    pub first_demande: Option<DateTime<Utc>>,
    /// The position of the newest event accepted before the claim; 0 if there is none.
    pub newest_event: i64,
}
