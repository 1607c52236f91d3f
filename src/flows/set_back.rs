//! Handles a wall clock that ran ahead and is then corrected. Retries and leases dated in that future would
//! otherwise wait until it comes.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::time::Instant;

use crate::domain::ports::{Clock, LONGEST_RETRY_AFTER, Upkeep};
use crate::flows::backoff::span;
use crate::flows::{creation, delivery, poll};
use crate::settings::InForce;

/// How often the clock is checked.
const LOOK: Duration = Duration::from_secs(1);
/// The smallest step that is handled: a smaller one makes nothing wait for long.
const STEP: TimeDelta = TimeDelta::minutes(1);

/// Watches the wall clock for backward steps.
pub struct SetBack {
    /// The daemon's database.
    pub store: Arc<dyn Upkeep>,
    /// The wall clock.
    pub clock: Arc<dyn Clock>,
    /// The settings with the maximum retry wait.
    pub in_force: InForce,
}

impl SetBack {
    /// Watches while it is polled.
    pub async fn run(self) {
        // The clock may have been set while no daemon was running.
        let longest = span(self.in_force.get().delivery.max_retry).max(LONGEST_RETRY_AFTER);
        let mut cut = Some(longest);
        let mut before = (Instant::now(), self.clock.now());
        loop {
            let now = self.clock.now();
            let behind = expected(before) - now;
            before = (Instant::now(), now);
            if behind > STEP {
                let seconds = behind.num_seconds();
                tracing::warn!(seconds, "the clock was set back: waits are shortened");
                cut = Some(span(self.in_force.get().delivery.max_retry));
            }
            if let Some(longest) = cut {
                let (latest, leased) = (now + longest, now + self.longest_lease());
                match self.store.wait_no_longer(latest, leased).await {
                    Ok(()) => cut = None,
                    Err(error) => tracing::error!(%error, "waits were not shortened"),
                }
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// The longest lease of all workers.
    fn longest_lease(&self) -> TimeDelta {
        let attempt = self.in_force.get().delivery.attempt;
        span(delivery::lease(attempt))
            .max(creation::LEASE)
            .max(poll::LEASE)
    }
}

/// What the clock would show if it had not been set.
fn expected((at, was): (Instant, DateTime<Utc>)) -> DateTime<Utc> {
    was + span(at.elapsed())
}
