//! The landlord's CRM, as the flows see it: what it is asked, and how sure an answer is.

use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};

use super::FilesError;
use crate::domain::demande::{Fichier, NewDemande, Uid};
use crate::domain::reason::{Phrase, Reason};
use crate::domain::referentiel::Gestionnaire;
use crate::domain::signalement::SignalementId;
use crate::domain::statut::StatutEvent;

/// The landlord's CRM: a remote one, or one whose creations have no outside.
///
/// No method tries again by itself: when to call, and what to believe after silence, is for the
/// flows, which commit before each call what they are about to do.
#[async_trait]
pub trait Crm: Send + Sync {
    /// The CRM as one that is reached over the network; `None` for one whose creations have no
    /// outside, so that they cannot end in doubt.
    fn remote(&self) -> Option<&dyn RemoteCrm>;

    /// Creates the demande under our reference, and tells what became of the photos.
    ///
    /// # Errors
    /// Tells apart what certainly was not created, what was refused, and what is in doubt.
    async fn create(&self, request: &CreateDemande) -> Result<Created, CrmError>;
}

/// What only a CRM that is reached over the network is asked.
#[async_trait]
pub trait RemoteCrm: Send + Sync {
    /// What the connector says of it now.
    fn capabilities(&self) -> Capabilities;

    /// The UIDs of the demandes that carry our reference; asked of
    /// [`DuplicateGuard::LookUp`] only.
    ///
    /// # Errors
    /// When the CRM gave no list that can be believed. No error is ever an empty list.
    async fn find(&self, request: &CreateDemande) -> Result<Vec<Uid>, CrmError>;

    /// Attaches one photo to a demande; asked where [`Created::attaches`] or
    /// [`Capabilities::attaches`].
    ///
    /// # Errors
    /// When the CRM did not say that it has it.
    async fn attach(&self, uid: &Uid, fichier: &Fichier, bytes: Vec<u8>) -> Result<(), CrmError>;

    /// Reads the status that a demande has now; asked where [`Capabilities::reads_statut`].
    ///
    /// # Errors
    /// When the CRM did not tell it.
    async fn statut(&self, uid: &Uid) -> Result<Change, CrmError>;

    /// One page of the demandes that changed; asked where [`Capabilities::overlap`] says so.
    ///
    /// # Errors
    /// When the page is not whole.
    async fn changes(&self, query: &ChangeQuery) -> Result<ChangePage, CrmError>;

    /// The managers of a residence; asked where [`Capabilities::knows_managers`].
    ///
    /// # Errors
    /// When the CRM did not tell them.
    async fn managers(&self, residence: &str) -> Result<Vec<Gestionnaire>, CrmError>;
}

/// What the connector's file says of a remote CRM. It may change with an edit, so a flow asks
/// once and keeps the answer for as long as one piece of work takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capabilities {
    /// What keeps a creation that is tried again from becoming a second demande.
    pub guard: DuplicateGuard,
    /// The longest time after which the CRM may still finish a request that it did not answer.
    pub longest_work: Duration,
    /// Photos are attached one by one, after the creation. What holds of a creation that was made is
    /// [`Created::attaches`]; this stands for one that was only found.
    pub attaches: bool,
    /// It can be asked for the status of a demande.
    pub reads_statut: bool,
    /// It can be asked for the managers of a residence.
    pub knows_managers: bool,
    /// How far before the newest change already seen its list of changes must be read again;
    /// `None` where it has no such list.
    pub overlap: Option<Duration>,
}

/// What a CRM offers against duplicates, the best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DuplicateGuard {
    /// Creating under a reference that exists changes the demande that is there.
    Upsert,
    /// The CRM recognises a request that it has carried out already.
    IdempotencyKey,
    /// Demandes can be found by our reference.
    LookUp,
    /// Nothing (`doublons: possibles`): whoever tries again must have looked.
    Nothing,
}

/// A demande to be created.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateDemande {
    /// Our reference, the same whenever this demande is tried again.
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
    /// The photos did not go along: they are to be attached one by one.
    pub attaches: bool,
}

/// Which page of the changes to list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeQuery {
    /// Changes at this instant and later, by the CRM's own clock.
    pub since: DateTime<Utc>,
    /// What the page before gave as [`ChangePage::next`]; `None` for the first.
    pub page: Option<String>,
}

/// One page of changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangePage {
    /// In whatever order the CRM lists them.
    pub changes: Vec<Change>,
    /// How to ask for the next page; `None` after the last.
    pub next: Option<String>,
}

/// A demande that changed: the status that it has, which need not be what changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// What the CRM says of it.
    pub event: StatutEvent,
    /// When it changed last, by the CRM's own clock.
    pub at: DateTime<Utc>,
}

/// The longest that a partner is obeyed that asks to be called later: beyond it, that is taken for a
/// mistake.
pub const LONGEST_RETRY_AFTER: TimeDelta = TimeDelta::days(1);

/// Why the CRM did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CrmError {
    /// It refused this very request, for good.
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
        /// When it asked to be called again.
        retry_at: Option<DateTime<Utc>>,
    },
    /// It certainly did nothing of what it was asked, and what it says instead cannot be read: why, in French.
    #[error("{we_say}{0}", we_say = Phrase::CrmUnreadable)]
    Unreadable(Reason),
    /// It certainly did nothing, and will not before our credentials are mended.
    #[error("{we_say}{0}", we_say = Phrase::CrmCredentials)]
    Unauthorized(Reason),
    /// The request left, and no answer says what became of it.
    #[error("{we_say}{0}", we_say = Phrase::CrmInDoubt)]
    InDoubt(Reason),
    /// The connector's file or the settings make no request that can be sent.
    #[error("{we_say}{0}", we_say = Phrase::CrmConnector)]
    Misconfigured(Reason),
    /// Our own store does not give a photo that the request needs: the CRM was asked nothing.
    #[error("{we_say}{0}", we_say = Phrase::OwnPhotos)]
    Files(FilesError),
}

impl From<&CrmError> for Reason {
    fn from(error: &CrmError) -> Self {
        // Each of its forms begins with a phrase.
        Self::told(error.to_string())
    }
}
