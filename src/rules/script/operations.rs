//! Counts the operations of a call, those of closures included: the engine forgets what a closure did when a function
//! such as `map` calls it again, and so limits each of these calls, but not all of them together.

use std::cell::Cell;

use rhai::{Dynamic, Engine};

use super::ScriptError;
use crate::rules::meter::{self, Work};

/// Maximum number of operations in one call, those of closures included.
const MOST: u64 = 1_000_000;

thread_local! {
    /// The operations of the call in progress on this thread.
    static OPERATIONS: Cell<u64> = const { Cell::new(0) };
}

/// Makes an engine count and stop.
pub(super) fn limit(engine: &mut Engine) {
    engine.on_progress(|_| {
        let operations = OPERATIONS.get() + 1;
        OPERATIONS.set(operations);
        (operations > MOST).then_some(Dynamic::UNIT)
    });
}

/// Runs a script from its first operation, and adds what it did to the measurement in progress.
pub(super) fn of(
    call: impl FnOnce() -> Result<Dynamic, ScriptError>,
) -> Result<Dynamic, ScriptError> {
    OPERATIONS.set(0);
    let result = call();
    let at_limit = result.as_ref().is_err_and(|error| error.at_limit);
    meter::add(Work {
        operations: OPERATIONS.get(),
        at_limit: at_limit.into(),
    });
    result
}
