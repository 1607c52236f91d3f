//! The embedded CRM: the demande lives in the daemon's own database.
//!
//! It only generates the UID, which has no side effect, so a single commit records the signalement, the demande and
//! everything that goes with them.

use async_trait::async_trait;
use uuid::Uuid;

use crate::domain::demande::Uid;
use crate::domain::ports::{CreateDemande, Created, Crm, CrmError, RemoteCrm};

/// A CRM with no external system.
#[derive(Debug, Clone, Copy, Default)]
pub struct EmbeddedCrm;

#[async_trait]
impl Crm for EmbeddedCrm {
    fn remote(&self) -> Option<&dyn RemoteCrm> {
        None
    }

    async fn create(&self, _request: &CreateDemande) -> Result<Created, CrmError> {
        Ok(Created {
            // A version 7 UUID begins with the time, so UIDs sort in order of creation.
            uid: Uid::new(format!("DEM-{}", Uuid::now_v7().simple())),
            attaches: false,
        })
    }
}
