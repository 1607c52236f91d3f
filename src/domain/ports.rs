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

use std::time::Duration;

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
pub use self::events::{EventRecorded, Events, HeldCount, NewEvent, Release};
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
pub use self::upkeep::{Kept, REMOVAL_WINDOW, Turn, Upkeep, Work};
pub use self::versions::{StoredVersion, VersionSummary, Versions};

/// How long a ping of the database or of the photo store may take. A longer one counts as no answer, for every caller
/// and however it ends: what works more slowly than this is of no use to SoWell either.
pub const PING_LIMIT: Duration = Duration::from_secs(5);

/// The wall clock. A port, so that tests can set the time.
pub trait Clock: Send + Sync {
    /// The current time.
    fn now(&self) -> DateTime<Utc>;
}

/// The daemon's database.
///
/// A method that writes returns only once its commit has reached the disk.
pub trait Store:
    Signalements
    + History
    + Events
    + Outbox
    + PendingCreations
    + Polls
    + Versions
    + Tokens
    + Replicas
    + Upkeep
{
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
