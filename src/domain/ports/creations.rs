//! Creations in a remote CRM between *received* and *created*, as the store keeps them.
//!
//! A remote CRM is called outside any transaction. So the signalement's keys are reserved and committed before
//! the call, and the outcome is committed after it: if the process dies in between, the reservation shows that
//! a demande may exist.

use async_trait::async_trait;
use chrono::{DateTime, Duration, Utc};

use crate::domain::demande::NewDemande;
use crate::domain::livraison::NewLivraison;
use crate::domain::motif::Motif;
use crate::domain::ports::{
    BoundKey, CreateDemande, Creation, IdempotencyKey, Moment, NewRecord, StoreError,
};
use crate::domain::signalement::{Etat, SignalementId};

/// The part of the store that tracks creations under way, in doubt or deferred.
///
/// While its creation is pending, a signalement is `recu`, `inconnu` or `differe`, and its keys belong to
/// nothing else.
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

    /// Whether a demande may exist whose UID we do not know.
    async fn any_in_doubt(&self) -> Result<bool, StoreError>;

    /// Marks as in doubt every creation whose call was under way, to be settled from `known_at` on, and returns
    /// their number. Only for a store that no other daemon uses.
    async fn doubt_interrupted(&self, known_at: DateTime<Utc>) -> Result<u64, StoreError>;

    /// Claims due pending creations for `lease`.
    async fn claim_creations(
        &self,
        limit: u32,
        at: Moment,
        lease: Duration,
    ) -> Result<Vec<PendingCreation>, StoreError>;

    /// Claims one creation, due or not, even one that waits for an operator; `None` if it does not exist or
    /// another worker holds it.
    async fn claim_creation(
        &self,
        id: &SignalementId,
        now: DateTime<Utc>,
        lease: Duration,
    ) -> Result<Option<PendingCreation>, StoreError>;

    /// When the next unclaimed pending creation is due.
    async fn next_creation(&self, at: Moment) -> Result<Option<DateTime<Utc>>, StoreError>;

    /// Commits that the CRM is about to be called: the creation is now in doubt, and its outcome can be looked
    /// up from `known_at` on. `confirmed` is kept as in [`PendingCreation::confirmed`]. `false` if another worker has
    /// taken it over: then the call must not be made.
    async fn begin_call(
        &self,
        claim: &CreationClaim,
        known_at: DateTime<Utc>,
        confirmed: bool,
    ) -> Result<bool, StoreError>;

    /// Commits the outcome of a creation and ends the claim.
    async fn settle(
        &self,
        claim: &CreationClaim,
        settlement: Settlement,
    ) -> Result<Settled, StoreError>;

    /// Makes due every creation that waits for its next attempt, except those that need an operator and those
    /// whose last call's outcome cannot be known yet; if a `motif` is given, only those that wait because of it.
    async fn resume_creations(
        &self,
        motif: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError>;

    /// How many signalements have no demande, by state.
    async fn count_apart(&self) -> Result<Vec<ApartCount>, StoreError>;
}

/// A signalement whose demande is about to be created.
#[derive(Debug, Clone)]
pub struct Reservation {
    /// The stored fields: state `recu`, no creation, no deliveries.
    pub record: NewRecord,
    /// What the rules decided.
    pub demande: NewDemande,
    /// Warnings for the answer, in French.
    pub avertissements: Vec<String>,
    /// End of the lease: nobody else may take it up before.
    pub leased_until: DateTime<Utc>,
    /// From when on a look-up gives the outcome of the call.
    pub known_at: DateTime<Utc>,
}

/// The outcome of a [`Reservation`].
#[derive(Debug, Clone)]
pub enum Reserved {
    /// Committed; only the caller may create the demande.
    Taken(CreationClaim),
    /// One of its keys already belongs to a creation; nothing was written.
    Bound(BoundKey),
    /// One of its keys belongs to a creation under way; nothing was written.
    Pending(PendingKey),
}

