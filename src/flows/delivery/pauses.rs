//! Pauses a destination that fails for everyone.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use tokio::time::Instant;

use super::Delivery;
use super::verdict::Verdict;
use crate::domain::instant::in_utc;
use crate::domain::livraison::{Attempt, Destination};
use crate::domain::ports::{Pause, StoreError};
use crate::flows::backoff::{span, wait};
use crate::flows::delivery::breaker::Breaker;

/// One attempt, in the context of its destination.
pub(super) struct Trial {
    pub(super) destination: Destination,
    pub(super) breaker: Arc<Breaker>,
    /// It is the only one in flight after a pause.
    pub(super) probe: bool,
    /// Until then no one else sends it.
    pub(super) lease_end: Option<Instant>,
}

impl Trial {
    /// Whether the destination must be paused after this, as the breaker judges it together with the other
    /// attempts.
    pub(super) fn opens(&self, verdict: &Verdict, queue: &str) -> bool {
        match verdict {
            Verdict::Unauthorized => true,
            Verdict::Again { .. } => self.probe || self.breaker.failed(queue),
            Verdict::Ours => false,
            Verdict::Delivered | Verdict::Never => {
                self.breaker.answered();
                false
            }
        }
    }

    /// Whether it is a probe that found the destination working again; a fault of ours says nothing about it.
    pub(super) fn ends_pause(&self, verdict: &Verdict) -> bool {
        self.probe && matches!(verdict, Verdict::Delivered | Verdict::Never)
    }
}

impl Delivery {
    /// Whether a pause is longer than any real one: then it was set by a fast clock.
    pub(super) fn is_beyond(&self, pause: &Pause, now: DateTime<Utc>) -> bool {
        pause.until - now > span(self.in_force.get().delivery.max_retry)
    }

    /// Whether the destination is known to fail for everyone.
    pub(super) async fn is_left_alone(&self, destination: Destination) -> bool {
        matches!(self.store.pause(destination).await, Ok(Some(_)))
    }

    /// Opens the breaker: longer each time a probe fails, never longer than the maximum retry wait of a
    /// delivery, whatever the destination asks for.
    pub(super) async fn pause(
        &self,
        trial: &Trial,
        verdict: &Verdict,
        attempt: &Attempt,
    ) -> Result<(), StoreError> {
        let Trial {
            destination, probe, ..
        } = *trial;
        let before = self.store.pause(destination).await?;
        let failures = before.as_ref().map_or(0, |it| it.failures);
        // Attempts already in flight when it opened tell us nothing new.
        let failures = (failures + u32::from(probe)).max(1);
        let until = attempt.at + wait(&self.in_force.get().delivery, failures);
        let until = before.map_or(until, |it| it.until.max(until));
        let (destination_name, status) = (destination.as_str(), attempt.status);
        let refused = matches!(verdict, Verdict::Unauthorized);
        if refused {
            tracing::error!(
                destination = destination_name,
                status,
                until = in_utc(until),
                "ALARM: the destination refuses our token or account; it is paused"
            );
        } else {
            tracing::warn!(
                destination = destination_name,
                status,
                failures,
                until = in_utc(until),
                "the destination fails for several deliveries; it is paused"
            );
        }
        let pause = Pause {
            until,
            failures,
            refused,
            reason: attempt.error.clone().unwrap_or_default(),
        };
        self.store.set_pause(destination, Some(pause)).await
    }

    /// A probe found the destination working again.
    pub(super) async fn end_pause(&self, destination: Destination) -> Result<(), StoreError> {
        tracing::info!(
            destination = destination.as_str(),
            "the destination is back"
        );
        self.store.set_pause(destination, None).await
    }
}
