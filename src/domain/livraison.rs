//! A *livraison*: one thing that the outside must be told, kept until it has been.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use strum::{EnumCount, EnumIter, EnumString, IntoStaticStr, VariantNames};

use crate::domain::demande::Fichier;

/// Where a delivery goes, in the order in which operators read them.
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
    /// Whether several deliveries share a queue; where each has one of its own, none overtakes
    /// another.
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

/// Where a delivery stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumString, IntoStaticStr, VariantNames)]
#[strum(serialize_all = "snake_case")]
pub enum LivraisonEtat {
    /// To be sent, now or at a later attempt.
    EnAttente,
    /// The destination has it.
    Livree,
    /// Refused for good or given up: kept, and re-sendable.
    Morte,
    /// A later one of the same demande went out first: re-sendable with `--force` only.
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

    /// The word that SoWell and the CRM see: what is held back waits, too.
    #[must_use]
    pub fn public(self) -> &'static str {
        match self {
            Self::Retenue => Self::EnAttente.as_str(),
            other => other.as_str(),
        }
    }
}

/// What one attempt needs to build its request; rendered anew at each attempt.
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
    /// Where it goes.
    #[must_use]
    pub fn destination(&self) -> Destination {
        match self {
            Self::Statut(_) | Self::Uid(_) => Destination::Sowell,
            Self::Courriel(_) => Destination::Courriel,
            Self::Photo(_) => Destination::Crm,
        }
    }
}

/// A status that SoWell must learn, translated when it was accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatutPush {
    /// The demande.
    pub uid: String,
    /// SoWell's word.
    pub statut: String,
    /// The CRM's word.
    pub statut_crm: String,
    /// When it changed, ISO 8601.
    pub date: String,
    /// A word for the tenant.
    pub commentaire: Option<String>,
    /// URL of the signalement in SoWell.
    pub lien_sowell: String,
}

/// The UID of a demande that was created after SoWell had its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UidPush {
    /// The signalement, as SoWell was told its identity.
    pub id: String,
    /// The demande.
    pub uid: String,
    /// SoWell's word for its first status; `None` where the table does not translate it.
    pub statut: Option<String>,
    /// The CRM's word for it.
    pub statut_crm: String,
    /// URL of the signalement in SoWell.
    pub lien_sowell: String,
}

/// A photo that a remote CRM must attach to a demande.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PhotoPush {
    /// The demande.
    pub uid: String,
    /// The photo.
    pub fichier: Fichier,
}

/// An e-mail that `accuses.rhai` asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct Courriel {
    /// The addressee; empty where the data had no address.
    pub a: String,
    /// Name of a file in `modeles/`, without its ending.
    pub modele: String,
    /// What the template sees: a JSON object.
    pub context: Arc<str>,
}

/// A delivery to be written with the change that causes it.
#[derive(Debug, Clone, PartialEq)]
pub struct NewLivraison {
    /// Its identifier: SoWell's `Idempotency-Key`, the e-mail's `Message-ID`.
    pub id: String,
    /// Deliveries of one queue go out one after the other, in the order of acceptance.
    pub queue: String,
    /// What to send.
    pub content: Content,
}

/// A delivery that a worker holds for a while.
#[derive(Debug, Clone)]
pub struct Claim {
    /// Its identifier.
    pub id: String,
    /// Proves, when it is finished, that no other worker took it over meanwhile.
    pub fence: i64,
    /// The queue that it is the oldest of.
    pub queue: String,
    /// What to send.
    pub content: Content,
    /// Attempts made before this one.
    pub attempts: u32,
    /// What it has waited between its own failures so far.
    pub waited: TimeDelta,
}

/// How one attempt ended, and what follows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The destination has it.
    Delivered,
    /// To be tried again then.
    Retry {
        /// Not before this instant.
        due_at: DateTime<Utc>,
        /// How much of that wait brings it nearer to being given up.
        counted: TimeDelta,
    },
    /// Never to be tried again by itself.
    Dead,
}

/// What one attempt saw, kept for the operators.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// When it ended.
    pub at: DateTime<Utc>,
    /// HTTP status, or the SMTP reply code; `None` without an answer.
    pub status: Option<u16>,
    /// What went wrong, without personal data; `None` when delivered.
    pub error: Option<String>,
    /// The first bytes of the answer.
    pub excerpt: Option<String>,
}

/// A delivery with everything that was tried.
#[derive(Debug, Clone)]
pub struct LivraisonView {
    /// As operators list it.
    pub summary: LivraisonSummary,
    /// What is to be sent; `None` where it cannot be read.
    pub content: Option<Content>,
    /// Its attempts, oldest first.
    pub attempts: Vec<Attempt>,
}

/// A delivery as operators list it.
#[derive(Debug, Clone)]
pub struct LivraisonSummary {
    /// Its identifier.
    pub id: String,
    /// Where it goes.
    pub destination: Destination,
    /// The UID of its demande; `None` for an e-mail about a signalement without one.
    pub uid: Option<String>,
    /// Where it stands.
    pub etat: LivraisonEtat,
    /// Attempts made.
    pub attempts: u32,
    /// Why the last attempt failed.
    pub last_error: Option<String>,
    /// When it was accepted.
    pub created_at: DateTime<Utc>,
    /// When it is due.
    pub due_at: DateTime<Utc>,
}
