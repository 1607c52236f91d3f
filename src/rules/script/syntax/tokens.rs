//! The tokens of a script in order, each as source text with its byte offset. The engine's own lexer gives values and
//! columns, and omits comments and white space.

/// Keywords that are not values.
pub(in crate::rules::script) const KEYWORDS: [&str; 13] = [
    "if", "else", "let", "const", "fn", "for", "in", "while", "loop", "do", "switch", "return",
    "throw",
];

/// One token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::rules::script) struct Token<'t> {
    /// Byte offset where it begins.
    pub(in crate::rules::script) at: usize,
    /// Source text, including quotes.
    pub(in crate::rules::script) written: &'t str,
    pub(in crate::rules::script) kind: Kind,
    /// Whether a string or comment is terminated.
    pub(in crate::rules::script) closed: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::rules::script) enum Kind {
    /// A string between straight quotes.
    Text,
    /// A string between back quotes, which may interpolate values.
    Holed,
    Comment,
    Space,
    /// A name, a keyword or a number.
    Word,
    /// A single sign, or `=>`.
    Sign,
}

impl<'t> Token<'t> {
    /// Byte offset after it.
    pub(in crate::rules::script) fn end(&self) -> usize {
        self.at + self.written.len()
    }

    /// The content of a string that has no escape sequence.
    pub(in crate::rules::script) fn inner(&self) -> Option<&'t str> {
        let inner = self.written.strip_prefix('"')?.strip_suffix('"')?;
        (self.kind == Kind::Text && !inner.contains('\\')).then_some(inner)
    }

    /// Whether this is neither a space nor a comment.
    pub(in crate::rules::script) fn counts(&self) -> bool {
        !matches!(self.kind, Kind::Space | Kind::Comment)
    }
}

/// All tokens of a script.
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

/// Whether a name may contain this character.
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
        // A character between apostrophes is one token, even if it is a quote.
        '\'' if rest.chars().nth(2) == Some('\'') => {
            let length = rest.chars().take(3).map(char::len_utf8).sum();
            (length, Kind::Sign, true)
        }
        it if it.is_whitespace() => (while_all(char::is_whitespace), Kind::Space, true),
        it if is_of_name(it) => (while_all(is_of_name), Kind::Word, true),
        it => (it.len_utf8(), Kind::Sign, true),
    }
}

/// A string ends on its line unless a backslash precedes the line break.
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

/// Comments may be nested.
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
    fn a_script_is_split_into_tokens(#[case] script: &str, #[case] wanted: &[&str]) {
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
    fn unterminated_tokens_are_found(#[case] script: &str, #[case] open: &str) {
        let found = tokens(script).find(|it| !it.closed);
        assert_eq!(found.map(|it| it.written), Some(open));
    }
}
