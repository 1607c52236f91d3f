//! Creations in a remote CRM between *received* and *created*, as the store keeps them.
//!
//! A remote CRM is called outside of any transaction. So the keys of the signalement are reserved
//! and committed before the call, and whatever becomes of the call is committed after it: wherever
//! the process dies in between, the reservation tells that a demande may exist.

use async_trait::async_trait;
use chrono::{DateTime, Duration, Utc};

use crate::domain::demande::NewDemande;
use crate::domain::livraison::NewLivraison;
use crate::domain::ports::{
    BoundKey, CreateDemande, Creation, IdempotencyKey, Moment, NewRecord, StoreError,
};
use crate::domain::signalement::{Etat, SignalementId};

/// The part of the store that remembers which creations are under way, in doubt or deferred.
///
/// A signalement is `recu`, `inconnu` or `differe` for as long as its creation is pending, and
/// its keys belong to nothing else meanwhile.
#[async_trait]
pub trait PendingCreations: Send + Sync {
    /// Commits *received*: the signalement, and a claim on the right to create its demande.
    async fn reserve(&self, reservation: Reservation) -> Result<Reserved, StoreError>;

    /// The pending creation that holds the identity or the key, if any.
    async fn find_pending(
        &self,
        id: &SignalementId,
        key: Option<&IdempotencyKey>,
    ) -> Result<Option<PendingKey>, StoreError>;

    /// Whether a demande may exist whose UID is not known here.
    async fn any_in_doubt(&self) -> Result<bool, StoreError>;

    /// Puts in doubt every creation whose call was under way, to be settled from `known_at` on.
    /// Only for a store that no other daemon uses; gives how many there were.
    async fn doubt_interrupted(&self, known_at: DateTime<Utc>) -> Result<u64, StoreError>;

    /// Takes pending creations that are due for `lease`.
    async fn claim_creations(
        &self,
        limit: u32,
        at: Moment,
        lease: Duration,
    ) -> Result<Vec<PendingCreation>, StoreError>;

    /// Takes one, due or not, even one that waits for a person; `None` where there is none or
    /// another worker holds it.
    async fn claim_creation(
        &self,
        id: &SignalementId,
        now: DateTime<Utc>,
        lease: Duration,
    ) -> Result<Option<PendingCreation>, StoreError>;

    /// When the next pending creation is due that nobody holds.
    async fn next_creation(&self, at: Moment) -> Result<Option<DateTime<Utc>>, StoreError>;

    /// Commits that the CRM is about to be called: from now on the creation is in doubt, and what
    /// became of it can be found out from `known_at` on. `false` when another worker has taken it
    /// over: the call must not be made then.
    async fn begin_call(
        &self,
        claim: &CreationClaim,
        known_at: DateTime<Utc>,
    ) -> Result<bool, StoreError>;

    /// Commits what became of a creation, and ends the claim.
    async fn settle(
        &self,
        claim: &CreationClaim,
        settlement: Settlement,
    ) -> Result<Settled, StoreError>;

    /// Makes due what waits for its next attempt, unless a person must go on, or it cannot be known yet what became
    /// of the last call.
    async fn resume_creations(&self, now: DateTime<Utc>) -> Result<(), StoreError>;

    /// How many signalements have no demande, by state.
    async fn count_apart(&self) -> Result<Vec<ApartCount>, StoreError>;
}

/// A signalement whose demande is about to be created.
#[derive(Debug, Clone)]
pub struct Reservation {
    /// What is kept of it: state `recu`, no creation, no deliveries.
    pub record: NewRecord,
    /// What the rules decided.
    pub demande: NewDemande,
    /// Remarks for the answer, in French.
    pub avertissements: Vec<String>,
    /// Until when nobody else may take it up.
    pub leased_until: DateTime<Utc>,
    /// From when on a look-up tells what became of the call.
    pub known_at: DateTime<Utc>,
}

/// What became of a [`Reservation`].
#[derive(Debug, Clone)]
pub enum Reserved {
    /// It is committed; the caller, and nobody else, may create the demande.
    Taken(CreationClaim),
    /// One of its keys belongs to a creation already; nothing was written.
    Bound(BoundKey),
    /// One of its keys belongs to a creation under way; nothing was written.
    Pending(PendingKey),
}

/// The right to settle one pending creation, until it is lost to a later claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreationClaim {
    /// The signalement.
    pub id: SignalementId,
    /// Tells this claim from a later one.
    pub fence: i64,
}

/// A pending creation that owns a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingKey {
    /// The signalement.
    pub id: SignalementId,
    /// Its content.
    pub fingerprint: String,
    /// `recu`, `inconnu` or `differe`.
    pub etat: Etat,
}

/// A pending creation that a worker holds.
#[derive(Debug, Clone)]
pub struct PendingCreation {
    /// The right to settle it.
    pub claim: CreationClaim,
    /// `inconnu` or `differe`.
    pub etat: Etat,
    /// Whether a call was made of which it is not known what became.
    pub in_doubt: bool,
    /// What to create.
    pub request: CreateDemande,
    /// Remarks for the answer.
    pub avertissements: Vec<String>,
    /// The received JSON without its photos.
    pub payload: String,
    /// The decision's trace, encoded.
    pub trace: String,
    /// Attempts made before this one.
    pub attempts: u32,
    /// From when on a look-up tells what became of the last call.
    pub known_at: DateTime<Utc>,
}

/// What became of a creation.
#[derive(Debug, Clone)]
pub enum Settlement {
    /// The demande exists; binds the keys.
    Created(Box<SettledCreation>),
    /// It is to be tried or looked for again.
    Waits(Wait),
    /// It certainly does not exist and is not tried again by itself: kept as `echec`.
    Refused {
        /// Why, in French.
        motif: String,
    },
    /// It certainly does not exist, and the client was told to send it again: nothing is kept. A
    /// signalement that was kept before stays, as `echec`.
    Withdrawn {
        /// Why, in French.
        motif: String,
    },
}

/// A demande that exists now, with all that is committed with it.
#[derive(Debug, Clone)]
pub struct SettledCreation {
    /// The demande, and the answer that a repeat gets.
    pub creation: Creation,
    /// The decision's trace, with its last steps.
    pub trace: String,
    /// What must be told and attached.
    pub livraisons: Vec<NewLivraison>,
    /// When it was settled.
    pub at: DateTime<Utc>,
}

/// How a pending creation waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wait {
    /// `inconnu` or `differe`.
    pub etat: Etat,
    /// Why, in French.
    pub motif: String,
    /// Whether the demande may exist.
    pub in_doubt: bool,
    /// Until when; `None` where only a person can go on.
    pub due_at: Option<DateTime<Utc>>,
    /// From when on a look-up tells what became of the last call; `None` where that is as it was.
    pub known_at: Option<DateTime<Utc>>,
}

/// What became of a [`Settlement`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settled {
    /// It is committed.
    Done,
    /// Another worker has taken the creation over; nothing was written.
    Lost,
    /// The UID is that of another signalement's demande; nothing was written.
    Taken {
        /// That signalement.
        by: SignalementId,
    },
}

/// Signalements without a demande in one state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ApartCount {
    /// The state.
    pub etat: Etat,
    /// Whether only those are counted that wait for a person.
    pub stopped: bool,
    /// How many.
    pub count: i64,
}

impl ApartCount {
    /// How many there are in one state, all or only those that wait for a person.
    #[must_use]
    pub fn of(counts: &[Self], etat: Etat, stopped: bool) -> i64 {
        counts
            .iter()
            .find(|it| it.etat == etat && it.stopped == stopped)
            .map_or(0, |it| it.count)
    }
}
