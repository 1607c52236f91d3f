//! Clears away stored photos that no signalement names: a request that was refused or cut short
//! between its photos and its commit left them behind.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;

use crate::domain::ports::{Clock, Files, FilesError, Store, StoreError};

/// How often the photos are looked through; the start counts as the first time.
const EVERY: Duration = Duration::from_hours(1);
/// A file younger than this may belong to a request whose commit is still to come.
const YOUNG: TimeDelta = TimeDelta::hours(1);

/// The sweeper of photos.
pub struct Sweep {
    /// Knows which photos are named.
    pub store: Arc<dyn Store>,
    /// Where the photos are.
    pub files: Arc<dyn Files>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// Why a sweep was not finished; the next one begins anew.
#[derive(Debug, thiserror::Error)]
pub enum SweepError {
    /// The photos could not be looked through.
    #[error(transparent)]
    Files(#[from] FilesError),
    /// Nobody could say which of them are named.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Sweep {
    /// Sweeps now and then, for good.
    pub async fn run(self) {
        loop {
            match self.once().await {
                Ok(0) => {}
                Ok(removed) => tracing::info!(removed, "photos that nobody names were removed"),
                Err(error) => tracing::warn!(%error, "the photos were not looked through"),
            }
            tokio::time::sleep(EVERY).await;
        }
    }

    /// Looks through all photos once, and tells how many were removed.
    ///
    /// # Errors
    /// When the photos or the database cannot be read; what was removed stays removed.
    pub async fn once(&self) -> Result<u64, SweepError> {
        let mut removed = 0;
        for shard in 0..=u8::MAX {
            let before = self.clock.now() - YOUNG;
            let settled = self.files.settled(shard, before).await?;
            if settled.is_empty() {
                continue;
            }
            for name in self.store.unnamed_files(settled).await? {
                // Asked again by the store of photos: the same photo may have come once more.
                if self.files.remove_settled(shard, &name, before).await? {
                    removed += 1;
                }
            }
        }
        Ok(removed)
    }
}
