//! When a search ends since scripts reach their limits. Such a decision takes as long as a hundred others, or a thousand:
//! a script that reaches one wherever it is called would keep a core busy for minutes, and each would say the same.
//!
//! One rule: a search ends after [`MOST`] decisions in which a script reached a limit, and says so.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// So many decisions in which a script reaches a limit end a search. A long description alone, in each way that it is
/// tried, is fewer.
pub(super) const MOST: u64 = 100;

/// How much of that is left to the pieces of a search that are decided side by side.
///
/// Which of them count does not depend on which is decided first: a piece that is not counted was either left out or
/// decided in vain.
pub(super) struct Patience {
    left: u64,
    /// How often a limit was reached, by the place of the piece.
    reached: Mutex<BTreeMap<usize, u64>>,
}

impl Patience {
    pub(super) fn of(left: u64) -> Self {
        Self {
            left,
            reached: Mutex::default(),
        }
    }

    /// Notes how often one piece reached a limit.
    pub(super) fn note(&self, at: usize, times: u64) {
        if times > 0 {
            let mut reached = self.reached.lock().unwrap_or_else(PoisonError::into_inner);
            reached.insert(at, times);
        }
    }

    /// Whether the pieces before this one ended the search; once true, it stays so.
    pub(super) fn ended_before(&self, at: usize) -> bool {
        let reached = self.reached.lock().unwrap_or_else(PoisonError::into_inner);
        reached.range(..at).map(|(_, times)| times).sum::<u64>() >= self.left
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_piece_counts_by_those_before_it_alone() {
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
