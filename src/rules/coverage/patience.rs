//! Ends a search when scripts keep reaching their limits. Such a decision takes as long as hundreds or thousands of
//! others: a script that reaches a limit on every call would keep a core busy for minutes, with the same result each
//! time.
//!
//! A search ends after [`MOST`] decisions in which a script reached a limit, and reports it.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// Number of decisions with a script at a limit that end a search. Trying a long description in every way takes fewer.
pub(super) const MOST: u64 = 100;

/// How much of that is left for the pieces of a search that are decided in parallel.
///
/// Which pieces count does not depend on the order in which they finish: a piece that does not count was either skipped
/// or its result is discarded.
pub(super) struct Patience {
    left: u64,
    /// How often a limit was reached, by the index of the piece.
    reached: Mutex<BTreeMap<usize, u64>>,
}

impl Patience {
    pub(super) fn of(left: u64) -> Self {
        Self {
            left,
            reached: Mutex::default(),
        }
    }

    /// Records how often one piece reached a limit.
    pub(super) fn note(&self, at: usize, times: u64) {
        if times > 0 {
            let mut reached = self.reached.lock().unwrap_or_else(PoisonError::into_inner);
            reached.insert(at, times);
        }
    }

    /// Whether the pieces before this one ended the search; once true, it stays true.
    pub(super) fn ended_before(&self, at: usize) -> bool {
        let reached = self.reached.lock().unwrap_or_else(PoisonError::into_inner);
        reached.range(..at).map(|(_, times)| times).sum::<u64>() >= self.left
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_earlier_pieces_decide_whether_a_piece_counts() {
        let patience = Patience::of(10);
        patience.note(3, 10);
        assert!([0, 1, 2, 3].iter().all(|at| !patience.ended_before(*at)));
        assert!(patience.ended_before(4));
        patience.note(0, 6);
        patience.note(1, 4);
        assert!(!patience.ended_before(1));
        assert!(patience.ended_before(2));
        assert!(Patience::of(0).ended_before(0));
    }
}
