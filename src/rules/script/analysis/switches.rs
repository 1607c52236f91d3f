//! The strings in the cases of a `switch`, read from the source because the engine does not keep them.

use rhai::Position;

use crate::rules::place::{offset, place_of};
use crate::rules::script::position;
use crate::rules::script::syntax::tokens::tokens;

/// The strings, with their positions.
pub(in crate::rules::script) fn texts(script: &str, at: Position) -> Vec<(String, Position)> {
    opening(script, at)
        .map(|opens| cases(script, opens))
        .unwrap_or_default()
}

/// Byte offset where the block of a `switch` opens.
pub(in crate::rules::script) fn opening(script: &str, at: Position) -> Option<usize> {
    let begins = offset(script, position(at))?;
    Some(begins + script.get(begins..)?.find('{')?)
}

pub(in crate::rules::script) fn place(script: &str, at: usize) -> Position {
    let (line, column) = place_of(script, at);
    let [line, column] = [line, column].map(|it| u16::try_from(it).unwrap_or(u16::MAX));
    Position::new(line, column)
}

/// The strings in the cases of the block that opens at `opens`. A case is the part before `=>` and its `if`.
fn cases(script: &str, opens: usize) -> Vec<(String, Position)> {
    let mut found = Vec::new();
    let (mut depth, mut in_case) = (0_usize, true);
    for token in tokens(&script[opens..]) {
        match token.written {
            "{" | "(" | "[" => depth += 1,
            "}" | ")" | "]" => {
                depth = depth.saturating_sub(1);
                match depth {
                    0 => return found,
                    // A case with a block needs no comma after it.
                    1 if token.written == "}" => in_case = true,
                    _ => {}
                }
            }
            "," if depth == 1 => in_case = true,
            "=>" | "if" if depth == 1 => in_case = false,
            _ if depth == 1 && in_case => {
                if let Some(word) = token.inner() {
                    found.push((word.to_owned(), place(script, opens + token.at)));
                }
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
