//! The engine settings for everything that is rendered or evaluated: a missing value is an error, and run time is
//! limited.

use minijinja::{Environment, UndefinedBehavior};

/// Maximum number of engine instructions in one rendering or evaluation; a page of text takes a few hundred.
const FUEL: u64 = 50_000;

/// The engine without our own filters.
pub(super) fn bare() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_fuel(Some(FUEL));
    // Error messages need this; by default it is on in debug builds only.
    environment.set_debug(true);
    environment
}
