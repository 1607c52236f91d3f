//! The embedded CRM: the demande lives in the daemon's own database.
//!
//! It only mints the UID, which has no side effect, so one commit makes the signalement, the
//! demande and all that goes with it true together.

use async_trait::async_trait;
use uuid::Uuid;

use crate::domain::demande::{Fichier, Uid};
use crate::domain::ports::{
    Change, ChangePage, ChangeQuery, CreateDemande, Created, Crm, CrmError, Remote,
};
use crate::domain::reason::Reason;
use crate::domain::referentiel::Gestionnaire;

/// A CRM without an outside.
#[derive(Debug, Clone, Copy, Default)]
pub struct EmbeddedCrm;

#[async_trait]
impl Crm for EmbeddedCrm {
    fn remote(&self) -> Option<Remote> {
        None
    }

    async fn create(&self, _request: &CreateDemande) -> Result<Created, CrmError> {
        Ok(Created {
            // Version 7 begins with the time, so UIDs sort as the demandes were made.
            uid: Uid::new(format!("DEM-{}", Uuid::now_v7().simple())),
            attaches: false,
        })
    }

    async fn find(&self, _request: &CreateDemande) -> Result<Vec<Uid>, CrmError> {
        Err(no_outside())
    }

    /// The photos lie with the signalement already.
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

/// What only a remote CRM is asked.
fn no_outside() -> CrmError {
    CrmError::Misconfigured(Reason::told(
        "the embedded CRM has nothing that the daemon does not have",
    ))
}
