//! A *livraison*: a message for a partner, kept until it has been delivered.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use strum::{EnumCount, EnumIter, EnumString, IntoStaticStr, VariantNames};

use crate::domain::demande::Fichier;

/// Where a delivery goes, in the order shown to operators.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    EnumCount,
    EnumIter,
    EnumString,
    IntoStaticStr,
    VariantNames,
)]
#[strum(serialize_all = "snake_case")]
pub enum Destination {
    /// A status for SoWell.
    Sowell,
    /// An acknowledgement by e-mail.
    Courriel,
    /// A photo for a remote CRM.
    Crm,
}

impl Destination {
    /// Whether deliveries share a queue and so keep their order. Otherwise each has a queue of its own and may
    /// be sent at any time.
    #[must_use]
    pub fn keeps_order(self) -> bool {
        self == Self::Sowell
    }

    /// The word in the database, the metrics and the command line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// State of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumString, IntoStaticStr, VariantNames)]
#[strum(serialize_all = "snake_case")]
pub enum LivraisonEtat {
    /// To be sent, now or at a later attempt.
    EnAttente,
    /// Received by the destination.
    Livree,
    /// Refused for good or given up: kept, and can be sent again.
    Morte,
    /// A later delivery of the same demande was sent first: can be sent again only with `--force`.
    Depassee,
    /// The rules do not know its status yet.
    Retenue,
}

impl LivraisonEtat {
    /// The word in the database and on the command line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// The word that SoWell and the CRM see; a held delivery is shown as waiting.
    #[must_use]
    pub fn public(self) -> &'static str {
        match self {
            Self::Retenue => Self::EnAttente.as_str(),
            other => other.as_str(),
        }
    }
}

/// What an attempt needs to build its request, which is rendered again at each attempt.
#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    /// A status for SoWell.
    Statut(StatutPush),
    /// The UID of a demande, for SoWell.
    Uid(UidPush),
    /// An e-mail.
    Courriel(Courriel),
    /// A photo for the CRM.
    Photo(PhotoPush),
}

impl Content {
    /// The destination of this kind of content.
    #[must_use]
    pub fn destination(&self) -> Destination {
        match self {
            Self::Statut(_) | Self::Uid(_) => Destination::Sowell,
            Self::Courriel(_) => Destination::Courriel,
            Self::Photo(_) => Destination::Crm,
        }
    }
}

/// A status to send to SoWell, translated when it was accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatutPush {
    /// UID of the demande.
    pub uid: String,
    /// SoWell's word for the status.
    pub statut: String,
    /// The CRM's word for the status.
    pub statut_crm: String,
    /// When it changed, ISO 8601.
    pub date: String,
    /// A comment for the tenant.
    pub commentaire: Option<String>,
    /// URL of the signalement in SoWell.
    pub lien_sowell: String,
}

/// The UID of a demande that was created after SoWell was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UidPush {
    /// The signalement's identity, as given to SoWell.
    pub id: String,
    /// UID of the demande.
    pub uid: String,
    /// SoWell's word for its first status; `None` if the table does not translate it.
    pub statut: Option<String>,
    /// The CRM's word for it.
    pub statut_crm: String,
    /// URL of the signalement in SoWell.
    pub lien_sowell: String,
}

/// A photo to attach to a demande in a remote CRM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PhotoPush {
    /// UID of the demande.
    pub uid: String,
    /// The photo.
    pub fichier: Fichier,
}

/// An e-mail requested by `accuses.rhai`.
#[derive(Debug, Clone, PartialEq)]
pub struct Courriel {
    /// The recipient's address; empty if the data had none.
    pub a: String,
    /// Name of a file in `modeles/`, without its extension.
    pub modele: String,
    /// The template's variables: a JSON object.
    pub context: Arc<str>,
}

/// A delivery to be committed together with the change that causes it.
#[derive(Debug, Clone, PartialEq)]
pub struct NewLivraison {
    /// Its identifier: SoWell's `Idempotency-Key`, the e-mail's `Message-ID`.
    pub id: String,
    /// Deliveries of the same queue are sent one at a time, in the order of acceptance.
    pub queue: String,
    /// What to send, and where.
    pub content: Content,
}

/// A delivery leased to a worker.
#[derive(Debug, Clone)]
pub struct Claim {
    /// The delivery's identifier.
    pub id: String,
    /// Checked when the claim is finished: a different value means that another worker has taken the delivery
    /// over.
    pub fence: i64,
    /// The queue in which it is the oldest waiting delivery.
    pub queue: String,
    /// What to send, and where.
    pub content: Content,
    /// Attempts made before this one.
    pub attempts: u32,
    /// Total time it has waited after its own failures.
    pub waited: TimeDelta,
}

/// How an attempt ended, and what happens next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Received by the destination.
    Delivered,
    /// To be tried again later.
    Retry {
        /// The earliest time of the next attempt.
        due_at: DateTime<Utc>,
        /// How much of that wait counts towards giving it up.
        counted: TimeDelta,
    },
    /// Never tried again automatically.
    Dead,
}

/// The result of an attempt, kept for the operators.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// When it ended.
    pub at: DateTime<Utc>,
    /// HTTP status or SMTP reply code; `None` if there was no answer.
    pub status: Option<u16>,
    /// What went wrong, without personal data; `None` when delivered.
    pub error: Option<String>,
    /// The first bytes of the answer.
    pub excerpt: Option<String>,
}

/// A delivery with all its attempts.
#[derive(Debug, Clone)]
pub struct LivraisonView {
    /// The fields shown in lists.
    pub summary: LivraisonSummary,
    /// What to send; `None` if it cannot be read.
    pub content: Option<Content>,
    /// The rules' reason for its event when it was received, in French: for a held delivery, why they did not translate it.
    pub motif: Option<String>,
    /// Its attempts, oldest first.
    pub attempts: Vec<Attempt>,
}

/// A delivery as listed for operators.
#[derive(Debug, Clone)]
pub struct LivraisonSummary {
    /// Its identifier.
    pub id: String,
    /// Its destination.
    pub destination: Destination,
    /// The UID of its demande; `None` for an e-mail about a signalement without a demande.
    pub uid: Option<String>,
    /// Its state.
    pub etat: LivraisonEtat,
    /// Attempts made.
    pub attempts: u32,
    /// Why the last attempt failed.
    pub last_error: Option<String>,
    /// When it was accepted.
    pub created_at: DateTime<Utc>,
    /// When the next attempt is due.
    pub due_at: DateTime<Utc>,
}
