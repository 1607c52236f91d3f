//! The words, signs, texts and comments of a script, one after the other, each as it is written and with the byte
//! where it begins. The engine's own lexer gives values and columns, and leaves out comments and white space.

/// One of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::rules::script) struct Token<'t> {
    /// The byte where it begins.
    pub(in crate::rules::script) at: usize,
    /// As it is written, with its quotes.
    pub(in crate::rules::script) written: &'t str,
    pub(in crate::rules::script) kind: Kind,
    /// Whether a text or a comment ends where it should.
    pub(in crate::rules::script) closed: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::rules::script) enum Kind {
    /// Between straight quotes.
    Text,
    /// Between back quotes.
    Holed,
    Comment,
    Space,
    /// A name, a keyword or a number.
    Word,
    /// One sign, or `=>`.
    Sign,
}

impl<'t> Token<'t> {
    /// The byte behind it.
    pub(in crate::rules::script) fn end(&self) -> usize {
        self.at + self.written.len()
    }

    /// What stands between the quotes of a text that has no escape.
    pub(in crate::rules::script) fn inner(&self) -> Option<&'t str> {
        let inner = self.written.strip_prefix('"')?.strip_suffix('"')?;
        (self.kind == Kind::Text && !inner.contains('\\')).then_some(inner)
    }

    /// Whether this is neither a space nor a comment.
    pub(in crate::rules::script) fn counts(&self) -> bool {
        !matches!(self.kind, Kind::Space | Kind::Comment)
    }
}

/// All of them.
pub(in crate::rules::script) fn tokens(script: &str) -> impl Iterator<Item = Token<'_>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = script.get(at..).filter(|it| !it.is_empty())?;
        let (length, kind, closed) = next(rest);
        let token = Token {
            at,
            written: &rest[..length],
            kind,
            closed,
        };
        at += length;
        Some(token)
    })
}

/// Whether a name may have this letter.
pub(in crate::rules::script) fn is_of_name(it: char) -> bool {
    it.is_alphanumeric() || it == '_'
}

fn next(rest: &str) -> (usize, Kind, bool) {
    let while_all = |of: fn(char) -> bool| rest.find(|it| !of(it)).unwrap_or(rest.len());
    let first = rest.chars().next().unwrap_or_default();
    match first {
        '"' => text(rest),
        '`' => match rest[1..].find('`') {
            Some(end) => (end + 2, Kind::Holed, true),
            None => (rest.len(), Kind::Holed, false),
        },
        '/' if rest.starts_with("//") => {
            (rest.find('\n').unwrap_or(rest.len()), Kind::Comment, true)
        }
        '/' if rest.starts_with("/*") => comment(rest),
        '=' if rest.starts_with("=>") => (2, Kind::Sign, true),
        // A sign between apostrophes is one by itself, a quote as well.
        '\'' if rest.chars().nth(2) == Some('\'') => {
            let length = rest.chars().take(3).map(char::len_utf8).sum();
            (length, Kind::Sign, true)
        }
        it if it.is_whitespace() => (while_all(char::is_whitespace), Kind::Space, true),
        it if is_of_name(it) => (while_all(is_of_name), Kind::Word, true),
        it => (it.len_utf8(), Kind::Sign, true),
    }
}

/// A text ends on its line, but for a bar at the end of it.
fn text(rest: &str) -> (usize, Kind, bool) {
    let mut escaped = false;
    for (at, sign) in rest.char_indices().skip(1) {
        match sign {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return (at + 1, Kind::Text, true),
            '\n' => return (at, Kind::Text, false),
            _ => {}
        }
    }
    (rest.len(), Kind::Text, false)
}

/// A comment may stand in another.
fn comment(rest: &str) -> (usize, Kind, bool) {
    let (mut depth, mut at) = (0_usize, 0);
    loop {
        let Some(next) = rest[at..].find(['/', '*']) else {
            return (rest.len(), Kind::Comment, false);
        };
        at += next;
        if rest[at..].starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest[at..].starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return (at, Kind::Comment, true);
            }
        } else {
            at += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("a1 => \"b\\\"c\"", &["a1", "=>", "\"b\\\"c\""])]
    #[case("`a\n${b}` + 'é'", &["`a\n${b}`", "+", "'é'"])]
    #[case("a// \"b\nc /* d /* e */ */ f", &["a", "c", "f"])]
    #[case("'\"'; \"a\\\nb\" été", &["'\"'", ";", "\"a\\\nb\"", "été"])]
    fn a_script_is_taken_apart(#[case] script: &str, #[case] wanted: &[&str]) {
        let all: Vec<Token> = tokens(script).collect();
        assert!(all.iter().all(|it| it.closed), "{all:?}");
        let counting = all.iter().filter(|it| it.counts());
        let written: Vec<&str> = counting.map(|it| it.written).collect();
        assert_eq!(written, wanted);
        let whole: String = all.iter().map(|it| it.written).collect();
        assert_eq!(whole, script);
    }

    #[rstest]
    #[case("a \"b\nc", "\"b")]
    #[case("a \"b\\", "\"b\\")]
    #[case("a `b\nc", "`b\nc")]
    #[case("a /* /* */ b", "/* /* */ b")]
    fn what_does_not_end_is_told(#[case] script: &str, #[case] open: &str) {
        let found = tokens(script).find(|it| !it.closed);
        assert_eq!(found.map(|it| it.written), Some(open));
    }
}
