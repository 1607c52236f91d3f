//! What the flows need of the world, as traits; [`crate::adapters`] provides each.
//!
//! Every port is object-safe: the composition root picks an implementation from the settings, and
//! the tests pick a fake, without a type parameter anywhere in between.

mod creations;
mod crm;
mod polls;

use std::collections::BTreeMap;

use async_trait::async_trait;
use chrono::{DateTime, Duration, Utc};
use serde_json::Value;

use crate::domain::demande::{Demande, Fichier, NewDemande, Uid};
use crate::domain::livraison::{
    Attempt, Claim, Destination, LivraisonEtat, LivraisonSummary, LivraisonView, NewLivraison,
    Outcome, StatutPush, UidPush,
};
use crate::domain::signalement::{Etat, Photo, SignalementId};
use crate::domain::statut::{EventIssue, StatutEvent, StoredEvent};

pub use self::creations::{
    ApartCount, CreationClaim, PendingCreation, PendingCreations, PendingKey, Reservation,
    Reserved, Settled, SettledCreation, Settlement, Wait,
};
pub use self::crm::{
    Change, ChangePage, ChangeQuery, CreateDemande, Crm, CrmError, DuplicateGuard, Remote,
};
pub use self::polls::{PollClaim, Polls};

/// The time of day. A port, so that a test can hold it still.
pub trait Clock: Send + Sync {
    /// The instant now.
    fn now(&self) -> DateTime<Utc>;
}

/// Where photos are kept, each under its SHA-256.
#[async_trait]
pub trait Files: Send + Sync {
    /// Stores a photo; once this returns, it survives a power cut. Storing it twice is harmless.
    ///
    /// # Errors
    /// When it could not be written and synced whole.
    async fn put(&self, photo: Photo) -> Result<(), FilesError>;

    /// Reads a photo back.
    ///
    /// # Errors
    /// When it is not there or cannot be read.
    async fn read(&self, sha256: &str) -> Result<Vec<u8>, FilesError>;

    /// The names of what has lain there untouched since `before`, in the part of the store whose
    /// SHA-256 begin with this byte. Remains of writes that broke off count, under their own names.
    ///
    /// # Errors
    /// When the store cannot be listed.
    async fn settled(&self, shard: u8, before: DateTime<Utc>) -> Result<Vec<String>, FilesError>;

    /// Removes what [`Files::settled`] named, unless it was put there again since; tells which.
    /// What is put there in this very moment may go, too: see [`Store::begin_removal`].
    ///
    /// # Errors
    /// When it is there and cannot be removed.
    async fn remove_settled(
        &self,
        shard: u8,
        name: &str,
        before: DateTime<Utc>,
    ) -> Result<bool, FilesError>;

    /// Whether photos can be written now.
    ///
    /// # Errors
    /// Why not.
    async fn ping(&self) -> Result<(), FilesError>;
}

/// A photo could not be stored or read.
#[derive(Debug, Clone, thiserror::Error)]
#[error("photo store: {0}")]
pub struct FilesError(pub String);

/// SoWell's API.
#[async_trait]
pub trait Sowell: Send + Sync {
    /// Whether the settings say where SoWell is.
    fn configured(&self) -> bool;

    /// Sends one status; `id` is the same at every attempt.
    ///
    /// # Errors
    /// When no answer came: it is then unknown whether SoWell has it.
    async fn send(&self, id: &str, push: &StatutPush) -> Result<Reply, Unreachable>;

    /// Whether SoWell can be told the UID of a demande that was created after the answer.
    fn takes_uid(&self) -> bool;

    /// Tells such a UID; `id` is the same at every attempt.
    ///
    /// # Errors
    /// When no answer came: it is then unknown whether SoWell has it.
    async fn send_uid(&self, id: &str, push: &UidPush) -> Result<Reply, Unreachable>;
}

/// What a partner answered over HTTP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// What it means for the delivery.
    pub meaning: ReplyMeaning,
    /// `Retry-After`, as an instant.
    pub retry_at: Option<DateTime<Utc>>,
    /// The first bytes of the body.
    pub excerpt: String,
}

/// What a partner's answer means for a delivery (contract, section 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReplyMeaning {
    /// It has what was sent.
    Taken,
    /// It may take it later.
    Later,
    /// It refuses our token or rights, whatever is sent.
    Unauthorized,
    /// It will never take this.
    Refused,
}

/// No answer came.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Unreachable(pub String);

/// The way out for e-mails.
#[async_trait]
pub trait Mailer: Send + Sync {
    /// Sends one e-mail and gives the SMTP reply code, `None` where no server took part; `id` makes
    /// a `Message-ID` that is the same at every attempt.
    ///
    /// # Errors
    /// Tells whether another attempt can help.
    async fn send(&self, id: &str, message: &Message) -> Result<Option<u16>, MailError>;
}

