//! When this process last called the CRM for each creation, by the clock that nobody sets: by the one
//! on the wall, set forward meanwhile, the CRM's longest work would seem to be over too soon.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::domain::signalement::SignalementId;

/// What is older says nothing any more.
const LONGEST: Duration = Duration::from_hours(24);

/// Calls of which it is not known what became.
#[derive(Debug, Default)]
pub struct Calls(Mutex<HashMap<SignalementId, Instant>>);

impl Calls {
    /// A call begins or ends.
    pub(super) fn note(&self, id: &SignalementId) {
        let mut calls = self.calls();
        calls.retain(|_, at| at.elapsed() < LONGEST);
        calls.insert(id.clone(), Instant::now());
    }

    /// How much is left of the CRM's longest work on the last call; zero where none was made here.
    pub(super) fn left_of(&self, longest_work: Duration, id: &SignalementId) -> Duration {
        let last = self.calls().get(id).map(Instant::elapsed);
        last.map_or(Duration::ZERO, |it| longest_work.saturating_sub(it))
    }

    /// It is known what became of it.
    pub(super) fn forget(&self, id: &SignalementId) {
        self.calls().remove(id);
    }

    fn calls(&self) -> MutexGuard<'_, HashMap<SignalementId, Instant>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
