//! Counts the work of scripts and templates in their own units: unlike a clock, the count is the same on each machine,
//! so that what is left out because of it is the same too.
//!
//! Architecture invariant: nothing that is decided about a signalement or a status depends on a count. What does is how
//! many decisions a search makes, how many cases are run, and what is reported about the others.

use std::cell::Cell;

/// The work of some calls.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Work {
    /// Operations of scripts and instructions of templates.
    pub operations: u64,
    /// Those of them that are instructions of templates.
    pub of_templates: u64,
    /// How often a script or a template was stopped by a limit.
    pub at_limit: u64,
}

impl Work {
    fn plus(self, other: Self) -> Self {
        Self {
            operations: self.operations.saturating_add(other.operations),
            of_templates: self.of_templates.saturating_add(other.of_templates),
            at_limit: self.at_limit.saturating_add(other.at_limit),
        }
    }
}

thread_local! {
    /// The work of this thread since a measurement began; `None` if there is none.
    static DONE: Cell<Option<Work>> = const { Cell::new(None) };
}

/// Calls `work`, and counts what scripts and templates do on this thread meanwhile.
pub fn measure<T>(work: impl FnOnce() -> T) -> (T, Work) {
    let around = Around(DONE.replace(Some(Work::default())));
    let result = work();
    let done = DONE.get().unwrap_or_default();
    drop(around);
    (result, done)
}

/// The measurement around another one. It goes on when this is dropped, so also after a panic: the thread may be one of
/// a pool.
struct Around(Option<Work>);

impl Drop for Around {
    fn drop(&mut self) {
        let done = DONE.get().unwrap_or_default();
        DONE.set(self.0.map(|it| it.plus(done)));
    }
}

/// Whether this thread is being measured.
pub(super) fn is_on() -> bool {
    DONE.get().is_some()
}

/// Adds work to the measurement of this thread, if there is one.
pub(super) fn add(work: Work) {
    DONE.set(DONE.get().map(|it| it.plus(work)));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_counts_for_each_measurement_around_it_and_no_other() {
        let some = |operations| Work {
            operations,
            of_templates: operations - 1,
            at_limit: 1,
        };
        add(some(1));
        assert!(!is_on());
        let (inner, outer) = measure(|| {
            assert!(is_on());
            add(some(2));
            measure(|| add(some(3))).1
        });
        assert_eq!(inner, some(3));
        assert_eq!((outer.operations, outer.at_limit), (5, 2));
        assert_eq!(outer.of_templates, 3);
        assert!(!is_on());
        assert_eq!(measure(|| ()).1, Work::default());
    }

    #[test]
    fn a_measurement_ends_with_a_panic() {
        let some = Work {
            operations: 2,
            ..Work::default()
        };
        let panicking = || {
            measure(|| {
                add(some);
                panic!("as planned");
            })
        };
        assert!(std::panic::catch_unwind(panicking).is_err());
        assert!(!is_on());
        let (caught, outer) = measure(|| std::panic::catch_unwind(panicking).is_err());
        assert!(caught);
        assert_eq!(outer, some);
    }
}
