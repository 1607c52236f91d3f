//! Tasks that daemons sharing a database do in turn: purging, sweeping.

use async_trait::async_trait;
use chrono::{DateTime, Duration, Utc};
use strum::{EnumIter, IntoStaticStr};

use crate::domain::ports::StoreError;

/// The part of the store that keeps the database in order.
#[async_trait]
pub trait Upkeep: Send + Sync {
    /// Takes a task that only one daemon at a time may do; `None` while another daemon is doing it. It is
    /// released when the returned value is dropped or the process dies.
    async fn turn(&self, work: Work) -> Result<Option<Turn>, StoreError>;

    /// Deletes up to `limit` items of a kind from before an instant and returns how many. Identities, keys,
    /// demandes and dead letters are never deleted.
    async fn purge(&self, what: Kept, before: DateTime<Utc>, limit: u32)
    -> Result<u64, StoreError>;

    /// How many items [`Self::purge`] would delete.
    async fn count_purgeable(&self, what: Kept, before: DateTime<Utc>) -> Result<u64, StoreError>;

    /// Which of these stored photos belong to no signalement.
    async fn unnamed_files(&self, names: Vec<String>) -> Result<Vec<String>, StoreError>;

    /// Records that photos are about to be removed, and returns them, except those that a signalement has come
    /// to name. Until [`REMOVAL_WINDOW`] has passed, a signalement with one of them is refused with
    /// [`StoreError::Busy`].
    async fn begin_removal(
        &self,
        names: Vec<String>,
        at: DateTime<Utc>,
    ) -> Result<Vec<String>, StoreError>;

    /// The name of this database, created at the first call: the same for every daemon that shares it and in
    /// its backups, different for any other database.
    async fn identity(&self) -> Result<String, StoreError>;

    /// Releases every claim, including the one on the CRM's list, so that the work of a killed process need not
    /// wait for its leases to expire. Only for a store that no other daemon uses.
    async fn release_claims(&self) -> Result<(), StoreError>;

    /// Caps every retry, pause and creation wait at `latest`, including delays a partner asked for, and every
    /// lease at `leased`. Used after a clock step. Waits that need an operator are unchanged.
    async fn wait_no_longer(
        &self,
        latest: DateTime<Utc>,
        leased: DateTime<Utc>,
    ) -> Result<(), StoreError>;

    /// Puts everything that was committed where other programs look for it, such as SQLite's database file instead
    /// of its log. For the end of a process; nothing is lost without it.
    async fn checkpoint(&self) -> Result<(), StoreError>;

    /// Whether the database can be read and written.
    async fn ping(&self) -> Result<(), StoreError>;
}

/// What is kept only for a while, in the order of the settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumIter, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum Kept {
    /// The steps of decisions.
    Traces,
    /// What SoWell sent, once it is a demande. Other payloads are kept, since they may be decided again.
    Payloads,
    /// Deliveries, once delivered.
    Deliveries,
}

impl Kept {
    /// The word in the settings, the metrics and the logs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// How long removing a photo may take from the moment it is recorded, including clock differences: anything
/// received after that finds the removal finished.
pub const REMOVAL_WINDOW: Duration = Duration::minutes(2);

/// A task that only one of the daemons sharing a database does at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Work {
    /// Looking for photos that no signalement names.
    Sweep,
    /// Deleting what has passed its retention period.
    Purge,
}

/// The right to do a [`Work`], until it is dropped.
pub type Turn = Box<dyn Send>;
