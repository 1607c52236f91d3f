//! A version that the store has lost: a database that fails over to a copy which was behind no longer has what was
//! committed last. Records go on naming the version in force, so it is kept again, from the files on the disk: memory
//! holds only what was compiled from them.

use std::sync::Arc;
use std::time::Duration;

use super::Reload;
use super::files::{read_settled, unreadable};
use super::versions::keep;
use crate::flows::lasting::Lasting;

/// How often the store is asked for the version in force.
const LOOK: Duration = Duration::from_secs(5);

impl Reload {
    /// Makes sure that the store has the version in force, for as long as it is polled.
    pub async fn keep_in_store(self: Arc<Self>) {
        let mut missing =
            Lasting::new("the database may not hold the version of the rules in force");
        loop {
            tokio::time::sleep(LOOK).await;
            missing.note(self.keep_if_lost().await);
        }
    }

    async fn keep_if_lost(&self) -> Result<(), String> {
        let active = self.active();
        let version = active.generation.version.as_str();
        let has = self.store.has_version(version).await;
        if has.map_err(|error| error.to_string())? {
            return Ok(());
        }
        // An edit that is accepted meanwhile would be followed by an older version.
        let _alone = self.one_at_a_time.lock().await;
        if !Arc::ptr_eq(&active, &self.active()) {
            return Ok(());
        }
        let files = read_settled(&self.rules, &self.exports).await;
        let files = files.map_err(|error| unreadable(&error).to_string())?;
        if files.version() != version {
            return Err(format!(
                "{version} was lost by the database, and the files on the disk are others; it is kept again once they \
                 are as they were, or no longer needed once an edit is accepted"
            ));
        }
        tracing::error!(
            version,
            "the database lost the version in force: kept again"
        );
        let kept = keep(
            self.store.as_ref(),
            &files,
            &active.generation,
            active.since,
        );
        kept.await.map_err(|error| error.to_string())
    }
}
