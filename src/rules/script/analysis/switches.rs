//! The cases of a `switch`, read from the source because the engine does not keep them.

use rhai::Position;

use crate::rules::place::offset;
use crate::rules::script::syntax::brackets::Open;
use crate::rules::script::syntax::tokens::{Token, tokens};
use crate::rules::script::{position, position_of};

/// The strings, with their positions.
pub(in crate::rules::script) fn texts(script: &str, at: Position) -> Vec<(String, Position)> {
    let own = cases(script, at).into_iter();
    let own = own.filter(|(_, depth)| *depth == 1);
    own.filter_map(|(token, _)| Some((token.inner()?.to_owned(), position_of(script, token.at))))
        .collect()
}

/// The tokens in the cases of the `switch` at this position, each with the number of brackets open behind it, among
/// them the brace of the `switch`. A case is the part before `=>` and its `if`.
pub(in crate::rules::script) fn cases(script: &str, at: Position) -> Vec<(Token<'_>, usize)> {
    let begins = offset(script, position(at));
    let opens = begins.and_then(|it| Some(it + script.get(it..)?.find('{')?));
    let Some(opens) = opens else {
        return Vec::new();
    };
    let mut found = Vec::new();
    let (mut open, mut in_case) = (Open::default(), true);
    for token in tokens(&script[opens..]) {
        open.read(token);
        match (token.written, open.depth()) {
            (_, 0) => return found,
            // A case with a block needs no comma after it.
            ("}" | ",", 1) => in_case = true,
            ("=>" | "if", 1) => in_case = false,
            (_, depth) if in_case => {
                let at = opens + token.at;
                found.push((Token { at, ..token }, depth));
            }
            _ => {}
        }
    }
    // The block does not end as expected, so nothing about it is certain.
    Vec::new()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case(
        "switch x { \"a\" => \"b\", \"c\" | \"d\" if y == \"e\" => { \"f\" } \"g\" => 1, _ => \"h\" } \"i\"",
        &["a", "c", "d", "g"]
    )]
    #[case(
        "switch x {\n  // \"a\"\n  \"b\" => [\"c\", \"d\"],\n  \"é\" => f(\"x\", \"y\"),\n}",
        &["b", "é"]
    )]
    #[case("switch x { \"a\\\"b\" => 1, 2 => \"c\" }", &[])]
    #[case("switch x { \"\" => `}`, \"b\" => #{c: \"d\", e: \"f\"} }", &["", "b"])]
    #[case("switch x { \"a\" => 1", &[])]
    fn the_strings_of_cases_are_found(#[case] script: &str, #[case] wanted: &[&str]) {
        let found = texts(script, Position::new(1, 1));
        let found: Vec<&str> = found.iter().map(|(it, _)| it.as_str()).collect();
        assert_eq!(found, wanted);
    }

    #[test]
    fn a_string_has_its_position_in_the_source() {
        let found = texts("\n switch x {\n é => 1, \"a\" => 2}", Position::new(2, 2));
        let [(_, at)] = found.as_slice() else {
            panic!("{found:?}");
        };
        assert_eq!(position(*at), (3, 10));
    }
}
