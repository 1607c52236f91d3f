//! The functions of a script that does not compile: what they are called, what they are given, where they stand.

use std::ops::Range;

use crate::rules::script::syntax::brackets::Open;
use crate::rules::script::syntax::tokens::{Kind, Token, tokens};

/// Operators of statements that have no value.
const ASSIGNING: [&str; 6] = ["=", "+=", "-=", "*=", "/=", "%="];

/// A function of a script that may not compile.
pub(in crate::rules::script) struct Function<'t> {
    pub(in crate::rules::script) name: &'t str,
    pub(in crate::rules::script) parameters: Vec<&'t str>,
    /// From `fn` up to the closing brace, in bytes of the script.
    pub(in crate::rules::script) extent: Range<usize>,
    /// The tokens between its braces, without spaces and comments.
    pub(in crate::rules::script) body: Vec<Token<'t>>,
}

impl Function<'_> {
    /// Whether it has a parameter or a variable of this name.
    pub(in crate::rules::script) fn knows(&self, name: &str) -> bool {
        let is_variable = |pair: &[Token<'_>]| {
            ["let", "const", "for"].contains(&pair[0].written) && pair[1].written == name
        };
        self.parameters.contains(&name) || self.body.windows(2).any(is_variable)
    }

    /// Byte offset of its last statement if that gives its result.
    pub(in crate::rules::script) fn result(&self) -> Option<usize> {
        let at = self.last_statement()?;
        let begins = self.body.iter().position(|it| it.at == at)?;
        let statement = &self.body[begins..];
        let (first, last) = (statement.first()?.written, statement.last()?.written);
        if ["return", "throw"].contains(&first) {
            return Some(at);
        }
        let mut open = Open::default();
        let outer = statement.iter().filter(|it| {
            open.read(**it);
            open.depth() == 0
        });
        let outer: Vec<&str> = outer.map(|it| it.written).collect();
        let gives = match first {
            "let" | "const" | "for" | "while" | "loop" | "do" => false,
            "if" => outer.contains(&"else"),
            _ => !outer.iter().any(|it| ASSIGNING.contains(it)),
        };
        (gives && last != ";").then_some(at)
    }

    /// Byte offset of its last statement.
    fn last_statement(&self) -> Option<usize> {
        let (mut open, mut begins, mut last) = (Open::default(), true, None);
        for it in &self.body {
            // A block ends its statement, unless something continues it.
            let continues = ["else", ".", "?", ";", ")"].contains(&it.written);
            if begins && open.depth() == 0 && !continues {
                last = Some(it.at);
            }
            open.read(*it);
            begins = it.kind == Kind::Sign && [";", "}"].contains(&it.written);
        }
        last
    }
}

/// The functions of a script, in order. One whose braces do not match is left out.
pub(in crate::rules::script) fn functions(text: &str) -> Vec<Function<'_>> {
    let all: Vec<Token> = tokens(text).filter(Token::counts).collect();
    let mut found = Vec::new();
    let mut at = 0;
    while at < all.len() {
        match function(&all[at..]) {
            Some((function, length)) => {
                found.push(function);
                at += length;
            }
            None => at += 1,
        }
    }
    found
}

/// The function that begins with the first of these tokens, and the number of its tokens.
fn function<'t>(all: &[Token<'t>]) -> Option<(Function<'t>, usize)> {
    let [keyword, name, opens, ..] = all else {
        return None;
    };
    if keyword.written != "fn" || name.kind != Kind::Word || opens.written != "(" {
        return None;
    }
    let closes = all.iter().position(|it| it.written == ")")?;
    let given = all[3..closes].iter().filter(|it| it.kind == Kind::Word);
    let begin = closes + 1;
    // The other brackets may not match.
    let is_brace = |it: &Token<'_>| ["{", "}"].contains(&it.written);
    let mut open = Open::default();
    let ends = all[begin..].iter().position(|it| {
        if is_brace(it) {
            open.read(*it);
        }
        open.depth() == 0
    })?;
    let end = begin + ends;
    let body = all.get(begin + 1..end)?.to_vec();
    let function = Function {
        name: name.written,
        parameters: given.map(|it| it.written).collect(),
        extent: keyword.at..all[end].end(),
        body,
    };
    Some((function, end + 1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("let x = 1; x", "x")]
    #[case("if x { y } []", "[]")]
    #[case("if x { y } else { z }", "if x { y } else { z }")]
    #[case("if x { y }\n#{ a: { b } }", "#{ a: { b } }")]
    #[case("f(); return [1];", "return [1];")]
    #[case("switch x { 1 => { y } _ => z }", "switch x { 1 => { y } _ => z }")]
    fn the_last_statement_is_found(#[case] body: &str, #[case] last: &str) {
        let text = format!("fn f(a, b) {{ {body} }}");
        let all = functions(&text);
        let at = all[0].last_statement().unwrap();
        assert_eq!(&text[at..], format!("{last} }}"));
    }

    #[rstest]
    #[case("let x = 1; x", Some("x"))]
    #[case("x(); return [1];", Some("return [1];"))]
    #[case("if a { b } else { [] }", Some("if a { b } else { [] }"))]
    #[case("switch a { 1 => b }", Some("switch a { 1 => b }"))]
    #[case("let x = 1;", None)]
    #[case("let x = #{ a: 1 }", None)]
    #[case("if a { return [1]; }", None)]
    #[case("for x in a { b(x) }", None)]
    #[case("a = 1", None)]
    #[case("a += 1", None)]
    #[case("f();", None)]
    #[case("", None)]
    fn a_statement_that_gives_the_result_is_found(
        #[case] body: &str,
        #[case] wanted: Option<&str>,
    ) {
        let text = format!("fn f(a, b) {{ {body} }}");
        let found = functions(&text)[0].result().map(|at| &text[at..]);
        assert_eq!(found, wanted.map(|it| format!("{it} }}")).as_deref());
    }

    #[rstest]
    #[case("fn f(a) { 1 } fn g() { let b = 2; {} }", &["f", "g"])]
    #[case("x; fn f(a)\n{ \"}\" } // fn g() {}", &["f"])]
    #[case("fn f(a) { ", &[])]
    fn functions_are_found(#[case] text: &str, #[case] names: &[&str]) {
        let all = functions(text);
        assert_eq!(all.iter().map(|it| it.name).collect::<Vec<_>>(), names);
    }
}
