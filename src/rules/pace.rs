//! Whether rules are brief, as their decisions so far have shown.

use std::sync::atomic::{AtomicBool, Ordering};

/// What is known of how long rules take.
#[derive(Debug, Default)]
pub struct Pace {
    lengthy: AtomicBool,
}

impl Pace {
    /// Whether a decision by these rules has once taken long.
    #[must_use]
    pub fn is_lengthy(&self) -> bool {
        self.lengthy.load(Ordering::Relaxed)
    }

    /// Notes that one has.
    pub fn note_lengthy(&self) {
        self.lengthy.store(true, Ordering::Relaxed);
    }
}