/// A rendered e-mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The addressee.
    pub to: String,
    /// The subject, on one line.
    pub subject: String,
    /// The body as plain text.
    pub text: Option<String>,
    /// The body as HTML.
    pub html: Option<String>,
}

/// Why an e-mail was not sent.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{reason}")]
pub struct MailError {
    /// What it means for the e-mail.
    pub failure: MailFailure,
    /// The SMTP reply code; `None` without an answer.
    pub code: Option<u16>,
    /// What went wrong, without personal data.
    pub reason: String,
}

/// What a failure means for the e-mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailFailure {
    /// The server may take it later.
    Temporary,
    /// The server refuses our account, whatever the e-mail.
    Refused,
    /// No server will ever take it so.
    Permanent,
}

impl MailError {
    /// A failure that no server answered, and that may pass.
    pub fn temporary(reason: impl Into<String>) -> Self {
        Self {
            failure: MailFailure::Temporary,
            code: None,
            reason: reason.into(),
        }
    }

    /// A failure that no server answered, and that stays.
    pub fn permanent(reason: impl Into<String>) -> Self {
        Self {
            failure: MailFailure::Permanent,
            ..Self::temporary(reason)
        }
    }
}

/// Raw files of one folder, by their path in it with `/` between parts.
pub type FileSet = BTreeMap<String, Vec<u8>>;

/// A folder of files that the landlord edits.
pub trait Source: Send + Sync {
    /// Reads every file that counts.
    ///
    /// # Errors
    /// When the folder or one of its files cannot be read.
    fn read(&self) -> Result<FileSet, SourceError>;

    /// Whether a file that counts is known to be half written.
    fn being_written(&self) -> bool {
        false
    }

    /// The folder's name, for messages.
    fn name(&self) -> String;
}

/// A folder of rules or reference data could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {reason}")]
pub struct SourceError {
    /// The file or folder.
    pub path: String,
    /// Why, in French, or in the operating system's words.
    pub reason: String,
}

/// Who may call the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Client {
    /// SoWell.
    Sowell,
    /// The landlord's CRM.
    Crm,
    /// Vivest's admins and operators.
    Admin,
}

impl Client {
    /// Every client, in the order in which tokens are shown.
    pub const ALL: [Self; 3] = [Self::Sowell, Self::Crm, Self::Admin];

    /// The word in settings, database and logs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sowell => "sowell",
            Self::Crm => "crm",
            Self::Admin => "admin",
        }
    }

    /// Reads the word back; `None` for any other word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.as_str() == word)
    }
}

/// A second key that a client may send beside `lien_sowell`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct IdempotencyKey {
    /// Keys of two clients never meet.
    pub client: Client,
    /// As sent.
    pub value: String,
}

/// A decided signalement, to be committed whole.
#[derive(Debug, Clone)]
pub struct NewRecord {
    /// Its identity, from `lien_sowell`.
    pub id: SignalementId,
    /// URL in SoWell.
    pub lien_sowell: String,
    /// Who sent it.
    pub client: Client,
    /// Bound with the creation of a demande, and with nothing else.
    pub key: Option<IdempotencyKey>,
    /// What its content amounts to.
    pub fingerprint: String,
    /// The received JSON without its photos.
    pub payload: String,
    /// Where it stands now.
    pub etat: Etat,
    /// Why it is not forwarded, in French.
    pub motif: Option<String>,
    /// The version that decided.
    pub version: String,
    /// The decision's trace, encoded.
    pub trace: String,
    /// The photos, already stored.
    pub fichiers: Vec<Fichier>,
    /// The demande, with the answer that SoWell gets, byte for byte; binds the keys.
    pub creation: Option<Creation>,
    /// E-mails to send with it.
    pub livraisons: Vec<NewLivraison>,
    /// When it was received.
    pub received_at: DateTime<Utc>,
}

/// What a creation adds to a record.
#[derive(Debug, Clone)]
pub struct Creation {
    /// The CRM's identifier.
    pub uid: Uid,
    /// What the rules decided.
    pub demande: NewDemande,
    /// The body of the 201.
    pub answer: String,
}

/// What became of a [`NewRecord`].
#[derive(Debug, Clone)]
pub enum Recorded {
    /// It is committed.
    Written,
    /// One of its keys belongs to a creation already; nothing was written.
    Bound(BoundKey),
    /// Its demande is being created; nothing was written.
    Pending(PendingKey),
}

/// A creation that owns a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BoundKey {
    /// The signalement.
    pub id: SignalementId,
    /// Its demande.
    pub uid: String,
    /// The content that was created.
    pub fingerprint: String,
    /// The body of its 201.
    pub answer: String,
}

