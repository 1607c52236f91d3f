//! The patterns of received texts in the API's description. An attribute of a schema can only hold a literal, so
//! fields give the name of their pattern, and this puts the pattern in its place.

use utoipa::openapi::{OpenApi, RefOr, Schema};

use crate::adapters::json::LINE_BREAKS;

/// Replaces the names of patterns: `line` and `text` may not contain NUL, nor `line` a line break, unless it is blank,
/// which counts as absent; `required line` and `required text` may not be blank.
pub(super) fn fill_in(document: &mut OpenApi) {
    let breaks: String = LINE_BREAKS.into_iter().map(escaped).collect();
    let (nul, line) = (escaped('\0'), format!("{}{breaks}", escaped('\0')));
    let patterns = [
        ("text", without(&nul)),
        ("line", blank_or_without(&line)),
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

/// Unicode's spaces, as [`char::is_whitespace`] knows them: a text of nothing else is blank. `\s` differs in
/// JavaScript's patterns, which these are: it lacks U+0085 and has U+FEFF.
const SPACES: [(char, char); 10] = [
    ('\t', '\r'),
    (' ', ' '),
    ('\u{85}', '\u{85}'),
    ('\u{a0}', '\u{a0}'),
    ('\u{1680}', '\u{1680}'),
    ('\u{2000}', '\u{200a}'),
    ('\u{2028}', '\u{2029}'),
    ('\u{202f}', '\u{202f}'),
    ('\u{205f}', '\u{205f}'),
    ('\u{3000}', '\u{3000}'),
];

fn blank_or_without(refused: &str) -> String {
    format!("^([^{refused}]*|[{}]*)$", spaces())
}

/// One character at least is not a space.
fn not_blank(refused: &str) -> String {
    let (nul, spaces) = (escaped('\0'), spaces());
    format!("^[^{refused}]*[^{spaces}{nul}][^{refused}]*$")
}

/// [`SPACES`] as part of a class of characters.
fn spaces() -> String {
    let range = |(first, last): (char, char)| match (escaped(first), escaped(last)) {
        (first, last) if first == last => first,
        (first, last) => format!("{first}-{last}"),
    };
    SPACES.into_iter().map(range).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spaces_are_what_makes_a_text_blank() {
        for sign in '\0'..=char::MAX {
            let listed = SPACES
                .iter()
                .any(|(first, last)| (*first..=*last).contains(&sign));
            assert_eq!(listed, String::from(sign).trim().is_empty(), "{sign:?}");
        }
    }
}
