//! What the flows need of the world, as traits; [`crate::adapters`] provides each.
//!
//! Every port is object-safe: the composition root picks an implementation from the settings, and
//! the tests pick a fake, without a type parameter anywhere in between.

mod creations;
mod crm;
mod events;
mod files;
mod outbox;
mod partners;
mod past;
mod polls;
mod signalements;
mod sources;
mod upkeep;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use crate::domain::demande::{Demande, Uid};
use crate::domain::reason::Phrase;
use crate::domain::signalement::{Etat, SignalementId};
use crate::domain::statut::StoredEvent;

pub use self::creations::{
    ApartCount, CreationClaim, PendingCreation, PendingCreations, PendingKey, Reservation,
    Reserved, Settled, SettledCreation, Settlement, Wait,
};
pub use self::crm::{
    Change, ChangePage, ChangeQuery, CreateDemande, Created, Crm, CrmError, DuplicateGuard,
    LONGEST_RETRY_AFTER, Remote,
};
pub use self::events::{EventRecorded, NewEvent, Release};
pub use self::files::{Files, FilesError};
pub use self::outbox::{IfOvertaken, LivraisonCount, Moment, Outbox, Pause, Resume, RetryOutcome};
pub use self::partners::{
    EXCERPT_CHARS, MailError, MailFailure, Mailer, Message, Reply, ReplyMeaning, Sowell,
    Unreachable,
};
pub use self::past::{Page, PastEvent, PastPayload, PastSignalement};
pub use self::polls::{PollClaim, Polls};
pub use self::signalements::{
    BoundKey, Client, Creation, IdempotencyKey, IfExists, NewRecord, Recorded, SignalementSummary,
    SignalementView, StatutView, StoredSubmission, StoredTrace,
};
pub use self::sources::{FileSet, Source, SourceError, StoredVersion, VersionSummary};
pub use self::upkeep::{Kept, REMOVAL_WINDOW, Replica, Turn, Work};

/// The time of day. A port, so that a test can hold it still.
pub trait Clock: Send + Sync {
    /// The instant now.
    fn now(&self) -> DateTime<Utc>;
}

/// The daemon's memory.
///
/// Every method that writes returns after its commit has reached the disk.
#[async_trait]
pub trait Store: Outbox + PendingCreations + Polls + Send + Sync {
    /// Commits a decided signalement, its demande, files, trace and e-mails, or nothing. The e-mails of
    /// one that is set aside as it was before are left out.
    async fn record(&self, record: NewRecord) -> Result<Recorded, StoreError>;

    /// The creation that owns the signalement's identity or the key, if any.
    async fn find_bound(
        &self,
        id: &SignalementId,
        key: Option<&IdempotencyKey>,
    ) -> Result<Option<BoundKey>, StoreError>;

    /// A signalement by its identity or its demande's UID.
    async fn find_signalement(
        &self,
        id_or_uid: &str,
    ) -> Result<Option<SignalementView>, StoreError>;

    /// Signalements in a state, or all those without a demande, newest first.
    async fn list_signalements(
        &self,
        etat: Option<Etat>,
        limit: u32,
    ) -> Result<Vec<SignalementSummary>, StoreError>;

    /// Signalements without a demande in a state, newest first: the next behind one of them.
    async fn signalements_before(
        &self,
        etat: Etat,
        before: Option<&SignalementSummary>,
        limit: u32,
    ) -> Result<Vec<SignalementSummary>, StoreError>;

    /// The traces of a signalement and of the events of its demande, oldest first; empty for an
    /// unknown identity or UID.
    async fn find_traces(&self, id_or_uid: &str) -> Result<Vec<StoredTrace>, StoreError>;

    /// Signalements of the past, whatever became of them.
    async fn past_signalements(&self, page: Page) -> Result<Vec<PastSignalement>, StoreError>;

    /// Status events of the past, whatever became of them.
    async fn past_events(&self, page: Page) -> Result<Vec<PastEvent>, StoreError>;

    /// How many signalements and status events were received since.
    async fn count_past(&self, since: Option<DateTime<Utc>>) -> Result<(u64, u64), StoreError>;

    /// What was received under this identity.
    async fn find_submission(
        &self,
        id: &SignalementId,
    ) -> Result<Option<StoredSubmission>, StoreError>;

    /// A demande with its photos.
    async fn find_demande(&self, uid: &Uid) -> Result<Option<Demande>, StoreError>;

    /// Commits a judged event and its deliveries, or finds that it was received before.
    async fn record_event(&self, event: NewEvent) -> Result<EventRecorded, StoreError>;

    /// At most `limit` events that the rules did not know, oldest first, of those that were accepted
    /// after this place in the order of all events.
    async fn held_events(&self, after: i64, limit: u32) -> Result<Vec<StoredEvent>, StoreError>;

