//! What the texts of connector files write for an absent value: nothing.
//!
//! A text filter of an absent value is absent, so that its key can be left out. `~` has no hook in the engine, so a
//! filter is inserted at each of its operands.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use minijinja::value::{Rest, ValueKind, ValueOrKwargs};
use minijinja::{Environment, Error, ErrorKind, Output, State, Value};

use super::{engine, filters};
use crate::rules::template::syntax::tokens::Word;
use crate::rules::template::writing;

/// The engine with the filters that [`add`] surrounds.
static WITHIN: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut environment = engine::bare();
    filters::add_for_requests(&mut environment);
    environment
});

/// The filters of a text. `table` and those of dates in French are not among them: for an absent value they fail.
const OF_TEXT: [&str; 21] = [
    "base64",
    "capitalize",
    "depuis_horodatage",
    "e",
    "escape",
    "format",
    "format_date",
    "hmac_sha256",
    "horodatage",
    "lire_date",
    "lower",
    "motif",
    "replace",
    "safe",
    "sha256",
    "string",
    "title",
    "trim",
    "tronquer",
    "upper",
    "urlencode",
];

/// The filter at the operands of `~`.
const JOINED: &str = "_assemble";

/// A name that no text can use, set if the text identifies something: an identifier without one of its parts would be
/// that of something else.
pub(in crate::rules::template) const IDENTIFYING: &str = "(identifiant)";

/// A name that no text can use, set if the text is a condition: a text filter of an absent value is an empty text in it,
/// so that `'x' in element.source|lower` can be asked of one without a source.
pub(in crate::rules::template) const CONDITION: &str = "(condition)";

/// Stands in an identifier for a part that is absent: a noncharacter, which texts of people do not contain.
const GAP: char = '\u{fdd0}';

/// Makes absent values write nothing; an unknown name is still an error.
pub(super) fn add(environment: &mut Environment<'static>) {
    environment.set_formatter(write);
    for name in ["default", "d"] {
        environment.add_filter(name, writing::default);
    }
    for name in OF_TEXT {
        environment.add_filter(
            name,
            move |state: &State<'_, '_>, all: Rest<ValueOrKwargs>| {
                let mut all = all.into_values();
                if all.first().is_some_and(|it| is_absent(state, it)) {
                    return Ok(match state.lookup(CONDITION) {
                        Some(_) => Value::from(""),
                        None => Value::from(()),
                    });
                }
                // Nothing is signed with an empty key.
                if name == "hmac_sha256" && all.iter().skip(1).any(Value::is_none) {
                    return Err(Error::new(
                        ErrorKind::InvalidOperation,
                        "la clé est absente",
                    ));
                }
                for it in &mut all {
                    *it = joined(state, it);
                }
                WITHIN.empty_state().apply_filter(name, &all)
            },
        );
    }
    environment.add_filter("join", join);
    environment.add_filter(JOINED, |state: &State<'_, '_>, value: &Value| {
        joined(state, value)
    });
}

/// Whether the value of a filter is absent, or a part of what it identifies.
fn is_absent(state: &State<'_, '_>, value: &Value) -> bool {
    let lacks_part = || value.as_str().is_some_and(lacks_part);
    value.is_none() || state.lookup(IDENTIFYING).is_some() && lacks_part()
}

fn write(out: &mut Output<'_>, state: &mut State<'_, '_>, value: &Value) -> Result<(), Error> {
    if value.is_none() {
        return Ok(());
    }
    minijinja::escape_formatter(out, state, value)
}

/// The engine's filter, which prints several values.
fn join(state: &State<'_, '_>, all: Rest<ValueOrKwargs>) -> Result<Value, Error> {
    let mut all = all.into_values();
    if let Some(list) = all.first_mut()
        && list.kind() == ValueKind::Seq
    {
        *list = list.try_iter()?.map(|it| joined(state, &it)).collect();
    }
    WITHIN.empty_state().apply_filter("join", &all)
}

/// A part of a longer text.
fn joined(state: &State<'_, '_>, value: &Value) -> Value {
    if !value.is_none() {
        return value.clone();
    }
    match state.lookup(IDENTIFYING) {
        Some(_) => Value::from(GAP.to_string()),
        None => Value::from(""),
    }
}

/// Writes the value of a path and marks where one is absent.
pub(super) fn write_part(
    out: &mut Output<'_>,
    value: &Value,
    encoded: impl Fn(&str) -> String,
) -> Result<(), Error> {
    let text = if value.is_none() {
        GAP.to_string()
    } else {
        value.to_string()
    };
    let written = if value.is_safe() {
        text
    } else {
        let parts: Vec<String> = text.split(GAP).map(encoded).collect();
        parts.join(&GAP.to_string())
    };
    out.write_str(&written).map_err(Error::from)
}

/// Whether a part of this identifier is absent.
pub(super) fn lacks_part(text: &str) -> bool {
    text.contains(GAP)
}

/// A path without the marks of absent values; `None` if one is absent that selects what the path leads to.
pub(super) fn complete(path: &str) -> Option<String> {
    let before_query = path.split('?').next().unwrap_or_default();
    if lacks_part(before_query) {
        return None;
    }
    Some(path.replace(GAP, ""))
}

/// Inserts our filter at the operands of `~`; `words` are those of each tag. `None` if there are none.
pub(super) fn with_filters(source: &str, tags: &[Vec<Word<'_>>]) -> Option<String> {
    let mut places = BTreeSet::new();
    for words in tags {
        for (at, _) in words.iter().enumerate().filter(|(_, it)| it.1 == "~") {
            let ends = [at.checked_sub(1), last_of_operand(words, at + 1)];
            let ends = ends.into_iter().flatten().map(|it| words[it]);
            places.extend(ends.map(|(begin, word)| begin + word.len()));
        }
    }
    let mut written = String::with_capacity(source.len() + places.len() * 11);
    let mut from = 0;
    for place in &places {
        written.push_str(&source[from..*place]);
        written.push('|');
        written.push_str(JOINED);
        from = *place;
    }
    written.push_str(&source[from..]);
    (!places.is_empty()).then_some(written)
}

/// Index of the last word of the operand that begins here; `None` if it is a test, which is never absent.
fn last_of_operand(words: &[Word<'_>], begin: usize) -> Option<usize> {
    let word = |at: usize| words.get(at).map(|it| it.1);
    let mut at = begin;
    while word(at) == Some("-") {
        at += 1;
    }
    let mut last = group_end(words, at)?;
    loop {
        match word(last + 1) {
            Some("is") => return None,
            Some("." | "|") => last += 2,
            Some("(" | "[") => last = group_end(words, last + 1)?,
            _ => return words.get(last).map(|_| last),
        }
    }
}

/// Index of the bracket that closes the one at this index; the same index if there is none.
fn group_end(words: &[Word<'_>], begin: usize) -> Option<usize> {
    let mut open = 0_usize;
    for (at, (_, word)) in words.iter().enumerate().skip(begin) {
        match *word {
            "(" | "[" | "{" => open += 1,
            ")" | "]" | "}" => open = open.checked_sub(1)?,
            _ => {}
        }
        if open == 0 {
            return Some(at);
        }
    }
    None
}

/// A message without what [`with_filters`] inserted.
pub(super) fn as_written(message: &str) -> String {
    message.replace(&format!("|{JOINED}"), "")
}
