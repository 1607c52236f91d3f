//! What became of a signalement that came in, as its client is told.

use std::time::Duration;

use crate::domain::fault::Fault;
use crate::domain::ports::{FilesError, StoreError};
use crate::domain::signalement::SignalementId;
use crate::rules::decide::Undecided;

/// What the client is told when nothing is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Received {
    /// A demande was created.
    Created {
        /// Its UID.
        uid: String,
        /// The body of the answer.
        answer: String,
    },
    /// It had been created before.
    Replayed {
        /// Its UID.
        uid: String,
        /// The body of the first answer.
        answer: String,
    },
    /// It is kept, and not forwarded.
    SetAside {
        /// Its identity.
        id: SignalementId,
        /// Why, in French.
        motif: String,
        /// Remarks.
        avertissements: Vec<String>,
    },
    /// The CRM is away: it is kept, and the demande is created later.
    Deferred {
        /// Its identity.
        id: SignalementId,
    },
}

/// What the client is told when something is.
#[derive(Debug, thiserror::Error)]
pub enum InboundError {
    /// The request has faults; `id` where it was recorded for the admins.
    #[error("the signalement has faults")]
    Refused {
        /// Every fault found.
        faults: Vec<Fault>,
        /// Its record.
        id: Option<SignalementId>,
    },
    /// A key of it belongs to a creation with other content.
    #[error("the key belongs to another content")]
    Conflict {
        /// The signalement that owns the key.
        owner: SignalementId,
        /// Its demande, where it exists already.
        uid: Option<String>,
        /// Whether that is another signalement, which came with the same `Idempotency-Key`.
        other: bool,
        /// The keys that differ from what is stored of it; none where that is not known any more.
        differs: Vec<String>,
    },
    /// A rule broke; the signalement is kept.
    #[error("a rule failed: {cause}")]
    Broken {
        /// Which, and how.
        cause: Undecided,
        /// Its record.
        id: SignalementId,
    },
    /// The CRM refuses the demande; the signalement is kept.
    #[error("the CRM refused the demande with status {status}")]
    RefusedByCrm {
        /// The CRM's HTTP status.
        status: u16,
        /// Its record.
        id: SignalementId,
    },
    /// The connector's file makes no request of the demande; the signalement is kept.
    #[error("the connector of the CRM failed: {reason}")]
    BrokenConnector {
        /// How.
        reason: String,
        /// Its record.
        id: SignalementId,
    },
    /// The CRM could not be reached; nothing is kept.
    #[error("the CRM is unavailable")]
    CrmAway {
        /// How long it asked to be left alone.
        wait: Option<Duration>,
    },
    /// The CRM may have the demande; the signalement is kept until that is known.
    #[error("it is not known yet whether the CRM has the demande")]
    InDoubt {
        /// Its record.
        id: SignalementId,
    },
    /// The CRM may have the demande of another content with the same link or key; this one is not kept, and
    /// nothing is bound before that is known.
    #[error("it is not known yet whether the CRM has the demande of another content")]
    OtherInDoubt,
    /// Another request is creating the demande, and takes long.
    #[error("its demande is being created for another request")]
    UnderWay,
    /// A photo could not be written.
    #[error(transparent)]
    Files(#[from] FilesError),
    /// The database could not be written or read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A fault of ours.
    #[error("{0}")]
    Fault(String),
}
