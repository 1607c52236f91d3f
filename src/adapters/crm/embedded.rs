//! The embedded CRM: the demande lives in the daemon's own database.
//!
//! It only generates the UID, which has no side effect, so a single commit records the signalement, the demande and
//! everything that goes with them.

use async_trait::async_trait;
use uuid::Uuid;

use crate::domain::demande::{Fichier, Uid};
use crate::domain::ports::{
    Change, ChangePage, ChangeQuery, CreateDemande, Created, Crm, CrmError, Remote,
};
use crate::domain::referentiel::Gestionnaire;

/// A CRM with no external system.
#[derive(Debug, Clone, Copy, Default)]
pub struct EmbeddedCrm;

#[async_trait]
impl Crm for EmbeddedCrm {
    fn remote(&self) -> Option<Remote> {
        None
    }

    async fn create(&self, _request: &CreateDemande) -> Result<Created, CrmError> {
        Ok(Created {
            // A version 7 UUID begins with the time, so UIDs sort in order of creation.
            uid: Uid::new(format!("DEM-{}", Uuid::now_v7().simple())),
            attaches: false,
        })
    }

    async fn find(&self, _request: &CreateDemande) -> Result<Vec<Uid>, CrmError> {
        Err(no_outside())
    }

    /// Nothing to do: the photos are already stored with the signalement.
    async fn attach(
        &self,
        _uid: &Uid,
        _fichier: &Fichier,
        _bytes: Vec<u8>,
    ) -> Result<(), CrmError> {
        Ok(())
    }

    async fn statut(&self, _uid: &Uid) -> Result<Change, CrmError> {
        Err(no_outside())
    }

    async fn changes(&self, _query: &ChangeQuery) -> Result<ChangePage, CrmError> {
        Err(no_outside())
    }

    async fn managers(&self, _residence: &str) -> Result<Vec<Gestionnaire>, CrmError> {
        Err(no_outside())
    }
}

/// The error for calls that only a remote CRM can answer.
fn no_outside() -> CrmError {
    CrmError::Misconfigured("the embedded CRM has nothing that the daemon does not have".into())
}