/// A signalement as it can be asked for.
#[derive(Debug, Clone)]
pub struct SignalementView {
    /// Its identity.
    pub id: SignalementId,
    /// Where it stands.
    pub etat: Etat,
    /// Its demande.
    pub uid: Option<String>,
    /// Why it is not forwarded.
    pub motif: Option<String>,
    /// The events of its demande, oldest first.
    pub statuts: Vec<StatutView>,
}

/// One event of a demande, with its delivery.
#[derive(Debug, Clone)]
pub struct StatutView {
    /// The CRM's word.
    pub statut: String,
    /// SoWell's word.
    pub statut_sowell: Option<String>,
    /// When it changed.
    pub date: String,
    /// Where its delivery stands; `None` where there is none.
    pub livraison: Option<LivraisonEtat>,
}

/// A signalement in a list for operators.
#[derive(Debug, Clone)]
pub struct SignalementSummary {
    /// Its identity.
    pub id: SignalementId,
    /// URL in SoWell.
    pub lien_sowell: String,
    /// Where it stands.
    pub etat: Etat,
    /// Its demande.
    pub uid: Option<String>,
    /// Why it is not forwarded.
    pub motif: Option<String>,
    /// When it was first received.
    pub received_at: DateTime<Utc>,
}

/// What was kept of a received signalement, enough to decide it anew.
#[derive(Debug, Clone)]
pub struct StoredSubmission {
    /// Who sent it.
    pub client: Client,
    /// Where it stands.
    pub etat: Etat,
    /// The received JSON without its photos.
    pub payload: String,
    /// What its content amounts to.
    pub fingerprint: String,
    /// Its photos.
    pub fichiers: Vec<Fichier>,
    /// Whether a demande owns it already.
    pub bound: bool,
}

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

/// The trace of one decision, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredTrace {
    /// What was decided: `signalement`, or the CRM's word of a status.
    pub subject: String,
    /// When.
    pub at: DateTime<Utc>,
    /// The version that decided.
    pub version: String,
    /// The encoded trace; `None` once it was erased.
    pub trace: Option<String>,
}

/// A judged event, to be committed whole.
#[derive(Debug, Clone)]
pub struct NewEvent {
    /// The daemon's identifier.
    pub id: String,
    /// What the CRM said.
    pub event: StatutEvent,
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
    /// It was received before, and this became of it then; nothing was written.
    Seen(EventIssue),
    /// Another was accepted meanwhile, see [`NewEvent::unless_after`]; nothing was written.
    Overtaken,
}

/// A held event that the rules have come to know.
#[derive(Debug, Clone)]
pub struct Release {
    /// The daemon's identifier of the event.
    pub id: String,
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

/// What the answer to `deliveries retry` is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetryOutcome {
    /// It will be sent again.
    Queued,
    /// There is no such delivery.
    Unknown,
    /// It waits already, or was delivered.
    NotDead(LivraisonEtat),
    /// A later one went out first: only by force.
    Overtaken,
}

/// A destination that is left alone for a while: its breaker is open. Past `until` one delivery may
/// try the ground.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pause {
    /// Until when.
    pub until: DateTime<Utc>,
    /// How many times in a row it was tried for nothing.
    pub failures: u32,
    /// Whether it refuses our token or account; otherwise it fails.
    pub refused: bool,
    /// Why.
    pub reason: String,
}

/// Which waiting deliveries a new way to their destination concerns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resume {
    /// Those that were refused for our token.
    Refused,
    /// Every one: they failed at another address.
    All,
}

/// Deliveries of one destination in one state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LivraisonCount {
    /// Where they go.
    pub destination: Destination,
    /// Where they stand.
    pub etat: LivraisonEtat,
    /// How many.
    pub count: i64,
    /// When the oldest of them was accepted.
    pub oldest_at: DateTime<Utc>,
}

/// What is kept for a while only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// The steps of decisions.
    Traces,
    /// What SoWell sent, once it is a demande. Whatever else was kept may be decided anew.
    Payloads,
    /// Deliveries, once they were delivered.
    Deliveries,
}

impl Kept {
    /// Every kind, in the order of the settings.
    pub const ALL: [Self; 3] = [Self::Traces, Self::Payloads, Self::Deliveries];

    /// The word in the settings, the metrics and the logs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Traces => "traces",
            Self::Payloads => "payloads",
            Self::Deliveries => "deliveries",
        }
    }
}

/// An accepted version in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionSummary {
    /// Its name.
    pub version: String,
    /// When it was first accepted.
    pub accepted_at: DateTime<Utc>,
    /// How many rule files it has.
    pub files: usize,
}

