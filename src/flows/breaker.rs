//! When a destination is left alone, and how it is tried again: a circuit breaker.
//!
//! An open breaker is a [`Pause`](crate::domain::ports::Pause) in the store, so it outlives a
//! restart. What stands here is how it comes to open, and how many deliveries may be under way.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// So many demandes failing in a row, and none succeeding, mean the destination and not one of them.
/// A poisoned delivery that fails alone never opens the breaker for the others.
const FAILED_QUEUES: usize = 5;
/// Deliveries under way at once to a destination that is well.
const WIDEST: usize = 32;
/// The same just after a pause; each success allows one more, so that the rate doubles with each
/// round instead of coming back at once.
const AFTER_PAUSE: usize = 2;

/// What a worker remembers of its destination between two attempts.
pub(super) struct Breaker(Mutex<Health>);

struct Health {
    /// Queues that failed since the last success.
    failed: HashSet<String>,
    /// Deliveries that may be under way at once.
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
    /// How many deliveries may be under way at once while the breaker is closed.
    pub(super) fn width(&self) -> usize {
        self.health().width
    }

    /// The destination spoke to us, whatever it said of the delivery.
    pub(super) fn answered(&self) {
        let mut health = self.health();
        health.failed.clear();
        health.width = (health.width + 1).min(WIDEST);
    }

    /// It did not, or was not able to; `true` when the breaker is to open.
    pub(super) fn failed(&self, queue: &str) -> bool {
        let mut health = self.health();
        health.failed.insert(queue.to_owned());
        health.failed.len() >= FAILED_QUEUES
    }

    /// The breaker is open: what follows it begins small.
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
