//! Finds the brace, bracket, quote or comment that is left open or closes nothing. The engine only stops where it can
//! no longer parse, which may be far from the mistake.

use crate::rules::finding::Finding;
use crate::rules::script::syntax::tokens::{Kind, Token, tokens};

/// The first imbalance of a script, if any.
#[derive(Debug, Default)]
pub(in crate::rules::script) struct Balance {
    /// A closing sign without an opening one.
    pub(in crate::rules::script) surplus: Option<Finding>,
    /// A bracket, string or comment that is not closed.
    pub(in crate::rules::script) left_open: Option<Finding>,
}

/// The brackets still open behind the tokens read so far, outermost first.
#[derive(Default)]
pub(in crate::rules::script) struct Open<'t>(Vec<Token<'t>>);

impl<'t> Open<'t> {
    /// Reads the next token. If it is a closing bracket, returns the innermost open one, which counts as closed even if
    /// it is of another kind.
    pub(in crate::rules::script) fn read(&mut self, token: Token<'t>) -> Option<Token<'t>> {
        match bracket(&token).map(opening) {
            Some(None) => self.0.push(token),
            Some(Some(_)) => return self.0.pop(),
            None => {}
        }
        None
    }

    /// How many are open.
    pub(in crate::rules::script) fn depth(&self) -> usize {
        self.0.len()
    }

    fn innermost(&self) -> Option<Token<'t>> {
        self.0.last().copied()
    }
}

impl Balance {
    /// Scans a script up to the first sign that cannot be right. A closing brace at the beginning of a line belongs to
    /// a line with the same indentation; otherwise a brace between them is missing or surplus.
    pub(in crate::rules::script) fn of(text: &str) -> Self {
        let mut open = Open::default();
        let (mut forgotten, mut too_many) = (None, None);
        for token in tokens(text) {
            if let Some(message) = unclosed(&token) {
                return Self {
                    left_open: Some(Finding::new(token.at, message).within(text)),
                    surplus: None,
                };
            }
            let opens = bracket(&token).and_then(opening);
            let is_its_kind = |it: &Token<'_>| bracket(it) == opens;
            let last = open.read(token);
            match (opens, last) {
                (None, _) => {}
                (_, Some(last)) if is_its_kind(&last) => {
                    let (line, indent) = line_around(text, token.at);
                    let (_, indent_of_last) = line_around(text, last.at);
                    let begins_line = token.at == line + indent;
                    if begins_line && indent_of_last > indent {
                        forgotten.get_or_insert(last);
                    }
                    if begins_line && indent_of_last < indent {
                        too_many.get_or_insert(token);
                    }
                }
                (_, Some(last)) if open.0.iter().any(is_its_kind) => {
                    return Self::left_open(forgotten.unwrap_or(last), text);
                }
                _ => {
                    let token = too_many.unwrap_or(token);
                    let message = surplus(token.written);
                    return Self {
                        surplus: Some(Finding::new(token.at, message).within(text)),
                        left_open: None,
                    };
                }
            }
        }
        match open.innermost() {
            Some(last) => Self::left_open(forgotten.unwrap_or(last), text),
            None => Self::default(),
        }
    }

    fn left_open(it: Token<'_>, text: &str) -> Self {
        let message = match it.written {
            "{" => "cette accolade n'est pas refermée : il manque « } »",
            "(" => "cette parenthèse n'est pas refermée : il manque « ) »",
            _ => "ce crochet n'est pas refermé : il manque « ] »",
        };
        Self {
            left_open: Some(Finding::new(it.at, message).within(text)),
            surplus: None,
        }
    }
}

/// The opening sign for a closing one.
fn opening(closing: char) -> Option<char> {
    match closing {
        '}' => Some('{'),
        ')' => Some('('),
        ']' => Some('['),
        _ => None,
    }
}

