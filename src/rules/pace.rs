//! Whether rules are brief, as their decisions of late have shown.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

/// What a brief decision takes at most, in time of the processor.
const BRIEF: Duration = Duration::from_millis(2);
/// One that takes as long as this says enough by itself.
const LONG: Duration = Duration::from_millis(20);
/// So many that were not brief say the same: the machine, too, makes one of many slow.
const SEVERAL: u32 = 3;
/// So many brief ones in a row, and those before are forgotten.
const FORGOTTEN_AFTER: u32 = 1_000;

/// What is known of how long rules take.
#[derive(Debug, Default)]
pub struct Pace {
    lengthy: AtomicBool,
    /// Those that were not brief.
    slow: AtomicU32,
    /// Brief ones since the last that was not.
    brief: AtomicU32,
}

impl Pace {
    /// Whether decisions by these rules take long.
    #[must_use]
    pub fn is_lengthy(&self) -> bool {
        self.lengthy.load(Ordering::Relaxed)
    }

    /// Notes what one took. Notes at the same instant may be counted one too few or too many: it
    /// is a question of speed alone where rules run.
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
    fn a_slow_one_now_and_then_does_not_make_rules_lengthy() {
        let pace = Pace::default();
        for _ in 0..10 {
            assert!(!noted(&pace, SLOW, SEVERAL - 1));
            assert!(!noted(&pace, BRIEF, FORGOTTEN_AFTER));
        }
    }

    #[test]
    fn several_slow_ones_or_one_very_slow_do_until_many_are_brief_again() {
        for (took, times) in [(SLOW, SEVERAL), (LONG * 2, 1)] {
            let pace = Pace::default();
            assert!(noted(&pace, took, times));
            assert!(noted(&pace, BRIEF, FORGOTTEN_AFTER - 1));
            assert!(!noted(&pace, BRIEF, 1));
        }
    }
}
