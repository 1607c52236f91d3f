//! The landlord's CRM as the flows see it: its requests, and how certain an answer is.

use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};

use super::FilesError;
use crate::domain::demande::{Fichier, NewDemande, Uid};
use crate::domain::reason::{Phrase, Reason};
use crate::domain::referentiel::Gestionnaire;
use crate::domain::signalement::SignalementId;
use crate::domain::statut::StatutEvent;

/// The landlord's CRM: a remote one, or the built-in one, whose creations are local.
///
/// No method retries by itself: the flows decide when to call and what to conclude from silence, and commit
/// before each call what they are about to do.
#[async_trait]
pub trait Crm: Send + Sync {
    /// The CRM as one reached over the network; `None` for the built-in one, whose creations are local and so
    /// cannot end in doubt.
    fn remote(&self) -> Option<&dyn RemoteCrm>;

    /// Creates the demande under our reference, and returns what became of the photos.
    ///
    /// # Errors
    /// Distinguishes what was certainly not created, what was refused, and what is in doubt.
    async fn create(&self, request: &CreateDemande) -> Result<Created, CrmError>;
}

/// The calls that only a CRM reached over the network takes.
#[async_trait]
pub trait RemoteCrm: Send + Sync {
    /// What the connector currently declares about it.
    fn capabilities(&self) -> Capabilities;

    /// The UIDs of the demandes that carry our reference; only called with [`DuplicateGuard::LookUp`].
    ///
    /// # Errors
    /// When the CRM gave no list that can be trusted. An error is never reported as an empty list.
    async fn find(&self, request: &CreateDemande) -> Result<Vec<Uid>, CrmError>;

    /// Attaches a photo to a demande; called if [`Created::attaches`] or [`Capabilities::attaches`].
    ///
    /// # Errors
    /// When the CRM did not confirm it.
    async fn attach(&self, uid: &Uid, fichier: &Fichier, bytes: Vec<u8>) -> Result<(), CrmError>;

    /// Reads the current status of a demande; called if [`Capabilities::reads_statut`].
    ///
    /// # Errors
    /// When the CRM did not return it.
    async fn statut(&self, uid: &Uid) -> Result<Change, CrmError>;

    /// One page of the changed demandes; called if [`Capabilities::overlap`] is set.
    ///
    /// # Errors
    /// When the page is incomplete.
    async fn changes(&self, query: &ChangeQuery) -> Result<ChangePage, CrmError>;

    /// The managers of a residence, or for one that cannot be read, why not, in French; called if
    /// [`Capabilities::knows_managers`].
    ///
    /// # Errors
    /// When the CRM did not return them.
    async fn managers(
        &self,
        residence: &str,
    ) -> Result<Vec<Result<Gestionnaire, Reason>>, CrmError>;
}

/// What the connector's file declares about a remote CRM. It may change with an edit, so a flow asks once per
/// piece of work and keeps the answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capabilities {
    /// What prevents a retried creation from making a second demande.
    pub guard: DuplicateGuard,
    /// How long the CRM may still take to finish a request that it did not answer.
    pub longest_work: Duration,
    /// Photos are attached one by one, after the creation. For a demande that we created, [`Created::attaches`]
    /// decides; this is for one that was only found.
    pub attaches: bool,
    /// It can return the status of a demande.
    pub reads_statut: bool,
    /// It can return the managers of a residence.
    pub knows_managers: bool,
    /// How far before the newest change already seen its list of changes must be read again; `None` if it has
    /// no list.
    pub overlap: Option<Duration>,
}

/// What a CRM offers against duplicates, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DuplicateGuard {
    /// Creating under an existing reference updates the existing demande.
    Upsert,
    /// The CRM recognises a request that it has already carried out.
    IdempotencyKey,
    /// Demandes can be found by our reference.
    LookUp,
    /// Nothing (`doublons: possibles`): look in the CRM before retrying.
    Nothing,
}

/// A demande to be created.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateDemande {
    /// Our reference, the same at every attempt.
    pub reference: SignalementId,
    /// What the rules decided.
    pub demande: NewDemande,
    /// The photos, already stored.
    pub fichiers: Vec<Fichier>,
}

/// A demande that was created.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Created {
    /// Its UID.
    pub uid: Uid,
    /// The photos were not sent along: they must be attached one by one.
    pub attaches: bool,
}

/// The page of the changes to list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeQuery {
    /// Changes at or after this instant, by the CRM's clock.
    pub since: DateTime<Utc>,
    /// [`ChangePage::next`] of the previous page; `None` for the first.
    pub page: Option<String>,
}

/// One page of changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangePage {
    /// In the CRM's own order, whatever it is.
    pub changes: Vec<Change>,
    /// How to ask for the next page; `None` after the last.
    pub next: Option<String>,
    /// The page before might have been the last and was: this one is empty and only confirmed it.
    pub past_end: bool,
}

/// A demande that changed, with its current status, which may not be what changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The status as an event.
    pub event: StatutEvent,
    /// When it last changed, by the CRM's clock.
    pub at: DateTime<Utc>,
}

/// Longest `Retry-After` honoured; a longer one is treated as a mistake.
pub const LONGEST_RETRY_AFTER: TimeDelta = TimeDelta::days(1);

/// Why a call to the CRM failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CrmError {
    /// It refused this particular request, for good.
    #[error("{we_say}{status}", we_say = Phrase::CrmRefused)]
    Refused {
        /// HTTP status.
        status: u16,
        /// The first bytes of its answer, for the operators.
        excerpt: String,
    },
    /// It certainly did nothing, and may do it later.
    #[error("{we_say}{reason}", we_say = Phrase::CrmUnavailable)]
    Unavailable {
        /// Why, without personal data.
        reason: Reason,
        /// When the CRM asked to be called again.
        retry_at: Option<DateTime<Utc>>,
    },
    /// It certainly did nothing, and its answer cannot be read: why, in French.
    #[error("{we_say}{0}", we_say = Phrase::CrmUnreadable)]
    Unreadable(Reason),
    /// It certainly did nothing, and will not until our credentials are corrected.
    #[error("{we_say}{0}", we_say = Phrase::CrmCredentials)]
    Unauthorized(Reason),
    /// The request was sent, and no answer says what became of it.
    #[error("{we_say}{0}", we_say = Phrase::CrmInDoubt)]
    InDoubt(Reason),
    /// It answered that it created the demande, but no UID can be read in its answer: why.
    #[error("{we_say}{0}", we_say = Phrase::CrmInDoubt)]
    Unidentified(Reason),
    /// The connector's file or the settings yield no request that can be sent.
    #[error("{we_say}{0}", we_say = Phrase::CrmConnector)]
    Misconfigured(Reason),
    /// A photo that the request needs cannot be read from our own store: the CRM was not called.
    #[error("{we_say}{0}", we_say = Phrase::OwnPhotos)]
    Files(FilesError),
}

impl From<&CrmError> for Reason {
    fn from(error: &CrmError) -> Self {
        // The text of each variant begins with a phrase.
        Self::told(error.to_string())
    }
}
