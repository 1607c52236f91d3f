//! What the flows need from the outside world, as traits; [`crate::adapters`] implements each.
//!
//! Every port is object-safe: the composition root picks an implementation from the settings, and the tests
//! pick a fake, with no type parameters in between.

mod creations;
mod crm;
mod events;
mod files;
mod outbox;
mod partners;
mod past;
mod polls;
mod replicas;
mod signalements;
mod sources;
mod tokens;
mod upkeep;
mod versions;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use crate::domain::reason::Phrase;

pub use self::creations::{
    ApartCount, CreationClaim, PendingCreation, PendingCreations, PendingKey, Reservation,
    Reserved, Settled, SettledCreation, Settlement, Wait,
};
pub use self::crm::{
    Capabilities, Change, ChangePage, ChangeQuery, CreateDemande, Created, Crm, CrmError,
    DuplicateGuard, LONGEST_RETRY_AFTER, RemoteCrm,
};
pub use self::events::{EventRecorded, Events, NewEvent, Release};
pub use self::files::{Files, FilesError};
pub use self::outbox::{IfOvertaken, LivraisonCount, Moment, Outbox, Pause, Resume, RetryOutcome};
pub use self::partners::{
    EXCERPT_CHARS, MailError, MailFailure, Mailer, Message, Reply, ReplyMeaning, Sowell,
    Unreachable,
};
pub use self::past::{History, Page, PastEvent, PastPayload, PastSignalement};
pub use self::polls::{PollClaim, Polls};
pub use self::replicas::{Replica, Replicas};
pub use self::signalements::{
    BoundKey, Creation, IdempotencyKey, NewRecord, Recorded, SignalementSummary, SignalementView,
    Signalements, StatutView, StoredSubmission, StoredTrace,
};
pub use self::sources::{FileSet, Source, SourceError};
pub use self::tokens::{Client, IfExists, Tokens};
pub use self::upkeep::{Kept, REMOVAL_WINDOW, Turn, Work};
pub use self::versions::{StoredVersion, VersionSummary, Versions};

/// The wall clock. A port, so that tests can set the time.
pub trait Clock: Send + Sync {
    /// The current time.
    fn now(&self) -> DateTime<Utc>;
}

/// The daemon's database.
///
/// A method that writes returns only once its commit has reached the disk.
#[async_trait]
pub trait Store:
    Signalements
    + History
    + Events
    + Versions
    + Tokens
    + Outbox
    + PendingCreations
    + Polls
    + Replicas
    + Send
    + Sync
{
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

    /// Deletes up to `limit` items of a kind from before an instant and returns how many. Identities, keys,
    /// demandes and dead letters are never deleted.
    async fn purge(&self, what: Kept, before: DateTime<Utc>, limit: u32)
    -> Result<u64, StoreError>;

    /// How many items [`Self::purge`] would delete.
    async fn count_purgeable(&self, what: Kept, before: DateTime<Utc>) -> Result<u64, StoreError>;

    /// The name of this database, created at the first call: the same for every daemon that shares it and in
    /// its backups, different for any other database.
    async fn identity(&self) -> Result<String, StoreError>;

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

    /// Takes a task that only one daemon at a time may do; `None` while another daemon is doing it. It is
    /// released when the returned value is dropped or the process dies.
    async fn turn(&self, work: Work) -> Result<Option<Turn>, StoreError>;

    /// Whether the database can be read and written.
    async fn ping(&self) -> Result<(), StoreError>;
}

/// Why a store operation failed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// Temporarily unavailable: a full disk, a lock, a lost connection.
    #[error("{we_say}{0}", we_say = Phrase::DatabaseUnavailable)]
    Unavailable(String),
    /// This write is not possible now; others are.
    #[error("{we_say}{0}", we_say = Phrase::DatabaseBusy)]
    Busy(String),
    /// It will never work: a bug of ours.
    #[error("{we_say}{0}", we_say = Phrase::DatabaseFault)]
    Fault(String),
}
