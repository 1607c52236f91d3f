//! Wakes who waits for work, at once; looking now and then is what makes it certain.

use std::sync::Arc;

use strum::EnumCount;
use tokio::sync::watch;

use crate::domain::livraison::Destination;

/// Wakes whoever waits; given ten times before it is looked at, it wakes once.
#[derive(Debug, Clone)]
pub struct Nudge(Arc<watch::Sender<()>>);

impl Default for Nudge {
    fn default() -> Self {
        Self(Arc::new(watch::channel(()).0))
    }
}

impl Nudge {
    /// Wakes.
    pub(super) fn notify(&self) {
        self.0.send_replace(());
    }

    /// Changes with each nudge from now on.
    pub(super) fn subscribe(&self) -> watch::Receiver<()> {
        self.0.subscribe()
    }
}

/// Wakes the workers of the outbox when something new waits; a hint that is lost costs at most a
/// second.
#[derive(Debug, Clone, Default)]
pub struct Hint {
    /// One for each destination, in their order.
    workers: [Nudge; Destination::COUNT],
    /// What other replicas are to be told.
    others: Nudge,
}

impl Hint {
    /// Something was put in the outbox.
    pub fn notify(&self) {
        self.wake();
        self.others.notify();
    }

    /// Something for this destination was.
    pub(super) fn notify_worker(&self, destination: Destination) {
        self.worker(destination).notify();
        self.others.notify();
    }

    /// Another replica put something there: it is not told again.
    pub(super) fn wake(&self) {
        self.workers.iter().for_each(Nudge::notify);
    }

    /// Changes with what other replicas are to be told.
    pub(super) fn for_others(&self) -> watch::Receiver<()> {
        self.others.subscribe()
    }

    /// Hints for the worker of a destination, from now on.
    pub(super) fn subscribe(&self, destination: Destination) -> watch::Receiver<()> {
        self.worker(destination).subscribe()
    }

    fn worker(&self, destination: Destination) -> &Nudge {
        &self.workers[destination as usize]
    }
}
