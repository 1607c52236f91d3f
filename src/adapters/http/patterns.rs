//! The patterns of received texts in the API's description. An attribute of a schema can only hold a literal, so
//! fields give the name of their pattern, and this puts the pattern in its place.

use utoipa::openapi::{OpenApi, RefOr, Schema};

use crate::adapters::json::LINE_BREAKS;

/// Replaces the names of patterns: `line` and `text` may not contain NUL, nor `line` a line break; `required line` and
/// `required text` may not be blank either.
pub(super) fn fill_in(document: &mut OpenApi) {
    let breaks: String = LINE_BREAKS.into_iter().map(escaped).collect();
    let (nul, line) = (escaped('\0'), format!("{}{breaks}", escaped('\0')));
    let patterns = [
        ("text", without(&nul)),
        ("line", without(&line)),
        ("required text", not_blank(&nul)),
        ("required line", not_blank(&line)),
    ];
    let schemas = document.components.iter_mut();
    let schemas = schemas.flat_map(|it| it.schemas.values_mut());
    for property in schemas
        .filter_map(object)
        .flat_map(|it| it.properties.values_mut())
    {
        let Some(pattern) = object(property).and_then(|it| it.pattern.as_mut()) else {
            continue;
        };
        if let Some((_, meant)) = patterns.iter().find(|(name, _)| name == pattern) {
            pattern.clone_from(meant);
        }
    }
}

fn object(schema: &mut RefOr<Schema>) -> Option<&mut utoipa::openapi::Object> {
    match schema {
        RefOr::T(Schema::Object(object)) => Some(object),
        _ => None,
    }
}

fn escaped(sign: char) -> String {
    format!("\\u{:04x}", u32::from(sign))
}

fn without(refused: &str) -> String {
    format!("^[^{refused}]*$")
}

/// One character at least is not a space. `\s` lacks U+0085 in JavaScript's patterns, which these are.
fn not_blank(refused: &str) -> String {
    let (nul, next_line) = (escaped('\0'), escaped('\u{85}'));
    format!("^[^{refused}]*[^\\s{next_line}{nul}][^{refused}]*$")
}
