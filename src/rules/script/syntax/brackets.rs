//! Braces, brackets, quotes and comments of a script: which is left open, and which closes nothing. The engine stops
//! where it can no longer go on, which may be far from there.

use crate::rules::place::place_of;
use crate::rules::script::syntax::tokens::{Kind, Token, tokens};

/// Line and column from 1, and what is wrong there.
pub(in crate::rules::script) type Place = ((u32, u32), String);

/// What a script is out of balance by.
#[derive(Debug, Default)]
pub(in crate::rules::script) struct Balance {
    /// A sign that closes nothing.
    pub(in crate::rules::script) surplus: Option<Place>,
    /// A sign, a text or a comment that is not closed.
    pub(in crate::rules::script) left_open: Option<Place>,
}

/// A sign that waits for the one that closes it.
#[derive(Debug, Clone, Copy)]
struct Opened {
    sign: char,
    at: usize,
    /// How far to the right its line begins.
    indent: usize,
}

impl Balance {
    /// Looks a script through up to the first sign that cannot be in its place. Where a closing brace begins a line, it
    /// belongs to a line that begins as far to the left: one between them was forgotten, or one is too many.
    pub(in crate::rules::script) fn of(text: &str) -> Self {
        let mut open: Vec<Opened> = Vec::new();
        let (mut forgotten, mut too_many) = (None, None);
        for token in tokens(text) {
            if let Some(message) = unclosed(&token) {
                return Self {
                    left_open: Some((place_of(text, token.at), message.to_owned())),
                    surplus: None,
                };
            }
            let Some(sign) = bracket(&token) else {
                continue;
            };
            let at = token.at;
            let (line, indent) = line_around(text, at);
            let Some(opens) = opening(sign) else {
                open.push(Opened { sign, at, indent });
                continue;
            };
            let begins_line = at == line + indent;
            match open.last().copied() {
                Some(last) if last.sign == opens => {
                    open.pop();
                    if begins_line && last.indent > indent {
                        forgotten.get_or_insert(last);
                    }
                    if begins_line && last.indent < indent {
                        too_many.get_or_insert((sign, at));
                    }
                }
                Some(last) if open.iter().any(|it| it.sign == opens) => {
                    return Self::left_open(forgotten.unwrap_or(last), text);
                }
                _ => {
                    let (sign, at) = too_many.unwrap_or((sign, at));
                    return Self {
                        surplus: Some((place_of(text, at), surplus(sign))),
                        left_open: None,
                    };
                }
            }
        }
        match open.pop() {
            Some(last) => Self::left_open(forgotten.unwrap_or(last), text),
            None => Self::default(),
        }
    }

    fn left_open(it: Opened, text: &str) -> Self {
        let message = match it.sign {
            '{' => "cette accolade n'est pas refermée : il manque « } »",
            '(' => "cette parenthèse n'est pas refermée : il manque « ) »",
            _ => "ce crochet n'est pas refermé : il manque « ] »",
        };
        Self {
            left_open: Some((place_of(text, it.at), message.to_owned())),
            surplus: None,
        }
    }
}

/// What opens that which a sign closes.
fn opening(closing: char) -> Option<char> {
    match closing {
        '}' => Some('{'),
        ')' => Some('('),
        ']' => Some('['),
        _ => None,
    }
}

fn surplus(sign: char) -> String {
    let message = match sign {
        '}' => "cette accolade « } » est en trop : elle ne referme rien",
        ')' => "cette parenthèse « ) » est en trop : elle ne referme rien",
        _ => "ce crochet « ] » est en trop : il ne referme rien",
    };
    message.to_owned()
}

/// The byte where the bracket opens that closes at this one.
pub(in crate::rules::script) fn opening_of(text: &str, closing: usize) -> Option<usize> {
    let mut open = Vec::new();
    for token in tokens(text) {
        let Some(sign) = bracket(&token) else {
            continue;
        };
        if opening(sign).is_none() {
            open.push(token.at);
            continue;
        }
        let opened = open.pop();
        if token.at == closing {
            return opened;
        }
    }
    None
}

