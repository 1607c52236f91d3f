//! Forgets what is no longer needed, in small steps beside traffic.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use strum::IntoEnumIterator;

use crate::domain::ports::{Clock, Kept, Store, StoreError, Work};
use crate::domain::signalement::Etat;
use crate::settings::{InForce, RetentionSettings};

/// How often the daemon looks for what may go.
const EVERY: Duration = Duration::from_hours(1);
/// When it is looked again whether another daemon has done.
const AGAIN: Duration = Duration::from_mins(1);
/// Things that go in one commit: whoever writes meanwhile waits for no more than these.
const BATCH: u32 = 200;
/// The shortest rest between two commits; a commit that took longer is followed by as long a rest.
const REST: Duration = Duration::from_millis(5);

/// A landlord of whom nothing is heard for so long has a clock that is wrong.
const SILENCE: TimeDelta = TimeDelta::days(30);
/// How long such a clock is watched before anything is forgotten by it.
const PROBATION: Duration = Duration::from_hours(24);

/// Forgets, by the settings in force.
pub struct Retention {
    /// The daemon's memory.
    pub store: Arc<dyn Store>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// How long each kind is kept.
    pub in_force: InForce,
}

impl Retention {
    /// Forgets again and again, for as long as it is polled.
    pub async fn run(self) {
        let begun = Instant::now();
        // Looked at once: what comes later comes by the same clock.
        let mut looked = self.look_at_clock().await;
        loop {
            // As long as that is not known, nothing is forgotten.
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

    /// Whether the clock shows a time that is much later than anything that was received, with something
    /// that may go by it. It may be wrong, and what is forgotten is so for good.
    ///
    /// # Errors
    /// When the store cannot be read: it is not known then, and to be asked again.
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
                    "nothing was received for so long, or the clock is wrong: nothing is forgotten \
                     before the daemon has been up for a day"
                );
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether the clock is in doubt; `None` where the store does not tell.
    async fn look_at_clock(&self) -> Option<bool> {
        let looked = self.is_clock_in_doubt().await;
        let looked = looked.inspect_err(|error| tracing::error!(%error, "not purged"));
        looked.ok()
    }

    async fn purge_all(&self) {
        for what in Kept::iter() {
            match self.purge(what, |_| {}).await {
                Ok(0) => {}
                Ok(gone) => tracing::info!(what = what.as_str(), gone, "no longer kept"),
                Err(error) => tracing::error!(what = what.as_str(), %error, "not purged"),
            }
        }
    }

    /// How many things of a kind may go now.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn count(&self, what: Kept) -> Result<u64, StoreError> {
        match self.before(what) {
            Some(before) => self.store.count_purgeable(what, before).await,
            None => Ok(0),
        }
    }

    /// Forgets all of a kind that may go now, telling after each step how many went with it.
    ///
    /// # Errors
    /// When the store cannot be written; what went before stays gone.
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

    /// What is older may go; `None` where it is kept for ever.
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
