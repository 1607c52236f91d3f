//! Removes stored photos that no signalement names, left behind by a request that was refused or interrupted
//! between storing its photos and its commit.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};

use crate::domain::ports::{Clock, Files, FilesError, StoreError, Upkeep, Work};

/// How often the photos are checked, starting at startup.
const EVERY: Duration = Duration::from_hours(1);
/// A file younger than this may belong to a request whose commit is still to come.
const YOUNG: TimeDelta = TimeDelta::hours(1);
/// Delay before checking whether a different daemon has finished its sweep.
const AGAIN: Duration = Duration::from_mins(1);
/// Number of photos whose removal is recorded together.
const BATCH: usize = 100;
/// How long after that the last removal may start: well before the end of
/// [`REMOVAL_WINDOW`](crate::domain::ports::REMOVAL_WINDOW), since a removal takes time too.
const BEGIN_WITHIN: Duration = Duration::from_secs(30);

/// Maximum photos removed in one sweep: all their names are held in memory.
const MOST: usize = 100_000;
/// If at least this many photos are unnamed and most photos are, something is probably wrong.
const MANY: usize = 20;

/// The sweeper of photos.
pub struct Sweep {
    /// The database, which knows which photos are named.
    pub store: Arc<dyn Upkeep>,
    /// The store of photos.
    pub files: Arc<dyn Files>,
    /// The wall clock.
    pub clock: Arc<dyn Clock>,
}

/// Why a sweep was not finished; the next one starts again.
#[derive(Debug, thiserror::Error)]
pub enum SweepError {
    /// The photos could not be listed.
    #[error(transparent)]
    Files(#[from] FilesError),
    /// The database could not say which of them are named.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The photos belong to a different database.
    #[error(
        "the photos belong to a different database: none is removed. Put that database back; if the photos are this \
         one's from now on, `passerelle purge --photos` removes those that it does not name"
    )]
    Foreign,
    /// A database that names so few of them is the wrong one, or an old one.
    #[error(
        "the database names only {named} of {all} photos: none is removed. If it is the right database, \
         `passerelle purge --photos` removes those that it does not name"
    )]
    TooMany {
        /// Number of photos that the database names.
        named: usize,
        /// Number of photos old enough to be checked.
        all: usize,
    },
    /// A daemon is already sweeping.
    #[error("a daemon is checking the photos; try again in a minute")]
    Busy,
}

/// The contents of the store of photos.
#[derive(Default)]
struct Found {
    all: usize,
    unnamed: usize,
    /// The names of unnamed photos by shard, [`MOST`] at most.
    removable: Vec<(u8, Vec<String>)>,
}

impl Found {
    fn is_mostly_unnamed(&self) -> bool {
        self.unnamed > self.all / 2
    }

    fn too_many(&self) -> SweepError {
        SweepError::TooMany {
            named: self.all - self.unnamed,
            all: self.all,
        }
    }
}

impl Sweep {
    /// Sweeps periodically, for ever.
    pub async fn run(self) {
        loop {
            let pause = match self.at_my_turn().await {
                Ok(None) => AGAIN,
                Ok(Some(0)) => EVERY,
                Ok(Some(removed)) => {
                    tracing::info!(removed, "photos that no signalement names were removed");
                    EVERY
                }
                Err(error @ (SweepError::Foreign | SweepError::TooMany { .. })) => {
                    tracing::error!("ALARM: {error}");
                    EVERY
                }
                Err(error) => {
                    tracing::warn!(%error, "the photos were not checked");
                    EVERY
                }
            };
            tokio::time::sleep(pause).await;
        }
    }

    /// Sweeps once; `None` while a different daemon is sweeping.
    async fn at_my_turn(&self) -> Result<Option<u64>, SweepError> {
        match self.store.turn(Work::Sweep).await? {
            Some(_turn) => Ok(Some(self.once().await?)),
            None => Ok(None),
        }
    }

    /// Checks all photos once, and returns how many were removed: none if they belong to a different database,
    /// or if this one names so few that they cannot be its own.
    ///
    /// # Errors
    /// When the photos or the database cannot be read; what was already removed stays removed.
    pub async fn once(&self) -> Result<u64, SweepError> {
        let identity = self.store.identity().await?;
        let owner = self.files.owner().await?;
        if owner.as_ref().is_some_and(|it| *it != identity) {
            return Err(SweepError::Foreign);
        }
        let before = self.clock.now() - YOUNG;
        let found = self.look(before).await?;
        let enough = if owner.is_some() { MANY } else { 1 };
        if found.is_mostly_unnamed() && found.unnamed >= enough {
            return Err(found.too_many());
        }
        if owner.is_none() {
            self.files.set_owner(&identity).await?;
        }
        self.remove_all(found, before).await
    }

    /// Assigns the photos to this database and removes those that it does not name, however many, at an
    /// operator's request; returns their number. With `dry_run` it only counts.
    ///
    /// # Errors
    /// See [`SweepError`].
    pub async fn take_over(&self, dry_run: bool) -> Result<u64, SweepError> {
        let Some(_turn) = self.store.turn(Work::Sweep).await? else {
            return Err(SweepError::Busy);
        };
        let before = self.clock.now() - YOUNG;
        let mut found = self.look(before).await?;
        if dry_run {
            return Ok(found.unnamed as u64);
        }
        let identity = self.store.identity().await?;
        self.files.set_owner(&identity).await?;
        let mut all = 0;
        loop {
            let removed = self.remove_all(found, before).await?;
            all += removed;
            if removed == 0 {
                return Ok(all);
            }
            // What the last round had no room or time for.
            found = self.look(before).await?;
        }
    }

    async fn look(&self, before: DateTime<Utc>) -> Result<Found, SweepError> {
        let mut found = Found::default();
        for shard in 0..=u8::MAX {
            let settled = self.files.settled(shard, before).await?;
            if settled.is_empty() {
                continue;
            }
            found.all += settled.len();
            let mut unnamed = self.store.unnamed_files(settled).await?;
            let room = MOST.saturating_sub(found.unnamed);
            found.unnamed += unnamed.len();
            unnamed.truncate(room);
            found.removable.push((shard, unnamed));
        }
        Ok(found)
    }

    async fn remove_all(&self, found: Found, before: DateTime<Utc>) -> Result<u64, SweepError> {
        let mut removed = 0;
        for (shard, names) in found.removable {
            for names in names.chunks(BATCH) {
                removed += self.remove(shard, names, before).await?;
            }
        }
        Ok(removed)
    }

    /// The same photo may be received again at any moment. It is then either young, which the store of photos
    /// checks, or refused by the database while its removal may still happen.
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
                // The next sweep records it again.
                break;
            }
            if self.files.remove_settled(shard, &name, before).await? {
                removed += 1;
            }
        }
        Ok(removed)
    }
}
