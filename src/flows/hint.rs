//! Wakes workers early; their regular polling is what makes the work certain to be done.

use std::sync::Arc;

use strum::EnumCount;
use tokio::sync::watch;

use crate::domain::livraison::Destination;

/// Wakes its subscribers; several nudges before they look wake them once.
#[derive(Debug, Clone)]
pub struct Nudge(Arc<watch::Sender<()>>);

impl Default for Nudge {
    fn default() -> Self {
        Self(Arc::new(watch::channel(()).0))
    }
}

impl Nudge {
    /// Wakes the subscribers.
    pub(super) fn notify(&self) {
        self.0.send_replace(());
    }

    /// A receiver that changes with each nudge from now on.
    pub(super) fn subscribe(&self) -> watch::Receiver<()> {
        self.0.subscribe()
    }
}

/// Wakes the workers of the outbox when something new is waiting; a lost hint costs at most a second.
#[derive(Debug, Clone, Default)]
pub struct Hint {
    /// One for each destination, in the order of [`Destination`].
    workers: [Nudge; Destination::COUNT],
    /// Wakes the task that notifies other replicas.
    others: Nudge,
}

impl Hint {
    /// Something was put in the outbox.
    pub fn notify(&self) {
        self.wake();
        self.others.notify();
    }

    /// Something for this destination was put in the outbox.
    pub(super) fn notify_worker(&self, destination: Destination) {
        self.worker(destination).notify();
        self.others.notify();
    }

    /// A different replica put something in the outbox, so the others are not notified again.
    pub(super) fn wake(&self) {
        self.workers.iter().for_each(Nudge::notify);
    }

    /// A receiver that changes when other replicas must be notified.
    pub(super) fn for_others(&self) -> watch::Receiver<()> {
        self.others.subscribe()
    }

    /// A receiver of hints for a destination's worker, from now on.
    pub(super) fn subscribe(&self, destination: Destination) -> watch::Receiver<()> {
        self.worker(destination).subscribe()
    }

    fn worker(&self, destination: Destination) -> &Nudge {
        &self.workers[destination as usize]
    }
}
