//! What scripts and templates are given, as far as its shape is the same for every signalement: looked up in the sample.

use std::sync::LazyLock;

use serde_json::Value;

use super::sample_context;

static SAMPLE: LazyLock<Value> = LazyLock::new(sample_context);

/// The set whose names are kinds of managers.
const GESTIONNAIRES: &str = "gestionnaires";
/// The set whose names are what SoWell sends beside the contract.
const AUTRES: &str = "autres";

/// Whether a set by this name has names that are data: what one of them lacks, another may have.
#[must_use]
pub fn is_open(name: &str) -> bool {
    [GESTIONNAIRES, AUTRES].contains(&name)
}

/// As far as a path is known.
#[derive(Debug, Clone, PartialEq)]
pub enum Found<'p> {
    /// All of it.
    Value(&'static Value),
    /// What stands before the first unknown name, the names that lead there, and that name.
    Missing(&'static Value, Vec<&'p str>, &'p str),
}

/// Follows a path from name to name.
pub fn at<'p>(path: impl IntoIterator<Item = &'p str>) -> Found<'p> {
    follow(path, |value, _, name| value.get(name))
}

/// The same where any kind of manager stands for each: they are made alike.
pub fn at_any_manager<'p>(path: impl IntoIterator<Item = &'p str>) -> Found<'p> {
    follow(path, |value, of, name| match value {
        Value::Object(all) if of == Some(GESTIONNAIRES) => all.values().next(),
        _ => value.get(name),
    })
}

/// `next` gives the value under a name in another, which is known by the name that leads there.
fn follow<'p>(
    path: impl IntoIterator<Item = &'p str>,
    next: impl Fn(&'static Value, Option<&str>, &str) -> Option<&'static Value>,
) -> Found<'p> {
    let mut value: &'static Value = &SAMPLE;
    let mut known: Vec<&str> = Vec::new();
    for name in path {
        let Some(found) = next(value, known.last().copied(), name) else {
            return Found::Missing(value, known, name);
        };
        value = found;
        known.push(name);
    }
    Found::Value(value)
}
