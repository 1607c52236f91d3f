//! A version that the store has lost: a database that fails over to a copy which was behind no longer has what was
//! committed last. Records go on naming the version in force, so that it is kept anew.

use std::sync::Arc;
use std::time::Duration;

use super::Reload;
use super::versions::keep;
use crate::domain::ports::StoreError;
use crate::flows::lasting::Lasting;

/// How often the store is asked for the version in force.
const LOOK: Duration = Duration::from_secs(5);

impl Reload {
    /// Sees to it that the store has the version in force, for as long as it is polled.
    pub async fn keep_in_store(&self) {
        let mut looking = Lasting::new("whether the store has the version in force is not known");
        loop {
            tokio::time::sleep(LOOK).await;
            looking.note(self.keep_if_lost().await);
        }
    }

    async fn keep_if_lost(&self) -> Result<(), StoreError> {
        let active = self.active();
        let version = active.generation.version.as_str();
        if self.store.has_version(version).await? {
            return Ok(());
        }
        // No edit may be accepted meanwhile: this version would be the last one in its place.
        let _alone = self.one_at_a_time.lock().await;
        if !Arc::ptr_eq(&active, &self.active()) {
            return Ok(());
        }
        tracing::error!(
            version,
            "the store has lost the version in force: it is kept anew"
        );
        let store = self.store.as_ref();
        keep(store, &active.files, &active.generation, active.since).await
    }
}
