//! The embedded CRM: the demande lives in the daemon's own database.
//!
//! It only mints the UID, which has no side effect, so one commit makes the signalement, the
//! demande and all that goes with it true together.

use async_trait::async_trait;
use uuid::Uuid;

use crate::domain::demande::{NewDemande, Uid};
use crate::domain::ports::{Crm, CrmError};

/// A CRM without an outside.
#[derive(Debug, Clone, Copy, Default)]
pub struct EmbeddedCrm;

#[async_trait]
impl Crm for EmbeddedCrm {
    async fn create(&self, _demande: &NewDemande) -> Result<Uid, CrmError> {
        // Version 7 begins with the time, so UIDs sort as the demandes were made.
        Ok(Uid::new(format!("DEM-{}", Uuid::now_v7().simple())))
    }
}
