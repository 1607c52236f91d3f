//! Finds where an opening brace, bracket or parenthesis was lost, by trying the likely places: the script parses with
//! the sign there, and does not parse without the closing one. The engine and the count of brackets only know the
//! closing one, which may be many lines further.

use crate::rules::finding::Finding;
use crate::rules::place::offset;
use crate::rules::script::syntax::brackets::{Balance, unopened};
use crate::rules::script::syntax::tokens::{KEYWORDS, Kind, Token, tokens};

/// Words that a block follows, or a condition and a block.
const HEADERS: [&str; 9] = [
    "if", "else", "fn", "for", "while", "loop", "do", "switch", "=>",
];
/// Most places tried in one script.
const MOST_TRIALS: usize = 200;

/// Where the sign is missing, and what to write; `parses` tells whether a text is a script, whatever its names.
pub(in crate::rules::script) fn find(text: &str, parses: impl Fn(&str) -> bool) -> Option<Finding> {
    let closing = unopened(text)?;
    let surplus = Balance::of(text).surplus;
    let surplus = surplus.and_then(|it| offset(text, it.at));
    let without = |at: usize| [&text[..at], &text[at + 1..]].concat();
    if [Some(closing), surplus]
        .into_iter()
        .flatten()
        .any(|at| parses(&without(at)))
    {
        return None;
    }
    let before: Vec<Token> = tokens(text)
        .take_while(|it| it.at < closing)
        .filter(Token::counts)
        .collect();
    let places = match &text[closing..=closing] {
        "}" => braces(&before),
        "]" => between(&before, "[", is_before_list),
        _ => between(&before, "(", is_call),
    };
    let mut places = places.into_iter().rev().take(MOST_TRIALS);
    let lost = places.find(|it| {
        let (front, rest) = text.split_at(it.at(text));
        parses(&[front, it.sign, rest].concat())
    })?;
    Some(lost.told(text))
}

/// A place where a sign may have been lost.
struct Lost<'t> {
    sign: &'static str,
    behind: Token<'t>,
    before: Token<'t>,
}

impl Lost<'_> {
    /// Whether it is missing at the end of a line, perhaps before a comment.
    fn ends_line(&self, text: &str) -> bool {
        let gap = &text[self.behind.end()..self.before.at];
        let of_statement = [";", "}", "{"].contains(&self.behind.written);
        self.sign != "#{" && gap.contains('\n') && !of_statement
    }

    /// Byte offset of the missing sign.
    fn at(&self, text: &str) -> usize {
        if self.behind.written == "#" || self.ends_line(text) {
            self.behind.end()
        } else {
            self.before.at
        }
    }

    fn told(&self, text: &str) -> Finding {
        let sign = self.sign;
        if self.behind.written == "#" {
            let message = format!("il manque « {sign} » juste derrière « # »");
            return Finding::new(self.behind.at, message).within(text);
        }
        if !self.ends_line(text) {
            let shown = match self.before.written {
                "#" => "#{",
                shown => shown,
            };
            let message = format!("il manque « {sign} » devant « {shown} »");
            return Finding::new(self.before.at, message).within(text);
        }
        let rest = text[self.behind.end()..].split('\n').next();
        let message = if rest.is_none_or(|it| it.trim().is_empty()) {
            format!("il manque « {sign} » à la fin de cette ligne")
        } else {
            format!("il manque « {sign} » devant le commentaire de cette ligne")
        };
        Finding::new(self.behind.at, message).within(text)
    }
}

/// Places of a brace: behind what a block follows, and at the first name of an object.
fn braces<'t>(all: &[Token<'t>]) -> Vec<Lost<'t>> {
    let mut places = Vec::new();
    let mut in_header = false;
    for (index, pair) in all.windows(2).enumerate() {
        let [behind, before] = [pair[0], pair[1]];
        if HEADERS.contains(&behind.written) {
            in_header = true;
        } else if ["{", "}", ";"].contains(&behind.written) {
            in_header = false;
        }
        let ends_header = in_header
            && (is_end_of_value(&behind) || ["else", "loop", "do", "=>"].contains(&behind.written));
        if before.written != "{" && (ends_header || behind.written == "#") {
            let sign = "{";
            places.push(Lost {
                sign,
                behind,
                before,
            });
        }
        let is_named = before.kind == Kind::Word || before.kind == Kind::Text;
        let colon = all.get(index + 2).is_some_and(|it| it.written == ":");
        if is_named && colon {
            let sign = "#{";
            places.push(Lost {
                sign,
                behind,
                before,
            });
        }
    }
    places
}

/// Places of another sign, between two tokens.
fn between<'t>(
    all: &[Token<'t>],
    sign: &'static str,
    fits: fn(&Token<'_>, &Token<'_>) -> bool,
) -> Vec<Lost<'t>> {
    let pairs = all.windows(2).map(|pair| (pair[0], pair[1]));
    let fitting = pairs.filter(|(behind, before)| fits(behind, before));
    fitting
        .map(|(behind, before)| Lost {
            sign,
            behind,
            before,
        })
        .collect()
}