/// An accepted version with everything needed to run it again.
#[derive(Debug, Clone)]
pub struct StoredVersion {
    /// Its name.
    pub version: String,
    /// When it was first accepted.
    pub accepted_at: DateTime<Utc>,
    /// The rule files.
    pub rules: FileSet,
    /// The reference data last accepted.
    pub referentiel: FileSet,
}

/// How long the removal of a photo may take from the moment it is noted, differences of clocks
/// included: what is received later finds it over.
pub const REMOVAL_WINDOW: Duration = Duration::minutes(2);

/// A work that daemons with one memory leave to one of them at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Work {
    /// Looking for photos that nobody names.
    Sweep,
    /// Forgetting what is no longer kept.
    Purge,
}

/// The right to do a [`Work`], until it is dropped.
pub type Turn = Box<dyn Send>;

/// A daemon that shares its memory with others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replica {
    /// The machine and the process.
    pub id: String,
    /// The version of the rules that it has in force.
    pub version: String,
    /// When it last said so.
    pub seen_at: DateTime<Utc>,
}

/// The daemon's memory.
///
/// Every method that writes returns after its commit has reached the disk.
#[async_trait]
pub trait Store: PendingCreations + Polls + Send + Sync {
    /// Commits a decided signalement, its demande, files, trace and e-mails, or nothing.
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

    /// Events that the rules did not know, oldest first.
    async fn held_events(&self) -> Result<Vec<StoredEvent>, StoreError>;

    /// Commits what became of a held event.
    async fn release_event(&self, release: Release) -> Result<(), StoreError>;

    /// Takes deliveries that are due for `lease`: of each queue the oldest waiting one only.
    async fn claim(
        &self,
        destination: Destination,
        limit: u32,
        now: DateTime<Utc>,
        lease: Duration,
    ) -> Result<Vec<Claim>, StoreError>;

    /// Gives back every claim, the one on the CRM's list included. Only for a store that no other daemon uses: what a process held
    /// when it was killed need not wait for its leases then.
    async fn release_claims(&self) -> Result<(), StoreError>;

    /// When the next waiting delivery is due.
    async fn next_due(&self, destination: Destination)
    -> Result<Option<DateTime<Utc>>, StoreError>;

    /// Ends a claim; `false` when another worker has taken it over.
    async fn finish(
        &self,
        claim: &Claim,
        attempt: Attempt,
        outcome: Outcome,
    ) -> Result<bool, StoreError>;

    /// The pause that a destination is under, if any.
    async fn pause(&self, destination: Destination) -> Result<Option<Pause>, StoreError>;

    /// Sets or ends the pause of a destination.
    async fn set_pause(
        &self,
        destination: Destination,
        pause: Option<Pause>,
    ) -> Result<(), StoreError>;

    /// Makes deliveries that wait for another attempt due now. A pause of the destination, for
    /// [`Resume::Refused`] one of a refused token, is over, and forgets how often it was tried.
    async fn resume(
        &self,
        destination: Destination,
        which: Resume,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError>;

    /// Deliveries, newest first.
    async fn list_livraisons(
        &self,
        etat: Option<LivraisonEtat>,
        limit: u32,
    ) -> Result<Vec<LivraisonSummary>, StoreError>;

    /// Makes a dead delivery wait again, due at once.
    async fn retry_livraison(
        &self,
        id: &str,
        force: bool,
        now: DateTime<Utc>,
    ) -> Result<RetryOutcome, StoreError>;

    /// A delivery with its attempts.
    async fn find_livraison(&self, id: &str) -> Result<Option<LivraisonView>, StoreError>;

    /// The dead delivery of a destination that was accepted first.
    async fn oldest_dead(&self, destination: Destination) -> Result<Option<String>, StoreError>;

    /// Makes every dead delivery of a destination wait again, due at once; gives their number.
    async fn retry_dead(
        &self,
        destination: Destination,
        now: DateTime<Utc>,
    ) -> Result<u64, StoreError>;

    /// How many deliveries stand where, of those that may still go out.
    async fn count_livraisons(&self) -> Result<Vec<LivraisonCount>, StoreError>;

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

    /// Stores a token's hash; keeps an existing one unless `replace`. `true` when stored.
    async fn put_token(
        &self,
        client: Client,
        hash: &str,
        replace: bool,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError>;

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
    #[error("the database is unavailable: {0}")]
    Unavailable(String),
    /// This one write cannot be made now; others can.
    #[error("not now: {0}")]
    Busy(String),
    /// It never will: a fault of ours.
    #[error("database fault: {0}")]
    Fault(String),
}

/// A JSON object that rules and templates read.
pub type JsonObject = serde_json::Map<String, Value>;
