//! Whether the rules are fast, judging by their recent decisions.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

/// Longest CPU time of a brief decision.
const BRIEF: Duration = Duration::from_millis(2);
/// A single decision that takes longer than this is enough to call the rules slow.
const LONG: Duration = Duration::from_millis(20);
/// This many decisions that were not brief are also enough; fewer may be due to the machine.
const SEVERAL: u32 = 3;
/// After this many brief decisions in a row, earlier slow ones are forgotten.
const FORGOTTEN_AFTER: u32 = 1_000;

/// The recent speed of a set of rules.
#[derive(Debug, Default)]
pub struct Pace {
    lengthy: AtomicBool,
    /// Number of decisions that were not brief.
    slow: AtomicU32,
    /// Number of brief decisions since the last one that was not.
    brief: AtomicU32,
}

impl Pace {
    /// Whether decisions by these rules take long.
    #[must_use]
    pub fn is_lengthy(&self) -> bool {
        self.lengthy.load(Ordering::Relaxed)
    }

    /// Records the CPU time of a decision. Concurrent calls may be counted one too few or too many: the result only
    /// decides where rules run, which matters for speed alone.
    pub fn note(&self, took: Duration) {
        if took > BRIEF {
            self.brief.store(0, Ordering::Relaxed);
            let slow = self.slow.fetch_add(1, Ordering::Relaxed) + 1;
            if took > LONG || slow >= SEVERAL {
                self.lengthy.store(true, Ordering::Relaxed);
            }
        } else if self.brief.fetch_add(1, Ordering::Relaxed) + 1 >= FORGOTTEN_AFTER {
            self.brief.store(0, Ordering::Relaxed);
            self.slow.store(0, Ordering::Relaxed);
            self.lengthy.store(false, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SLOW: Duration = Duration::from_millis(3);

    fn noted(pace: &Pace, took: Duration, times: u32) -> bool {
        (0..times).for_each(|_| pace.note(took));
        pace.is_lengthy()
    }

    #[test]
    fn an_occasional_slow_decision_does_not_make_rules_lengthy() {
        let pace = Pace::default();
        for _ in 0..10 {
            assert!(!noted(&pace, SLOW, SEVERAL - 1));
            assert!(!noted(&pace, BRIEF, FORGOTTEN_AFTER));
        }
    }

    #[test]
    fn several_slow_decisions_or_a_very_slow_one_make_rules_lengthy_until_many_are_brief() {
        for (took, times) in [(SLOW, SEVERAL), (LONG * 2, 1)] {
            let pace = Pace::default();
            assert!(noted(&pace, took, times));
            assert!(noted(&pace, BRIEF, FORGOTTEN_AFTER - 1));
            assert!(!noted(&pace, BRIEF, 1));
        }
    }
}
