//! How templates print values: as people write them, not as the template language does.

use std::sync::LazyLock;

use minijinja::value::{Rest, ValueKind, ValueOrKwargs};
use minijinja::{Environment, Error, ErrorKind, Output, State, Value, filters};

use super::engine;

/// The engine without our own filters.
static ENGINE: LazyLock<Environment<'static>> = LazyLock::new(engine::bare);

/// Prints absent values as nothing, and booleans as « oui » and « non »; an unknown name is still an error.
pub(super) fn add(environment: &mut Environment<'static>) {
    environment.set_formatter(write);
    for name in ["default", "d"] {
        environment.add_filter(name, default);
    }
    environment.add_filter("join", join);
    let of_text = [
        ("upper", Value::from_function(filters::upper)),
        ("lower", Value::from_function(filters::lower)),
        ("title", Value::from_function(filters::title)),
        ("capitalize", Value::from_function(filters::capitalize)),
        ("trim", Value::from_function(filters::trim)),
        ("string", Value::from_function(filters::string)),
        ("escape", Value::from_function(filters::escape)),
        ("e", Value::from_function(filters::escape)),
        ("safe", Value::from_function(filters::safe)),
        ("replace", Value::from_function(filters::replace)),
    ];
    for (name, engine) in of_text {
        // The engine's filters convert their value to a string first.
        let as_written = move |state: &mut State<'_, '_>, all: Rest<ValueOrKwargs>| {
            let mut all = all.into_values();
            if let Some(value) = all.first_mut()
                && let Some(words) = in_words(value)
            {
                *value = Value::from(words);
            }
            if name == "replace" && all.len() > 3 {
                // With a maximum count, there is no public function to call; the engine applies the filter by name.
                return ENGINE.empty_state().apply_filter(name, &all);
            }
            engine.call(state, &all)
        };
        environment.add_filter(name, as_written);
    }
}

/// The same for `join`, which prints several values.
fn join(state: &mut State<'_, '_>, all: Rest<ValueOrKwargs>) -> Result<Value, Error> {
    static ENGINE_JOIN: LazyLock<Value> = LazyLock::new(|| Value::from_function(filters::join));
    let mut all = all.into_values();
    // With the name of a field, `join` takes that field of each object.
    let of_fields = all.len() > 2 || all.iter().any(Value::is_kwargs);
    if let Some(list) = all.first_mut()
        && !of_fields
        && list.kind() == ValueKind::Seq
    {
        let items = list.try_iter()?;
        let written = items.map(|it| in_words(&it).map_or(it, Value::from));
        *list = written.collect();
    }
    ENGINE_JOIN.call(state, &all)
}

fn write(out: &mut Output<'_>, state: &mut State<'_, '_>, value: &Value) -> Result<(), Error> {
    match in_words(value) {
        Some(words) => out.write_str(words).map_err(Error::from),
        None => minijinja::escape_formatter(out, state, value),
    }
}

/// What is printed instead of a value; `None` if it is printed as it is.
fn in_words(value: &Value) -> Option<&'static str> {
    match value.kind() {
        ValueKind::None => Some(""),
        ValueKind::Bool if value.is_true() => Some("oui"),
        ValueKind::Bool => Some("non"),
        _ => None,
    }
}

/// `default`, which also replaces absent values, not only undefined ones.
pub(super) fn default(value: &Value, args: Rest<Value>) -> Result<Value, Error> {
    let args = args.0;
    let [other, lax] = match args.as_slice() {
        [] => [None, None],
        [other] => [Some(other), None],
        [other, lax] => [Some(other), Some(lax)],
        _ => return Err(ErrorKind::TooManyArguments.into()),
    };
    let lax = lax.is_some_and(Value::is_true);
    if value.is_undefined() || value.is_none() || lax && !value.is_true() {
        return Ok(other.cloned().unwrap_or_else(|| Value::from("")));
    }
    Ok(value.clone())
}
