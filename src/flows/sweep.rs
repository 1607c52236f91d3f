//! Clears away stored photos that no signalement names: a request that was refused or cut short
//! between its photos and its commit left them behind.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};

use crate::domain::ports::{Clock, Files, FilesError, Store, StoreError, Work};

/// How often the photos are looked through; the start counts as the first time.
const EVERY: Duration = Duration::from_hours(1);
/// A file younger than this may belong to a request whose commit is still to come.
const YOUNG: TimeDelta = TimeDelta::hours(1);
/// When it is looked again whether another daemon has done with its own sweep.
const AGAIN: Duration = Duration::from_mins(1);
/// Photos whose removal is noted at once.
const BATCH: usize = 100;
/// How long after that the last of them may begin to go: far from the end of
/// [`REMOVAL_WINDOW`](crate::domain::ports::REMOVAL_WINDOW), since a removal takes its time, too.
const BEGIN_WITHIN: Duration = Duration::from_secs(30);

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
            let pause = match self.at_my_turn().await {
                Ok(None) => AGAIN,
                Ok(Some(0)) => EVERY,
                Ok(Some(removed)) => {
                    tracing::info!(removed, "photos that nobody names were removed");
                    EVERY
                }
                Err(error) => {
                    tracing::warn!(%error, "the photos were not looked through");
                    EVERY
                }
            };
            tokio::time::sleep(pause).await;
        }
    }

    /// `None` while another daemon sweeps.
    async fn at_my_turn(&self) -> Result<Option<u64>, SweepError> {
        match self.store.turn(Work::Sweep).await? {
            Some(_turn) => Ok(Some(self.once().await?)),
            None => Ok(None),
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
            for names in self.store.unnamed_files(settled).await?.chunks(BATCH) {
                removed += self.remove(shard, names, before).await?;
            }
        }
        Ok(removed)
    }

    /// The same photo may come again at any moment: then it is either young, which the store of
    /// photos looks at, or refused by the database for as long as it may still go.
    async fn remove(
        &self,
        shard: u8,
        names: &[String],
        before: DateTime<Utc>,
    ) -> Result<u64, SweepError> {
        let (begun, now) = (Instant::now(), self.clock.now());
        let mut removed = 0;
        for name in self.store.begin_removal(names.to_vec(), now).await? {
            if begun.elapsed() > BEGIN_WITHIN {
                // The next sweep notes it anew.
                break;
            }
            if self.files.remove_settled(shard, &name, before).await? {
                removed += 1;
            }
        }
        Ok(removed)
    }
}
