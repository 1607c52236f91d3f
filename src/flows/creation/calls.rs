//! When this process last called the CRM for each creation, on the monotonic clock. On the wall clock, a
//! forward step would make a call that may still be running look finished.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::domain::signalement::SignalementId;

/// Older calls can no longer be running.
const LONGEST: Duration = Duration::from_hours(24);

/// The last calls whose outcome is unknown.
#[derive(Debug, Default)]
pub struct Calls(Mutex<HashMap<SignalementId, Instant>>);

impl Calls {
    /// Records that a call begins or ends.
    pub(super) fn note(&self, id: &SignalementId) {
        let mut calls = self.calls();
        calls.retain(|_, at| at.elapsed() < LONGEST);
        calls.insert(id.clone(), Instant::now());
    }

    /// How much longer the CRM may work on the last call; zero if none was made here.
    pub(super) fn left_of(&self, longest_work: Duration, id: &SignalementId) -> Duration {
        let last = self.calls().get(id).map(Instant::elapsed);
        last.map_or(Duration::ZERO, |it| longest_work.saturating_sub(it))
    }

    /// Forgets the call, now that its outcome is known.
    pub(super) fn forget(&self, id: &SignalementId) {
        self.calls().remove(id);
    }

    fn calls(&self) -> MutexGuard<'_, HashMap<SignalementId, Instant>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
