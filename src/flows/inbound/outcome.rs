//! The outcome of a received signalement, as returned to its client.

use std::time::Duration;

use crate::domain::fault::Fault;
use crate::domain::motif::Motif;
use crate::domain::ports::{FilesError, StoreError};
use crate::domain::signalement::SignalementId;
use crate::rules::decide::Undecided;

/// The successful outcomes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Received {
    /// A demande was created.
    Created {
        /// Its UID.
        uid: String,
        /// The body of the answer.
        answer: String,
    },
    /// It had already been created.
    Replayed {
        /// Its UID.
        uid: String,
        /// The body of the first answer.
        answer: String,
    },
    /// It is kept and not forwarded.
    SetAside {
        /// Its identity.
        id: SignalementId,
        /// Why, in French.
        motif: String,
        /// Warnings for the answer, in French.
        avertissements: Vec<String>,
    },
    /// The CRM is unavailable: the signalement is kept, and the demande will be created later.
    Deferred {
        /// Its identity.
        id: SignalementId,
    },
}

/// The failed outcomes.
#[derive(Debug, thiserror::Error)]
pub enum InboundError {
    /// The request has faults; `id` is set if it was recorded for the admins.
    #[error("the signalement has faults")]
    Refused {
        /// Every fault found.
        faults: Vec<Fault>,
        /// Its identity.
        id: Option<SignalementId>,
    },
    /// One of its keys belongs to a creation with different content.
    #[error("the key belongs to different content")]
    Conflict {
        /// The signalement that owns the key.
        owner: SignalementId,
        /// The UID of its demande, if it already exists.
        uid: Option<String>,
        /// Whether that is a different signalement, which came with the same `Idempotency-Key`.
        other: bool,
        /// The keys that differ from what is stored; empty if that is no longer known.
        differs: Vec<String>,
    },
    /// A rule failed; the signalement is kept.
    #[error("a rule failed: {cause}")]
    Broken {
        /// Which rule, and how it failed.
        cause: Undecided,
        /// Its identity.
        id: SignalementId,
    },
    /// The CRM refused the demande; the signalement is kept.
    #[error("the CRM refused the demande with status {status}")]
    RefusedByCrm {
        /// The CRM's HTTP status.
        status: u16,
        /// Its identity.
        id: SignalementId,
    },
    /// The CRM gives no usable managers of the residence; the signalement is kept, except by a trial.
    #[error("{motif}")]
    WithoutManagers {
        /// The code of the residence.
        residence: String,
        /// What is wrong.
        motif: Motif,
        /// Its identity; `None` in a trial.
        id: Option<SignalementId>,
    },
    /// The connector's file yields no request for the demande; the signalement is kept.
    #[error("the connector of the CRM failed: {reason}")]
    BrokenConnector {
        /// How it failed.
        reason: String,
        /// Its identity.
        id: SignalementId,
    },
    /// The CRM could not be reached; nothing is kept.
    #[error("the CRM is unavailable")]
    CrmAway {
        /// How long the CRM asked not to be called.
        wait: Option<Duration>,
    },
    /// The CRM may have the demande; the signalement is kept until that is known.
    #[error("it is not known yet whether the CRM has the demande")]
    InDoubt {
        /// Its identity.
        id: SignalementId,
    },
    /// The CRM may have a demande with different content under the same link or key; this one is not kept, and
    /// nothing is bound until that is known.
    #[error("it is not known yet whether the CRM has a demande with different content")]
    OtherInDoubt,
    /// A different request is creating the demande and takes long.
    #[error("its demande is being created for another request")]
    UnderWay,
    /// A photo could not be written.
    #[error(transparent)]
    Files(#[from] FilesError),
    /// The database could not be written or read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A bug of ours.
    #[error("{0}")]
    Fault(String),
}
