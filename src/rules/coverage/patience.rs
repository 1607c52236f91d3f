//! Ends a search that costs too much. A script that reaches a limit takes as long as hundreds or thousands of other
//! decisions: one that does so on every call would keep a core busy for minutes, with the same result each time. A
//! script just below its limit takes as long without any failure.
//!
//! A search ends after [`MOST`] decisions in which a script reached a limit, or after the operations that it may spend,
//! and reports it.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// Number of decisions with a script at a limit that end a search. Trying a long description in every way takes fewer.
pub(super) const MOST: u64 = 100;

/// What a search has spent, or may still spend.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Effort {
    /// Decisions in which a script reaches a limit.
    pub(super) at_limit: u64,
    /// Operations of scripts and templates.
    pub(super) operations: u64,
}

impl Effort {
    /// Both together.
    pub(super) fn plus(self, other: Self) -> Self {
        Self {
            at_limit: self.at_limit.saturating_add(other.at_limit),
            operations: self.operations.saturating_add(other.operations),
        }
    }

    /// What is left after spending some.
    pub(super) fn minus(self, spent: Self) -> Self {
        Self {
            at_limit: self.at_limit.saturating_sub(spent.at_limit),
            operations: self.operations.saturating_sub(spent.operations),
        }
    }

    /// Whether nothing more may be spent.
    pub(super) fn is_used_up(self) -> bool {
        self.at_limit == 0 || self.operations == 0
    }

    /// Whether this uses up what was left.
    pub(super) fn uses_up(self, left: Self) -> bool {
        left.minus(self).is_used_up()
    }
}

/// How much of that is left for the pieces of a search that are decided in parallel.
///
/// Which pieces count does not depend on the order in which they finish: a piece that does not count was either skipped
/// or its result is discarded.
pub(super) struct Patience {
    left: Effort,
    /// What each piece spent, by its index.
    spent: Mutex<BTreeMap<usize, Effort>>,
}

impl Patience {
    pub(super) fn of(left: Effort) -> Self {
        Self {
            left,
            spent: Mutex::default(),
        }
    }

    /// Records what one piece spent.
    pub(super) fn note(&self, at: usize, spent: Effort) {
        let mut all = self.spent.lock().unwrap_or_else(PoisonError::into_inner);
        all.insert(at, spent);
    }

    /// Whether the pieces before this one ended the search; once true, it stays true.
    pub(super) fn ended_before(&self, at: usize) -> bool {
        let all = self.spent.lock().unwrap_or_else(PoisonError::into_inner);
        let before = all.range(..at).map(|(_, it)| *it);
        before
            .fold(Effort::default(), Effort::plus)
            .uses_up(self.left)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn at_limit(at_limit: u64) -> Effort {
        Effort {
            at_limit,
            operations: 1,
        }
    }

    fn operations(operations: u64) -> Effort {
        Effort {
            at_limit: 0,
            operations,
        }
    }

    #[rstest]
    fn only_earlier_pieces_decide_whether_a_piece_counts(
        #[values(at_limit, operations)] of: fn(u64) -> Effort,
    ) {
        let patience = Patience::of(Effort {
            at_limit: 10,
            operations: 10,
        });
        patience.note(3, of(10));
        assert!([0, 1, 2, 3].iter().all(|at| !patience.ended_before(*at)));
        assert!(patience.ended_before(4));
        patience.note(0, of(6));
        patience.note(1, of(4));
        assert!(!patience.ended_before(1));
        assert!(patience.ended_before(2));
    }

    #[rstest]
    #[case(0, 5)]
    #[case(5, 0)]
    fn nothing_counts_if_nothing_may_be_spent(#[case] at_limit: u64, #[case] operations: u64) {
        let left = Effort {
            at_limit,
            operations,
        };
        assert!(Patience::of(left).ended_before(0));
    }
}