/// Whether a list may begin between these two.
fn is_before_list(behind: &Token<'_>, _: &Token<'_>) -> bool {
    ["return", "=", "in", "(", ":", "{", "}", ";"].contains(&behind.written)
}

/// Whether these two are a function and the first value given to it.
fn is_call(behind: &Token<'_>, before: &Token<'_>) -> bool {
    let is_name = behind.kind == Kind::Word && !KEYWORDS.contains(&behind.written);
    is_name && matches!(before.kind, Kind::Word | Kind::Text | Kind::Holed)
}

fn is_end_of_value(it: &Token<'_>) -> bool {
    match it.kind {
        Kind::Word => !KEYWORDS.contains(&it.written),
        Kind::Text | Kind::Holed => true,
        _ => [")", "]"].contains(&it.written),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn parses(text: &str) -> bool {
        let mut engine = rhai::Engine::new();
        engine.set_strict_variables(false);
        engine.compile(text).is_ok()
    }

    /// The text with the sign that a message names, at the place that it names.
    fn followed(text: &str, found: &Finding) -> String {
        let (_, message) = found.message.split_once("« ").unwrap();
        let (sign, place) = message.split_once(" »").unwrap();
        let at = offset(text, found.at).unwrap();
        let rest = &text[at..];
        let line = rest.find('\n').unwrap_or(rest.len());
        let at = at
            + match place {
                " à la fin de cette ligne" => line,
                " devant le commentaire de cette ligne" => rest.find("//").unwrap(),
                " juste derrière « # »" => 1,
                _ => 0,
            };
        [&text[..at], sign, &text[at..]].concat()
    }

    #[rstest]
    #[case("fn f(a)\n  a\n}", (1, 7), "« { » à la fin de cette ligne")]
    #[case("fn f(a) {\n  if a == ()\n    throw 1;\n  }\n  if a == 2 {\n    a\n  }\n}", (2, 12), "« { » à la fin de cette ligne")]
    #[case("fn f(a) {\n  if a == 1\n    && a.b // oui\n    a = 1;\n  }\n  a\n}", (3, 10), "« { » devant le commentaire de cette ligne")]
    #[case("fn f(a) {\n  if a { 1 }\n  else\n    2\n  }\n}", (3, 3), "« { » à la fin de cette ligne")]
    #[case("fn f(a) { if a return 1; } 2 }", (1, 16), "« { » devant « return »")]
    #[case("fn f(a) { if a a = 1; } a }", (1, 16), "« { » devant « a »")]
    #[case("fn f(a) {\n  for x in a\n    print(x);\n  }\n}", (2, 12), "« { » à la fin de cette ligne")]
    #[case("fn f(a) {\n  switch a {\n    1 =>\n      return 2;\n    }\n    _ => {}\n  }\n}", (3, 7), "« { » à la fin de cette ligne")]
    #[case("fn f(a) {\n  return\n    #{ b: 1 },\n  ];\n}", (2, 3), "« [ » à la fin de cette ligne")]
    #[case("fn f(a) { a in 1, 2] }", (1, 16), "« [ » devant « 1 »")]
    #[case("fn f(a) {\n  #{ b: 1 },\n  ]\n}", (2, 3), "« [ » devant « #{ »")]
    #[case("fn f(a) {\n  a.b();\n\n    b: a,\n    c: 1,\n  }\n}", (4, 5), "« #{ » devant « b »")]
    #[case("fn f(a) { [ b: 1, c: 2 }] }", (1, 13), "« #{ » devant « b »")]
    #[case("fn f(a) {\n  #\n    b: 1,\n  }\n}", (2, 3), "« { » juste derrière « # »")]
    #[case("fn f(a) { a.get\"x\") }", (1, 16), "« ( » devant « \"x\" »")]
    fn the_place_of_a_lost_sign_is_found(
        #[case] text: &str,
        #[case] at: (u32, u32),
        #[case] words: &str,
    ) {
        let found = find(text, parses).unwrap();
        assert!(found.message.ends_with(words), "{}", found.message);
        assert_eq!(found.at, at, "{}", found.message);
        let followed = followed(text, &found);
        assert!(parses(&followed), "{followed}");
    }

    #[rstest]
    #[case("fn f(a) {\n  if a {\n    1\n  }\n  }\n  2\n}")]
    #[case("fn f(a) {\n  a\n}\n}")]
    #[case("fn f(a) { [[a]]] }")]
    #[case("fn f(a) { a.get(\"x\")) }")]
    #[case("fn f(a) { if a == 1)) { } }")]
    #[case("fn f(a) { if (a == 1 { } }")]
    #[case("fn f(a) { f(\"x\"]); }")]
    #[case("fn f(a) { if a\n  { 1 } }")]
    #[case("fn f(a) { \"x }")]
    #[case("fn f(a) { a \n")]
    fn other_imbalances_are_left_alone(#[case] text: &str) {
        assert_eq!(find(text, parses), None);
    }
}
