//! A circuit breaker: when to stop sending to a destination, and how to resume.
//!
//! An open breaker is a [`Pause`](crate::domain::ports::Pause) in the store, so it survives a restart. This
//! module decides when it opens and how many deliveries may be in flight.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// When this many demandes fail in a row without a success, the destination is at fault rather than one of
/// them. A single poisoned delivery never opens the breaker for the others.
const FAILED_QUEUES: usize = 5;
/// Maximum deliveries in flight to a healthy destination.
const WIDEST: usize = 32;
/// The same just after a pause; each success adds one, so that the rate doubles with each round instead of
/// returning at once.
const AFTER_PAUSE: usize = 2;

/// The health of a destination, as its worker has seen it.
pub(super) struct Breaker(Mutex<Health>);

struct Health {
    /// Queues that have failed since the last success.
    failed: HashSet<String>,
    /// Maximum number of deliveries in flight.
    width: usize,
}

impl Default for Breaker {
    fn default() -> Self {
        Self(Mutex::new(Health {
            failed: HashSet::new(),
            width: WIDEST,
        }))
    }
}

impl Breaker {
    /// Maximum number of deliveries in flight while the breaker is closed.
    pub(super) fn width(&self) -> usize {
        self.health().width
    }

    /// The destination answered, whatever it said about the delivery.
    pub(super) fn answered(&self) {
        let mut health = self.health();
        health.failed.clear();
        health.width = (health.width + 1).min(WIDEST);
    }

    /// The destination did not answer or could not process it; `true` if the breaker must open.
    pub(super) fn failed(&self, queue: &str) -> bool {
        let mut health = self.health();
        health.failed.insert(queue.to_owned());
        health.failed.len() >= FAILED_QUEUES
    }

    /// The breaker has opened: sending will resume slowly.
    pub(super) fn opened(&self) {
        let mut health = self.health();
        health.failed.clear();
        health.width = AFTER_PAUSE;
    }

    fn health(&self) -> MutexGuard<'_, Health> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_poisoned_queue_never_opens_it_and_several_do() {
        let breaker = Breaker::default();
        for _ in 0..100 {
            assert!(!breaker.failed("poisoned"));
        }
        let opens = ["a", "b", "c", "d"].map(|queue| breaker.failed(queue));
        assert_eq!(opens, [false, false, false, true]);
    }

    #[test]
    fn a_success_between_failures_keeps_it_closed() {
        let breaker = Breaker::default();
        for queue in 0..100 {
            assert!(!breaker.failed(&queue.to_string()));
            breaker.answered();
        }
    }

    #[test]
    fn after_a_pause_each_round_may_double_the_last() {
        let breaker = Breaker::default();
        breaker.opened();
        let mut widths = Vec::new();
        for _ in 0..6 {
            let round = breaker.width();
            widths.push(round);
            (0..round).for_each(|_| breaker.answered());
        }
        assert_eq!(widths, [2, 4, 8, 16, 32, 32]);
    }
}
