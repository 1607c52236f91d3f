//! The engine as it is for everything that is rendered or evaluated: what is not there is an error, and nothing takes
//! long.

use minijinja::{Environment, UndefinedBehavior};

/// Instructions of one rendering or evaluation; a page of text takes a few hundred.
const FUEL: u64 = 50_000;

/// With nothing of ours in it.
pub(super) fn bare() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_fuel(Some(FUEL));
    // What an error is told by: on in debug builds only, by default.
    environment.set_debug(true);
    environment
}