/// The right to settle one pending creation, lost once a later claim is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreationClaim {
    /// The signalement's identity.
    pub id: SignalementId,
    /// Distinguishes this claim from a later one.
    pub fence: i64,
}

/// A pending creation that owns a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingKey {
    /// The signalement's identity.
    pub id: SignalementId,
    /// Fingerprint of its content.
    pub fingerprint: String,
    /// `recu`, `inconnu` or `differe`.
    pub etat: Etat,
}

/// A pending creation that a worker has claimed.
#[derive(Debug, Clone)]
pub struct PendingCreation {
    /// The right to settle it.
    pub claim: CreationClaim,
    /// `inconnu` or `differe`.
    pub etat: Etat,
    /// Whether a call was made whose outcome is unknown.
    pub in_doubt: bool,
    /// Whether the CRM answered a call with a success, but without a UID that can be read.
    pub confirmed: bool,
    /// Whether only an operator could resume it, who was told why.
    pub stopped: bool,
    /// The demande to create.
    pub request: CreateDemande,
    /// Warnings for the answer, in French.
    pub avertissements: Vec<String>,
    /// The received JSON without its photos.
    pub payload: String,
    /// The decision's trace, encoded.
    pub trace: String,
    /// Attempts made before this one.
    pub attempts: u32,
    /// From when on a look-up gives the outcome of the last call.
    pub known_at: DateTime<Utc>,
}

/// The outcome of an attempt at a creation.
#[derive(Debug, Clone)]
pub enum Settlement {
    /// The demande exists; this binds the keys.
    Created(Box<SettledCreation>),
    /// It is to be tried or looked up again.
    Waits(Wait),
    /// It certainly does not exist and is not retried automatically: kept as `echec`.
    Refused {
        /// Why.
        motif: Motif,
    },
    /// It certainly does not exist, and the client was told to send it again: nothing is kept. A signalement
    /// that was already kept stays, as `echec`.
    Withdrawn {
        /// Why.
        motif: Motif,
    },
}

/// A demande that now exists, with everything committed along with it.
#[derive(Debug, Clone)]
pub struct SettledCreation {
    /// The demande, and the answer given to a repeated request.
    pub creation: Creation,
    /// The decision's trace, with its last steps.
    pub trace: String,
    /// Messages and photos to send.
    pub livraisons: Vec<NewLivraison>,
    /// When it was settled.
    pub at: DateTime<Utc>,
}

/// How a pending creation waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wait {
    /// `inconnu` or `differe`.
    pub etat: Etat,
    /// Why.
    pub motif: Motif,
    /// Whether the demande may exist.
    pub in_doubt: bool,
    /// Whether the CRM now answered with a success, but without a UID that can be read; an earlier such answer is
    /// not forgotten.
    pub confirmed: bool,
    /// When it is due; `None` if only an operator can resume it.
    pub due_at: Option<DateTime<Utc>>,
    /// From when on a look-up gives the outcome of the last call; `None` leaves it unchanged.
    pub known_at: Option<DateTime<Utc>>,
}

/// The outcome of committing a [`Settlement`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settled {
    /// Committed.
    Done,
    /// Another worker has taken the creation over; nothing was written.
    Lost,
    /// The UID belongs to the demande of a different signalement; nothing was written.
    Taken {
        /// The signalement that has the UID.
        by: SignalementId,
    },
}

/// Signalements without a demande in one state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ApartCount {
    /// The state.
    pub etat: Etat,
    /// Whether only those waiting for an operator are counted.
    pub stopped: bool,
    /// Number of signalements.
    pub count: i64,
}

impl ApartCount {
    /// The count for one state: all, or only those waiting for an operator.
    #[must_use]
    pub fn of(counts: &[Self], etat: Etat, stopped: bool) -> i64 {
        counts
            .iter()
            .find(|it| it.etat == etat && it.stopped == stopped)
            .map_or(0, |it| it.count)
    }
}
