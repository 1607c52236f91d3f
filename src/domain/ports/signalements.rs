//! Decided signalements, as the store takes and gives them.

use chrono::{DateTime, Utc};
use strum::{EnumIter, EnumString, IntoStaticStr, VariantNames};

use crate::domain::demande::{Fichier, NewDemande, Uid};
use crate::domain::livraison::{LivraisonEtat, NewLivraison};
use crate::domain::ports::PendingKey;
use crate::domain::signalement::{Etat, SignalementId};

/// Who may call the API, in the order in which tokens are shown.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    EnumIter,
    EnumString,
    IntoStaticStr,
    VariantNames,
)]
#[strum(serialize_all = "snake_case")]
pub enum Client {
    /// SoWell.
    Sowell,
    /// The landlord's CRM.
    Crm,
    /// Vivest's admins and operators.
    Admin,
}

impl Client {
    /// The word in settings, database and logs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.into()
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

/// What becomes of what is there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IfExists {
    /// It stays.
    Keep,
    /// It ends.
    Replace,
}
