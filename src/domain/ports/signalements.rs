//! Decided signalements, as written to and read from the store.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use crate::domain::demande::{Demande, Fichier, NewDemande, Uid};
use crate::domain::livraison::{LivraisonEtat, NewLivraison};
use crate::domain::motif::Motif;
use crate::domain::ports::{Client, PendingKey, StoreError};
use crate::domain::signalement::{Etat, SignalementId};

/// The part of the store that keeps decided signalements and their demandes.
#[async_trait]
pub trait Signalements: Send + Sync {
    /// Commits a decided signalement with its demande, files, trace and e-mails, all or nothing. If it is
    /// set aside exactly as before, its e-mails are left out.
    async fn record(&self, record: NewRecord) -> Result<Recorded, StoreError>;

    /// The creation that already holds this identity or this key, if any.
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

    /// Signalements in a state, or all those without a demande if it is `None`; newest first.
    async fn list_signalements(
        &self,
        etat: Option<Etat>,
        limit: u32,
    ) -> Result<Vec<SignalementSummary>, StoreError>;

    /// Signalements without a demande in a state, newest first, starting after `before`.
    async fn signalements_before(
        &self,
        etat: Etat,
        before: Option<&SignalementSummary>,
        limit: u32,
    ) -> Result<Vec<SignalementSummary>, StoreError>;

    /// The traces of a signalement and of its demande's events, oldest first; empty if the identity or UID is
    /// unknown.
    async fn find_traces(&self, id_or_uid: &str) -> Result<Vec<StoredTrace>, StoreError>;

    /// The submission received under this identity.
    async fn find_submission(
        &self,
        id: &SignalementId,
    ) -> Result<Option<StoredSubmission>, StoreError>;

    /// A demande with its photos.
    async fn find_demande(&self, uid: &Uid) -> Result<Option<Demande>, StoreError>;
}

/// A second key that a client may send besides `lien_sowell`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct IdempotencyKey {
    /// Keys of different clients never collide.
    pub client: Client,
    /// The key, as sent.
    pub value: String,
}

/// A decided signalement, to be committed all or nothing.
#[derive(Debug, Clone)]
pub struct NewRecord {
    /// Its identity, from `lien_sowell`.
    pub id: SignalementId,
    /// URL in SoWell.
    pub lien_sowell: String,
    /// The client that sent it.
    pub client: Client,
    /// Bound only when a demande is created.
    pub key: Option<IdempotencyKey>,
    /// [`crate::domain::signalement::fingerprint`] of its content.
    pub fingerprint: String,
    /// The received JSON without its photos.
    pub payload: String,
    /// Its state.
    pub etat: Etat,
    /// Why it is not forwarded.
    pub motif: Option<Motif>,
    /// The version that decided.
    pub version: String,
    /// The decision's trace, encoded.
    pub trace: String,
    /// The photos, already stored.
    pub fichiers: Vec<Fichier>,
    /// The demande, with SoWell's answer, byte for byte; binds the keys.
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

/// The outcome of recording a [`NewRecord`].
#[derive(Debug, Clone)]
pub enum Recorded {
    /// Committed.
    Written,
    /// One of its keys already belongs to a creation; nothing was written.
    Bound(BoundKey),
    /// Its demande is being created; nothing was written.
    Pending(PendingKey),
}

/// A creation that owns a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BoundKey {
    /// The signalement's identity.
    pub id: SignalementId,
    /// The UID of its demande.
    pub uid: String,
    /// Fingerprint of the content that was created.
    pub fingerprint: String,
    /// The body of its 201.
    pub answer: String,
}

/// A signalement as the API returns it.
#[derive(Debug, Clone)]
pub struct SignalementView {
    /// Its identity.
    pub id: SignalementId,
    /// Its state.
    pub etat: Etat,
    /// The UID of its demande.
    pub uid: Option<String>,
    /// Why it is not forwarded.
    pub motif: Option<Motif>,
    /// The events of its demande, oldest first.
    pub statuts: Vec<StatutView>,
}

/// One event of a demande, with its delivery.
#[derive(Debug, Clone)]
pub struct StatutView {
    /// The CRM's word for the status.
    pub statut: String,
    /// SoWell's word for the status.
    pub statut_sowell: Option<String>,
    /// When it changed, ISO 8601.
    pub date: String,
    /// The state of its delivery; `None` if it has none.
    pub livraison: Option<LivraisonEtat>,
}

/// A signalement as listed for operators.
#[derive(Debug, Clone)]
pub struct SignalementSummary {
    /// Its identity.
    pub id: SignalementId,
    /// URL in SoWell.
    pub lien_sowell: String,
    /// Its state.
    pub etat: Etat,
    /// The UID of its demande.
    pub uid: Option<String>,
    /// Why it is not forwarded.
    pub motif: Option<Motif>,
    /// When it was first received.
    pub received_at: DateTime<Utc>,
}

/// The stored part of a received signalement, enough to decide it again.
#[derive(Debug, Clone)]
pub struct StoredSubmission {
    /// The client that sent it.
    pub client: Client,
    /// Its state.
    pub etat: Etat,
    /// The received JSON without its photos.
    pub payload: String,
    /// Fingerprint of its content.
    pub fingerprint: String,
    /// Its photos.
    pub fichiers: Vec<Fichier>,
    /// Whether its keys already belong to a demande.
    pub bound: bool,
}

/// The stored trace of one decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredTrace {
    /// What was decided: `signalement`, or the CRM's word of a status.
    pub subject: String,
    /// When it was decided.
    pub at: DateTime<Utc>,
    /// The version that decided.
    pub version: String,
    /// The encoded trace; `None` once it has been erased.
    pub trace: Option<String>,
}
