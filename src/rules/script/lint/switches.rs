//! The strings in the cases of a `switch`, read from the source because the engine does not keep them.

use rhai::{ASTNode, Position, Stmt};

use super::given::Kind;
use super::names::Names;
use super::tokens::{self, Token, tokens};
use crate::rules::place::{offset, place_of};
use crate::rules::script::{Remark, position};

/// The strings, with their positions.
pub(super) fn texts(script: &str, at: Position) -> Vec<(String, Position)> {
    opening(script, at)
        .map(|opens| cases(script, opens))
        .unwrap_or_default()
}

/// Every list used as a case of a `switch` on a string or a number. It only matches a list, not any one of its values.
pub(super) fn lists(script: &str, names: &Names) -> Vec<Remark> {
    let mut found = Vec::new();
    names.walk(&mut |path| {
        if let Some(ASTNode::Stmt(Stmt::Switch(it, at))) = path.last()
            && let Some(kind @ (Kind::Text | Kind::Number)) = names.kind(&it.0)
        {
            found.extend(lists_of_cases(script, *at).into_iter().map(|(at, list)| {
                let kind = kind.in_french();
                let instead = match values(list) {
                    Some(values) => format!("écrivez « {} »", values.join(" | ")),
                    None => {
                        "écrivez les valeurs l'une après l'autre, avec « | » entre elles".to_owned()
                    }
                };
                let message = format!(
                    "ce cas est une liste, et {kind} n'en est jamais une : {instead}, sans crochets"
                );
                (place(script, at), message)
            }));
        }
        true
    });
    found
}

/// Byte offset and content of each such list.
fn lists_of_cases(script: &str, at: Position) -> Vec<(usize, &str)> {
    let Some(opens) = opening(script, at) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    let (mut depth, mut in_case, mut begins) = (0_usize, true, None);
    for token in tokens(&script[opens..]) {
        let here = opens + token.at;
        match token.written {
            "{" | "(" | "[" => {
                if depth == 1 && in_case && token.written == "[" {
                    begins = Some(here);
                }
                depth += 1;
            }
            "}" | ")" | "]" => {
                depth = depth.saturating_sub(1);
                match depth {
                    0 => return found,
                    1 => {
                        in_case |= token.written == "}";
                        found.extend(begins.take().map(|begin| (begin, &script[begin + 1..here])));
                    }
                    _ => {}
                }
            }
            "," if depth == 1 => in_case = true,
            "=>" | "if" if depth == 1 => in_case = false,
            _ => {}
        }
    }
    // The block does not end as expected, so nothing about it is certain.
    Vec::new()
}

/// The strings and numbers of a list as source text; `None` if it contains anything else.
fn values(list: &str) -> Option<Vec<&str>> {
    let all = tokens(list).filter(|it| it.counts() && it.written != ",");
    let is_value =
        |it: &Token<'_>| it.kind == tokens::Kind::Text || it.written.parse::<i64>().is_ok();
    let all: Option<Vec<&str>> = all.map(|it| is_value(&it).then_some(it.written)).collect();
    all.filter(|it| !it.is_empty())
}

/// Byte offset where the block of a `switch` opens.
fn opening(script: &str, at: Position) -> Option<usize> {
    let begins = offset(script, position(at))?;
    Some(begins + script.get(begins..)?.find('{')?)
}

fn place(script: &str, at: usize) -> Position {
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
