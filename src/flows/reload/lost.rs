//! Stores the version in force again if the database lost it: after a failover to a copy that lagged behind, the
//! last commits are missing. New records still name the version in force. It is taken from the files on disk, because
//! memory holds only what was compiled from them.

use std::sync::Arc;
use std::time::Duration;

use super::Reload;
use super::files::{read_settled, unreadable};
use super::versions::keep;
use crate::flows::lasting::Lasting;

/// How often to check that the store has the version in force.
const LOOK: Duration = Duration::from_secs(5);

impl Reload {
    /// Makes sure, while it is polled, that the store has the version in force.
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
        // Without the lock, an edit accepted meanwhile would be followed by an older version.
        let _alone = self.one_at_a_time.lock().await;
        if !Arc::ptr_eq(&active, &self.active()) {
            return Ok(());
        }
        let files = read_settled(&self.rules, &self.exports).await;
        let files = files.map_err(|error| unreadable(&error).to_string())?;
        if files.version() != version {
            return Err(format!(
                "the database lost {version}, and the files on disk are different; it is stored again once they are as \
                 they were, and is no longer needed once an edit is accepted"
            ));
        }
        tracing::error!(
            version,
            "the database lost the version in force: storing it again"
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
