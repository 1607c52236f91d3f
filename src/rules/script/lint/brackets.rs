//! Braces, brackets, quotes and comments of a script: which is left open, and which closes nothing. The engine stops
//! where it can no longer go on, which may be far from there.

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
    place: (u32, u32),
    /// How far to the right its line begins.
    indent: usize,
}

impl Balance {
    /// Looks a script through up to the first sign that cannot be in its place. Where a closing brace begins a line, it
    /// belongs to a line that begins as far to the left: one between them was forgotten, or one is too many.
    pub(in crate::rules::script) fn of(text: &str) -> Self {
        let mut open: Vec<Opened> = Vec::new();
        let (mut forgotten, mut too_many) = (None, None);
        let mut signs = Signs::default();
        for (number, line) in (1..).zip(text.split('\n')) {
            let indent = line.len() - line.trim_start().len();
            for (column, (at, sign)) in (1..).zip(line.char_indices()) {
                let place = (number, column);
                if !signs.counts(line, at, sign, place) {
                    continue;
                }
                if ['{', '(', '['].contains(&sign) {
                    open.push(Opened {
                        sign,
                        place,
                        indent,
                    });
                    continue;
                }
                let Some(opens) = opening(sign) else {
                    continue;
                };
                match open.last().copied() {
                    Some(last) if last.sign == opens => {
                        open.pop();
                        if at == indent && last.indent > indent {
                            forgotten.get_or_insert(last);
                        }
                        if at == indent && last.indent < indent {
                            too_many.get_or_insert((sign, place));
                        }
                    }
                    Some(last) if open.iter().any(|it| it.sign == opens) => {
                        return Self::left_open(forgotten.unwrap_or(last));
                    }
                    _ => {
                        let (sign, place) = too_many.unwrap_or((sign, place));
                        return Self {
                            surplus: Some((place, surplus(sign))),
                            left_open: None,
                        };
                    }
                }
            }
            // A text ends on its line: what stands behind is taken for one, and the other way round.
            if let Some(place) = signs.open_text() {
                let message = "un guillemet n'est pas refermé sur cette ligne".to_owned();
                return Self {
                    left_open: Some((place, message)),
                    surplus: None,
                };
            }
            signs.end_line();
        }
        if let Some(found) = signs.left_open() {
            return Self {
                left_open: Some(found),
                surplus: None,
            };
        }
        match open.pop() {
            Some(last) => Self::left_open(forgotten.unwrap_or(last)),
            None => Self::default(),
        }
    }

    fn left_open(it: Opened) -> Self {
        let message = match it.sign {
            '{' => "cette accolade n'est pas refermée : il manque « } »",
            '(' => "cette parenthèse n'est pas refermée : il manque « ) »",
            _ => "ce crochet n'est pas refermé : il manque « ] »",
        };
        Self {
            left_open: Some((it.place, message.to_owned())),
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

/// Tells the signs of a script from those in its texts and comments.
#[derive(Default)]
struct Signs {
    quote: Option<char>,
    escaped: bool,
    in_line_comment: bool,
    /// A comment may stand in another.
    comments: u32,
    /// Signs that are part of what was told before them.
    passed: u32,
    /// Where the text or the comment began.
    begun: (u32, u32),
}

impl Signs {
    fn counts(&mut self, line: &str, at: usize, sign: char, place: (u32, u32)) -> bool {
        if self.passed > 0 {
            self.passed -= 1;
            return false;
        }
        if self.in_line_comment {
            return false;
        }
        if let Some(quote) = self.quote {
            if !self.escaped && sign == quote {
                self.quote = None;
            }
            // What stands in back quotes is as it is written.
            self.escaped = quote == '"' && sign == '\\' && !self.escaped;
            return false;
        }
        let rest = &line[at..];
        if rest.starts_with("/*") {
            if self.comments == 0 {
                self.begun = place;
            }
            self.comments += 1;
            self.passed = 1;
            return false;
        }
        if self.comments > 0 {
            if rest.starts_with("*/") {
                self.comments -= 1;
                self.passed = 1;
            }
            return false;
        }
        self.in_line_comment = rest.starts_with("//");
        if matches!(sign, '"' | '`') {
            self.quote = Some(sign);
            self.begun = place;
        }
        // A sign between apostrophes is one by itself, a quote as well.
        if sign == '\'' && rest.chars().nth(2) == Some('\'') {
            self.passed = 2;
        }
        true
    }

    /// Where a text begins that the line leaves open. What stands in back quotes goes on in the next line, and so does
    /// a line that ends with a bar.
    fn open_text(&self) -> Option<(u32, u32)> {
        (self.quote == Some('"') && !self.escaped).then_some(self.begun)
    }

    fn end_line(&mut self) {
        self.in_line_comment = false;
        self.escaped = false;
    }

    fn left_open(&self) -> Option<Place> {
        let message = if self.comments > 0 {
            "ce commentaire « /* » n'est pas refermé : il manque « */ »"
        } else if self.quote == Some('`') {
            "ce texte, ouvert par un accent grave « ` », n'est pas refermé par un autre"
        } else {
            return None;
        };
        Some((self.begun, message.to_owned()))
    }
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