fn surplus(sign: &str) -> &'static str {
    match sign {
        "}" => "cette accolade « } » est en trop : elle ne referme rien",
        ")" => "cette parenthèse « ) » est en trop : elle ne referme rien",
        _ => "ce crochet « ] » est en trop : il ne referme rien",
    }
}

/// Byte offset of the first closing bracket that does not fit the innermost open one; `None` if a string or comment
/// before it is not closed.
pub(in crate::rules::script) fn unopened(text: &str) -> Option<usize> {
    let mut open = Open::default();
    for token in tokens(text) {
        if !token.closed {
            return None;
        }
        let opens = bracket(&token).and_then(opening);
        let last = open.read(token);
        if opens.is_some() && last.as_ref().and_then(bracket) != opens {
            return Some(token.at);
        }
    }
    None
}

/// Byte offset of the bracket that the one at `closing` closes.
pub(in crate::rules::script) fn opening_of(text: &str, closing: usize) -> Option<usize> {
    let mut open = Open::default();
    for token in tokens(text) {
        let opened = open.read(token);
        if token.at == closing {
            return opened.map(|it| it.at);
        }
    }
    None
}

/// Byte offset of the innermost bracket still open at `at`.
pub(in crate::rules::script) fn open_at(text: &str, at: usize) -> Option<usize> {
    let mut open = Open::default();
    for token in tokens(text).take_while(|it| it.at < at) {
        open.read(token);
    }
    open.innermost().map(|it| it.at)
}

/// The bracket of any kind, if the token is one.
fn bracket(token: &Token<'_>) -> Option<char> {
    let sign = token.written.chars().next()?;
    let brackets = ['{', '(', '[', '}', ')', ']'];
    (token.kind == Kind::Sign && brackets.contains(&sign)).then_some(sign)
}

/// Byte offset of the line around `at`, and its indentation.
fn line_around(text: &str, at: usize) -> (usize, usize) {
    let begins = text[..at].rfind('\n').map_or(0, |it| it + 1);
    let line = text[begins..].split('\n').next().unwrap_or_default();
    (begins, line.len() - line.trim_start().len())
}

/// What is wrong with an unterminated string or comment, which swallows what follows.
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
    fn a_sign_that_closes_nothing_is_found(
        #[case] text: &str,
        #[case] at: (u32, u32),
        #[case] words: &str,
    ) {
        let Finding { at: found, message } = Balance::of(text).surplus.unwrap();
        assert_eq!(found, at, "{message}");
        assert!(message.contains(words), "{message}");
    }

    #[rstest]
    #[case("fn f() {\n  /* a\n  b\n}", (2, 3), "« */ »")]
    #[case("fn f() {\n  /* a /* b */\n}", (2, 3), "« */ »")]
    #[case("fn f() {\n  `a {\n  b\n}", (2, 3), "accent grave")]
    #[case("fn f() {\n  '\"'; [\n}", (2, 8), "crochet")]
    #[case("fn f() {\n  if a {\n    b\n  c\n}\n", (2, 8), "accolade")]
    #[case("fn f() {\n  g(\"a);\n  h(\"b\")\n}\n", (2, 5), "guillemet")]
    fn a_sign_left_open_is_found(#[case] text: &str, #[case] at: (u32, u32), #[case] words: &str) {
        let Finding { at: found, message } = Balance::of(text).left_open.unwrap();
        assert_eq!(found, at, "{message}");
        assert!(message.contains(words), "{message}");
    }

    #[rstest]
    #[case("fn f() {\n  // {\n  \"}\" + `]` + '{' /* ( /* [ */ */\n}")]
    #[case("fn f() { `${a.get(\"x\")}` }")]
    #[case("fn f() { `C:\\` }")]
    #[case("fn f() { \"a (\\\n b) c\" }")]
    fn a_balanced_script_is_not_reported(#[case] text: &str) {
        let Balance { surplus, left_open } = Balance::of(text);
        assert_eq!((surplus, left_open), (None, None));
    }
}
