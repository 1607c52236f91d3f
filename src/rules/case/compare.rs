//! Compares a value that a case expects with the actual one, reporting each difference at its line.

use serde_json::Value as Json;

use crate::rules::pasted;
use crate::rules::yaml::{Node, Value};

/// Maximum length of a displayed value, in characters.
const SHOWN_CHARS: usize = 120;
/// How many characters are displayed before the first difference of two long texts.
const CONTEXT_CHARS: usize = 20;
/// Maximum number of differences reported for one value.
const MOST: usize = 20;

/// One difference.
#[derive(Debug)]
pub(super) struct Difference {
    pub line: u32,
    pub column: u32,
    /// The path in the value, the expected value and the actual one, in French.
    pub what: String,
    /// Whether other cases may fail for the same reason, because it does not depend on a value of this one.
    pub shared: bool,
}

/// How two values are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Same {
    /// As JSON: `3` is not `"3"`.
    Typed,
    /// As text: a header has no numbers.
    AsText,
}

/// Reports each place where `got` differs from `wanted`; `at` is the path of the whole value.
pub(super) fn compare(
    wanted: &Node,
    got: Option<&Json>,
    at: &str,
    same: Same,
    found: &mut Vec<Difference>,
) {
    if found.len() >= MOST {
        return;
    }
    match (&wanted.value, got) {
        (Value::Map(entries), Some(Json::Object(fields))) => {
            for (key, node) in entries {
                let here = format!("{at}/{}", key.name);
                // The JSON part of a multipart body.
                let same = if key.name == "json" {
                    Same::Typed
                } else {
                    same
                };
                compare(node, fields.get(&key.name), &here, same, found);
            }
            let named = |name: &String| entries.iter().any(|(key, _)| key.name == *name);
            for (name, value) in fields.iter().filter(|(name, _)| !named(name)) {
                push_difference(wanted, &format!("{at}/{name}"), None, Some(value), found);
            }
        }
        (Value::List(items), Some(Json::Array(values))) => {
            for (number, node) in items.iter().enumerate() {
                let here = format!("{at}/{number}");
                compare(node, values.get(number), &here, same, found);
            }
            for (number, value) in values.iter().enumerate().skip(items.len()) {
                push_difference(wanted, &format!("{at}/{number}"), None, Some(value), found);
            }
        }
        _ if is_same(wanted, got, same) => {}
        _ => push_difference(wanted, at, Some(&wanted.json()), got, found),
    }
}

/// Like [`compare`], ignoring keys of `got` that the case does not name.
pub(super) fn compare_named(
    wanted: &Node,
    got: &Json,
    at: &str,
    same: Same,
    found: &mut Vec<Difference>,
) {
    let Value::Map(entries) = &wanted.value else {
        return compare(wanted, Some(got), at, same, found);
    };
    for (key, node) in entries {
        let here = format!("{at}/{}", key.name);
        let value = got.get(&key.name);
        if node.value != Value::Null || value.is_some() {
            compare(node, value, &here, same, found);
        }
    }
}

fn is_same(wanted: &Node, got: Option<&Json>, same: Same) -> bool {
    match (&wanted.value, got, same) {
        (_, Some(got), Same::Typed) => wanted.json() == *got,
        (Value::Null, None | Some(Json::Null), Same::AsText) => true,
        (Value::Text(text), Some(got), Same::AsText) => *text == plain(got),
        _ => false,
    }
}

/// A value as it is written in a header or a form field.
fn plain(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn push_difference(
    place: &Node,
    at: &str,
    wanted: Option<&Json>,
    got: Option<&Json>,
    found: &mut Vec<Difference>,
) {
    let (skipped, apart) = match (wanted, got) {
        (Some(Json::String(wanted)), Some(Json::String(got))) => {
            let apart = pasted::note_apart(wanted, got);
            let apart = apart.map(|it| format!(" ; {it}")).unwrap_or_default();
            (alike(wanted, got), apart)
        }
        _ => (0, String::new()),
    };
    found.push(Difference {
        line: place.line,
        column: place.column,
        what: format!(
            "{at} : attendu {}, obtenu {}{apart}",
            show(wanted, skipped),
            show(got, skipped)
        ),
        shared: false,
    });
}

/// The number of characters at the beginning that are not displayed, because they are the same in both.
fn alike(wanted: &str, got: &str) -> usize {
    if wanted.chars().count().max(got.chars().count()) <= SHOWN_CHARS {
        return 0;
    }
    let pairs = wanted.chars().zip(got.chars());
    let same = pairs.take_while(|(wanted, got)| wanted == got).count();
    same.saturating_sub(CONTEXT_CHARS)
}

/// A value as displayed, without its first characters.
fn show(value: Option<&Json>, skipped: usize) -> String {
    let (text, open, close) = match value {
        None => return "rien".into(),
        Some(Json::String(text)) => (text.clone(), "« ", " »"),
        Some(other) => (other.to_string(), "", ""),
    };
    let before = if skipped > 0 { "…" } else { "" };
    let mut rest = text.chars().skip(skipped);
    let shown: String = rest.by_ref().take(SHOWN_CHARS).collect();
    let after = if rest.next().is_some() { "…" } else { "" };
    format!("{open}{before}{shown}{after}{close}")
}
