//! The part of the data given to scripts and templates that has the same shape for every signalement, looked up in the
//! sample context.

use std::sync::LazyLock;

use serde_json::Value;

use super::sample_context;

static SAMPLE: LazyLock<Value> = LazyLock::new(sample_context);

/// The map whose names are types of managers.
const GESTIONNAIRES: &str = "gestionnaires";
/// The map whose names are the keys that SoWell sends beyond the contract.
const AUTRES: &str = "autres";

/// Whether the names in this map are data: a name missing from the sample may exist elsewhere.
#[must_use]
pub fn is_open(name: &str) -> bool {
    [GESTIONNAIRES, AUTRES].contains(&name)
}

/// The result of following a path.
#[derive(Debug, Clone, PartialEq)]
pub enum Lookup<'p> {
    /// The path is known; this is its value.
    Value(&'static Value),
    /// The value before the first unknown name, the names that lead to it, and the unknown name.
    Missing(&'static Value, Vec<&'p str>, &'p str),
}

/// Follows a path in the sample.
pub fn at<'p>(path: impl IntoIterator<Item = &'p str>) -> Lookup<'p> {
    follow(path, |value, _, name| value.get(name))
}

/// Like [`at`], but accepts any type of manager: all managers have the same fields.
pub fn at_any_manager<'p>(path: impl IntoIterator<Item = &'p str>) -> Lookup<'p> {
    follow(path, |value, of, name| match value {
        Value::Object(all) if of == Some(GESTIONNAIRES) => all.values().next(),
        _ => value.get(name),
    })
}

/// `next` gives the value under a name inside a value, given the name under which that value itself was found.
fn follow<'p>(
    path: impl IntoIterator<Item = &'p str>,
    next: impl Fn(&'static Value, Option<&str>, &str) -> Option<&'static Value>,
) -> Lookup<'p> {
    let mut value: &'static Value = &SAMPLE;
    let mut known: Vec<&str> = Vec::new();
    for name in path {
        let Some(found) = next(value, known.last().copied(), name) else {
            return Lookup::Missing(value, known, name);
        };
        value = found;
        known.push(name);
    }
    Lookup::Value(value)
}
