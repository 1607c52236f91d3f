//! Counts the operations of a call, those of closures included: the engine forgets what a closure did when a function
//! such as `map` calls it again, and so limits each of these calls, but not all of them together. Both limits are kept
//! here and not by the engine, because some functions ignore that a closure was stopped: only here is it noticed.

use std::cell::Cell;

use rhai::{Dynamic, Engine};

use super::ScriptError;
use crate::rules::meter::{self, Work};

/// Maximum number of operations in one call; a 20-line script takes a few hundred. A closure that a method such as `map`
/// calls starts each time from the count of its caller, which stays the same.
const MOST_IN_A_ROW: u64 = 100_000;
/// Maximum number of operations in one call, those of closures included.
pub(super) const MOST: u64 = 1_000_000;

thread_local! {
    /// The operations of the call in progress on this thread.
    static OPERATIONS: Cell<u64> = const { Cell::new(0) };
    /// Whether that call has reached a limit.
    static STOPPED: Cell<bool> = const { Cell::new(false) };
}

/// Makes an engine count and stop.
pub(super) fn limit(engine: &mut Engine) {
    engine.on_progress(|in_a_row| {
        let operations = OPERATIONS.get() + 1;
        OPERATIONS.set(operations);
        let stops = STOPPED.get() || in_a_row > MOST_IN_A_ROW || operations > MOST;
        STOPPED.set(stops);
        stops.then_some(Dynamic::UNIT)
    });
}

/// Runs a script from its first operation, and adds what it did to the measurement in progress; `stopped` is the error
/// of a script that was stopped.
pub(super) fn of(
    call: impl FnOnce() -> Result<Dynamic, ScriptError>,
    stopped: impl FnOnce() -> ScriptError,
) -> Result<Dynamic, ScriptError> {
    OPERATIONS.set(0);
    STOPPED.set(false);
    let mut result = call();
    let operations = OPERATIONS.get();
    let is_told = result.as_ref().is_err_and(|error| error.at_limit);
    // Methods such as `sort` and `dedup` ignore that their closure was stopped, and go on with a wrong result.
    if STOPPED.get() && !is_told {
        result = Err(stopped());
    }
    meter::add(Work {
        operations,
        at_limit: result.as_ref().is_err_and(|error| error.at_limit).into(),
        ..Work::default()
    });
    result
}
