//! Deletes what has passed its retention period, in small steps alongside traffic.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use strum::IntoEnumIterator;

use crate::domain::ports::{Clock, Kept, Store, StoreError, Work};
use crate::domain::signalement::Etat;
use crate::settings::{InForce, RetentionSettings};

/// How often the daemon looks for what can be deleted.
const EVERY: Duration = Duration::from_hours(1);
/// Delay before checking whether a different daemon has finished.
const AGAIN: Duration = Duration::from_mins(1);
/// Number of items deleted per commit: concurrent writers wait no longer than for these.
const BATCH: u32 = 200;
/// Minimum pause between two commits; a longer commit is followed by an equally long pause.
const REST: Duration = Duration::from_millis(5);

/// If the landlord has sent nothing for this long, the clock is probably wrong, so nothing is deleted.
const SILENCE: TimeDelta = TimeDelta::days(30);
/// How long a doubtful clock is observed before anything is deleted.
const PROBATION: Duration = Duration::from_hours(24);

/// Deletes data according to the settings in force.
pub struct Retention {
    /// The daemon's database.
    pub store: Arc<dyn Store>,
    /// The wall clock.
    pub clock: Arc<dyn Clock>,
    /// How long each kind is kept.
    pub in_force: InForce,
}

impl Retention {
    /// Purges periodically, while it is polled.
    pub async fn run(self) {
        let begun = Instant::now();
        // Checked at startup: everything received later is dated by the same clock.
        let mut looked = self.look_at_clock().await;
        loop {
            // Until this is known, nothing is deleted.
            let Some(in_doubt) = looked else {
                tokio::time::sleep(AGAIN).await;
                looked = self.look_at_clock().await;
                continue;
            };
            let in_doubt = in_doubt && begun.elapsed() < PROBATION;
            let pause = match self.store.turn(Work::Purge).await {
                Ok(Some(_turn)) if in_doubt => EVERY,
                Ok(Some(_turn)) => {
                    self.purge_all().await;
                    EVERY
                }
                Ok(None) => AGAIN,
                Err(error) => {
                    tracing::error!(%error, "not purged");
                    EVERY
                }
            };
            tokio::time::sleep(pause).await;
        }
    }

    /// Whether the clock is much later than anything received, and there is something to delete. The clock may
    /// be wrong, and deletion is final.
    ///
    /// # Errors
    /// When the store cannot be read: the answer is then unknown, and must be asked for again.
    pub async fn is_clock_in_doubt(&self) -> Result<bool, StoreError> {
        let now = self.clock.now();
        let mut newest = None;
        for etat in [Some(Etat::Transmis), None] {
            let found = self.store.list_signalements(etat, 1).await?;
            newest = newest.max(found.first().map(|it| it.received_at));
        }
        if newest.is_none_or(|it| now - it < SILENCE) {
            return Ok(false);
        }
        for what in Kept::iter() {
            if self.count(what).await? > 0 {
                tracing::warn!(
                    days = SILENCE.num_days(),
                    "nothing was received for this long, or the clock is wrong: nothing is purged \
                     before the daemon has been up for a day"
                );
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether the clock is in doubt; `None` if the store cannot be read.
    async fn look_at_clock(&self) -> Option<bool> {
        let looked = self.is_clock_in_doubt().await;
        let looked = looked.inspect_err(|error| tracing::error!(%error, "not purged"));
        looked.ok()
    }

    async fn purge_all(&self) {
        for what in Kept::iter() {
            match self.purge(what, |_| {}).await {
                Ok(0) => {}
                Ok(gone) => tracing::info!(what = what.as_str(), gone, "purged"),
                Err(error) => tracing::error!(what = what.as_str(), %error, "not purged"),
            }
        }
    }

    /// The number of items of a kind that can be deleted now.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn count(&self, what: Kept) -> Result<u64, StoreError> {
        match self.before(what) {
            Some(before) => self.store.count_purgeable(what, before).await,
            None => Ok(0),
        }
    }

    /// Deletes all items of a kind that can be deleted now, and reports their number after each step.
    ///
    /// # Errors
    /// When the store cannot be written; what was already deleted stays deleted.
    pub async fn purge(&self, what: Kept, told: impl Fn(u64)) -> Result<u64, StoreError> {
        let Some(before) = self.before(what) else {
            return Ok(0);
        };
        let mut gone = 0;
        loop {
            let begun = Instant::now();
            let some = self.store.purge(what, before, BATCH).await?;
            if some == 0 {
                return Ok(gone);
            }
            gone += some;
            metrics::counter!("passerelle_purged_total", "what" => what.as_str()).increment(some);
            told(some);
            tokio::time::sleep(begun.elapsed().max(REST)).await;
        }
    }

    /// Items older than this may be deleted; `None` if they are kept for ever.
    fn before(&self, what: Kept) -> Option<DateTime<Utc>> {
        let kept = kept_for(&self.in_force.get().retention, what)?;
        let kept = TimeDelta::from_std(kept).ok()?;
        self.clock.now().checked_sub_signed(kept)
    }
}

fn kept_for(settings: &RetentionSettings, what: Kept) -> Option<Duration> {
    match what {
        Kept::Traces => settings.traces,
        Kept::Payloads => settings.payloads,
        Kept::Deliveries => settings.deliveries,
    }
}