    /// The statuses that keep deliveries back since the rules do not translate them, the most frequent
    /// first, and how many each.
    async fn count_held(&self, limit: u32) -> Result<Vec<(String, i64)>, StoreError>;

    /// Commits what became of a held event.
    async fn release_event(&self, release: Release) -> Result<(), StoreError>;

    /// Gives back every claim, the one on the CRM's list included. Only for a store that no other daemon uses: what a process held
    /// when it was killed need not wait for its leases then.
    async fn release_claims(&self) -> Result<(), StoreError>;

    /// Lets nothing wait for longer than until `latest`: neither a delivery nor a creation for another
    /// attempt, nor a destination that is left alone. What only a person can go on with stays. Where it
    /// was a partner that asked for a later attempt, that is cut as well. No claim on a delivery, a
    /// creation or the CRM's list lasts beyond `leased`; whoever holds it holds it until then.
    async fn wait_no_longer(
        &self,
        latest: DateTime<Utc>,
        leased: DateTime<Utc>,
    ) -> Result<(), StoreError>;

    /// Forgets at most `limit` things of a kind from before an instant, and gives how many. Identities,
    /// keys, demandes and dead letters stay, whatever their age.
    async fn purge(&self, what: Kept, before: DateTime<Utc>, limit: u32)
    -> Result<u64, StoreError>;

    /// How many things [`Self::purge`] would forget.
    async fn count_purgeable(&self, what: Kept, before: DateTime<Utc>) -> Result<u64, StoreError>;

    /// Keeps an accepted version.
    async fn save_version(&self, version: StoredVersion) -> Result<(), StoreError>;

    /// The version that was accepted last.
    async fn last_version(&self) -> Result<Option<StoredVersion>, StoreError>;

    /// Accepted versions, the one accepted last first.
    async fn list_versions(&self, limit: u32) -> Result<Vec<VersionSummary>, StoreError>;

    /// The names of the versions that begin so, and the rule files of the first of them.
    async fn find_version(&self, begin: &str) -> Result<(Vec<String>, FileSet), StoreError>;

    /// The hashes of the stored tokens.
    async fn tokens(&self) -> Result<Vec<(Client, String)>, StoreError>;

    /// Stores a token's hash. `true` when stored.
    async fn put_token(
        &self,
        client: Client,
        hash: &str,
        if_exists: IfExists,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError>;

    /// The name of this memory: the same for every daemon that shares it and in its backups, and of no other
    /// one. Given at the first call.
    async fn identity(&self) -> Result<String, StoreError>;

    /// Those of the names of stored photos that no signalement has.
    async fn unnamed_files(&self, names: Vec<String>) -> Result<Vec<String>, StoreError>;

    /// Notes that photos are about to be removed, except those that a signalement names by now, and
    /// gives the others. Until [`REMOVAL_WINDOW`] has passed, none that is received names them: it
    /// is refused with [`StoreError::Busy`].
    async fn begin_removal(
        &self,
        names: Vec<String>,
        at: DateTime<Utc>,
    ) -> Result<Vec<String>, StoreError>;

    /// Takes a work that one daemon at a time does; `None` while another is at it. It is given back
    /// by dropping what is returned, or by dying.
    async fn turn(&self, work: Work) -> Result<Option<Turn>, StoreError>;

    /// Whether other daemons may use the same memory.
    fn shared(&self) -> bool;

    /// Says that a replica lives, and forgets those that were last seen before `gone`.
    async fn announce(&self, replica: Replica, gone: DateTime<Utc>) -> Result<(), StoreError>;

    /// Forgets a replica that stops in good order.
    async fn leave(&self, id: &str) -> Result<(), StoreError>;

    /// Replicas that were seen since, by name.
    async fn replicas(&self, since: DateTime<Utc>) -> Result<Vec<Replica>, StoreError>;

    /// Tells the other replicas that something waits in the outbox. A hint: it may be lost.
    async fn tell_others(&self) -> Result<(), StoreError>;

    /// Returns once another replica told so; never where the memory is not shared.
    async fn told(&self) -> Result<(), StoreError>;

    /// Whether the database can be read and written.
    async fn ping(&self) -> Result<(), StoreError>;
}

/// Why the store did not do what it was asked.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// It cannot now, and may later: a full disk, a lock, a lost connection.
    #[error("{we_say}{0}", we_say = Phrase::DatabaseUnavailable)]
    Unavailable(String),
    /// This one write cannot be made now; others can.
    #[error("{we_say}{0}", we_say = Phrase::DatabaseBusy)]
    Busy(String),
    /// It never will: a fault of ours.
    #[error("{we_say}{0}", we_say = Phrase::DatabaseFault)]
    Fault(String),
}
