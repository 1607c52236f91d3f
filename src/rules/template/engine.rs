//! The engine settings for everything that is rendered or evaluated: a missing value is an error, and run time is
//! limited.

use std::collections::BTreeMap;
use std::sync::Arc;

use minijinja::{Environment, Error, ErrorKind, Template, UndefinedBehavior, Value};

use crate::rules::meter::{self, Work};

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

/// Renders a template and adds its instructions to the measurement in progress.
pub(super) fn metered(
    template: &Template<'_, '_>,
    context: BTreeMap<Arc<str>, Value>,
) -> Result<String, Error> {
    let result = template.render_captured(context);
    let (operations, at_limit) = match &result {
        Ok(captured) => (captured.state().fuel_levels().map_or(0, |it| it.0), false),
        Err(error) if error.kind() == ErrorKind::OutOfFuel => (FUEL, true),
        // It is unknown where it failed.
        Err(_) => (0, false),
    };
    meter::add(Work {
        operations,
        at_limit: at_limit.into(),
    });
    result.map(|it| it.output().to_owned())
}