/// The byte of the last bracket that opens before this one and does not close before it.
pub(in crate::rules::script) fn open_at(text: &str, at: usize) -> Option<usize> {
    let mut open = Vec::new();
    for token in tokens(text).take_while(|it| it.at < at) {
        match bracket(&token).map(opening) {
            Some(None) => open.push(token.at),
            Some(Some(_)) => {
                open.pop();
            }
            None => {}
        }
    }
    open.pop()
}

/// The bracket of any kind that this is.
fn bracket(token: &Token<'_>) -> Option<char> {
    let sign = token.written.chars().next()?;
    let brackets = ['{', '(', '[', '}', ')', ']'];
    (token.kind == Kind::Sign && brackets.contains(&sign)).then_some(sign)
}

/// Where the line around a byte begins, and how far to the right it is written.
fn line_around(text: &str, at: usize) -> (usize, usize) {
    let begins = text[..at].rfind('\n').map_or(0, |it| it + 1);
    let line = text[begins..].split('\n').next().unwrap_or_default();
    (begins, line.len() - line.trim_start().len())
}

/// What is wrong with a text or a comment that does not end: what stands behind is taken for it.
fn unclosed(token: &Token<'_>) -> Option<&'static str> {
    let message = match token.kind {
        _ if token.closed => return None,
        Kind::Text => "un guillemet n'est pas refermé sur cette ligne",
        Kind::Holed => "ce texte, ouvert par un accent grave « ` », n'est pas refermé par un autre",
        _ => "ce commentaire « /* » n'est pas refermé : il manque « */ »",
    };
    Some(message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("f(a)) {\n}", (1, 5), "parenthèse « ) » est en trop")]
    #[case("{ f(\"x\"]) }", (1, 8), "crochet « ] » est en trop")]
    #[case("fn f() {\n  if a {\n    b\n  }\n    }\n  c\n}", (5, 5), "accolade « } » est en trop")]
    #[case("fn f() {\n  c\n}\n}\n", (4, 1), "accolade « } » est en trop")]
    fn what_closes_nothing_is_found(
        #[case] text: &str,
        #[case] at: (u32, u32),
        #[case] words: &str,
    ) {
        let (place, message) = Balance::of(text).surplus.unwrap();
        assert_eq!(place, at, "{message}");
        assert!(message.contains(words), "{message}");
    }

    #[rstest]
    #[case("fn f() {\n  /* a\n  b\n}", (2, 3), "« */ »")]
    #[case("fn f() {\n  /* a /* b */\n}", (2, 3), "« */ »")]
    #[case("fn f() {\n  `a {\n  b\n}", (2, 3), "accent grave")]
    #[case("fn f() {\n  '\"'; [\n}", (2, 8), "crochet")]
    #[case("fn f() {\n  if a {\n    b\n  c\n}\n", (2, 8), "accolade")]
    #[case("fn f() {\n  g(\"a);\n  h(\"b\")\n}\n", (2, 5), "guillemet")]
    fn what_is_left_open_is_found(#[case] text: &str, #[case] at: (u32, u32), #[case] words: &str) {
        let (place, message) = Balance::of(text).left_open.unwrap();
        assert_eq!(place, at, "{message}");
        assert!(message.contains(words), "{message}");
    }

    #[rstest]
    #[case("fn f() {\n  // {\n  \"}\" + `]` + '{' /* ( /* [ */ */\n}")]
    #[case("fn f() { `${a.get(\"x\")}` }")]
    #[case("fn f() { `C:\\` }")]
    #[case("fn f() { \"a (\\\n b) c\" }")]
    fn what_is_in_balance_is_left_alone(#[case] text: &str) {
        let Balance { surplus, left_open } = Balance::of(text);
        assert_eq!((surplus, left_open), (None, None));
    }
}
