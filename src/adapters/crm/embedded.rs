//! The embedded CRM: the demande lives in the daemon's own database.
//!
//! It only mints the UID, which has no side effect, so one commit makes the signalement, the
//! demande and all that goes with it true together.

use async_trait::async_trait;
use uuid::Uuid;

use crate::domain::demande::Uid;
use crate::domain::ports::{CreateDemande, Created, Crm, CrmError, RemoteCrm};

/// A CRM without an outside.
#[derive(Debug, Clone, Copy, Default)]
pub struct EmbeddedCrm;

#[async_trait]
impl Crm for EmbeddedCrm {
    fn remote(&self) -> Option<&dyn RemoteCrm> {
        None
    }

    async fn create(&self, _request: &CreateDemande) -> Result<Created, CrmError> {
        Ok(Created {
            // Version 7 begins with the time, so UIDs sort as the demandes were made.
            uid: Uid::new(format!("DEM-{}", Uuid::now_v7().simple())),
            attaches: false,
        })
    }
}
