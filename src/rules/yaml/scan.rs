//! Finds brackets, quotes and comments in a text, even in one that the parser refuses.
//!
//! It reads line by line and as leniently as a person; its results only help to position a fault.

/// An opening bracket or brace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Opener {
    /// Line, from 0.
    pub line: usize,
    /// Column in characters, from 0.
    pub column: usize,
    /// `[` or `{`.
    pub sign: char,
    /// The indentation of its line.
    indent: usize,
}

/// The innermost bracket that is open where the parser stops, if the group around it already continues below. The
/// position counts from 0.
pub(super) fn left_open(lines: &[&str], (line, column): (usize, usize)) -> Option<Opener> {
    let mut walk = Walk::default();
    let mut left = None;
    for (number, text) in lines.iter().enumerate().take(line + 1) {
        let last = walk.open.last().copied();
        if let Some(last) =
            last.filter(|it| begins_entry(text) && indent_in_spaces(text) <= it.indent)
        {
            left.get_or_insert(last);
        }
        let end = if number == line { column } else { usize::MAX };
        walk.line(number, text, end);
        if walk.open.is_empty() {
            left = None;
        }
    }
    left.filter(|_| walk.quote.is_none())
}

/// Where a comment cuts off a text that seems to continue, `Bâtiment #1`: lines and columns from 0.
pub(super) fn cut_off(text: &str) -> Vec<(usize, usize)> {
    let mut walk = Walk::default();
    for (number, line) in text.lines().enumerate() {
        walk.line(number, line, usize::MAX);
    }
    walk.cut_off
}

/// Where « // » occurs in an unquoted text, like a comment in other languages: lines and columns from 0.
pub(super) fn slashes(text: &str) -> Vec<(usize, usize)> {
    let mut walk = Walk::default();
    for (number, line) in text.lines().enumerate() {
        walk.line(number, line, usize::MAX);
    }
    walk.slashes
}

/// The indentation of a line as YAML sees it.
fn indent_in_spaces(line: &str) -> usize {
    line.chars().take_while(|it| *it == ' ').count()
}

/// Whether a line begins an entry of a block: `- …` or `nom: …`.
fn begins_entry(line: &str) -> bool {
    let line = line.trim();
    let name = line
        .find(": ")
        .or(line.ends_with(':').then_some(line.len()));
    let bare = |name: usize| !line[..name].contains(['[', ']', '{', '}', ',', '"', '#']);
    line.starts_with("- ") || name.is_some_and(bare)
}

#[derive(Default)]
struct Walk {
    open: Vec<Opener>,
    /// The quote that encloses the text here.
    quote: Option<char>,
    /// The indentation above which the text of a block scalar (`|`, `>`) continues.
    block: Option<usize>,
    cut_off: Vec<(usize, usize)>,
    slashes: Vec<(usize, usize)>,
}

impl Walk {
    /// Whether a line belongs to a block scalar; the first one that does not ends it.
    fn is_in_block(&mut self, line: &str) -> bool {
        let continues = |outer: &usize| line.trim().is_empty() || indent_in_spaces(line) > *outer;
        self.block = self.block.filter(continues);
        self.block.is_some()
    }

    /// Reads one line up to a column.
    fn line(&mut self, number: usize, line: &str, end: usize) {
        if self.is_in_block(line) {
            return;
        }
        let signs: Vec<char> = line.chars().collect();
        let space = |at: usize| signs.get(at).is_none_or(|it| it.is_whitespace());
        // Whether a value may begin here, and whether an unquoted one has begun.
        let (mut fresh, mut plain) = (true, false);
        let mut at = 0;
        while at < signs.len().min(end) {
            let sign = signs[at];
            let in_flow = !self.open.is_empty();
            match (self.quote, sign) {
                (Some('"'), '\\') => at += 1,
                (Some('\''), '\'') if signs.get(at + 1) == Some(&'\'') => at += 1,
                (Some(quote), _) => {
                    if sign == quote {
                        self.quote = None;
                    }
                }
                (None, '#') if at == 0 || space(at - 1) => {
                    let goes_on = signs.get(at + 1).is_some_and(|it| it.is_alphanumeric());
                    if plain && goes_on {
                        self.cut_off.push((number, at));
                    }
                    return;
                }
                (None, it) if it.is_whitespace() => {}
                (None, '"' | '\'') if fresh => (self.quote, fresh) = (Some(sign), false),
                (None, '[' | '{') if fresh || in_flow => {
                    self.open.push(Opener {
                        line: number,
                        column: at,
                        sign,
                        indent: indent_in_spaces(line),
                    });
                    (fresh, plain) = (true, false);
                }
                (None, ']' | '}') if in_flow => {
                    self.open.pop();
                    (fresh, plain) = (false, false);
                }
                (None, ',') if in_flow => (fresh, plain) = (true, false),
                (None, ':') if space(at + 1) => (fresh, plain) = (true, false),
                (None, '-') if fresh && space(at + 1) => {}
                (None, '|' | '>') if fresh && !in_flow => {
                    // The key of the text, or the dash if it has none.
                    let begin = signs.iter().position(|it| !" -".contains(*it));
                    self.block = begin.filter(|it| *it < at).or(Some(indent_in_spaces(line)));
                    return;
                }
                (None, '/') if plain && signs.get(at + 1) == Some(&'/') => {
                    if space(at - 1) && space(at + 2) {
                        self.slashes.push((number, at));
                    }
                    at += 1;
                }
                _ => (fresh, plain) = (false, true),
            }
            at += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("a: [b\nc: [d]\n", (1, 1), Some((0, 3)))]
    #[case("a: {b: [c\nd: e\n", (1, 1), Some((0, 7)))]
    #[case("a: 'x [y'\nb: z [\nc: d\n", (2, 1), None)]
    #[case("a: [b,\n  c: d]\ne: f: g\n", (2, 4), None)]
    #[case("a: {\nb: c,\n}\nd: e: f\n", (3, 4), None)]
    #[case("a: |\n  [b\nc: d: e\n", (2, 4), None)]
    #[case("a: b # [c\nd: e: f\n", (1, 4), None)]
    fn an_unclosed_bracket_is_found(
        #[case] text: &str,
        #[case] stop: (usize, usize),
        #[case] opener: Option<(usize, usize)>,
    ) {
        let lines: Vec<&str> = text.lines().collect();
        let found = left_open(&lines, stop);
        assert_eq!(found.map(|it| (it.line, it.column)), opener);
    }

    #[rstest]
    #[case("a: b // c\n", &[(0, 5)])]
    #[case("a:\n  - b // c\n  - {d: e //, f: g}\n", &[(1, 6)])]
    #[case("a: 'b // c'\nd: \"e // f\"\ng: |\n  h // i\n", &[])]
    #[case("a: https://i.fr\nb: //serveur/partage\nc: d // e # f\ng: h # i // j\n", &[(2, 5)])]
    #[case("a: b//c\nd: voir //serveur\n", &[])]
    fn a_comment_of_other_languages_is_found(#[case] text: &str, #[case] found: &[(usize, usize)]) {
        assert_eq!(slashes(text), found);
    }

    #[rstest]
    #[case("a: Bâtiment #1\n", &[(0, 12)])]
    #[case("a: l'eau #1\n", &[(0, 9)])]
    #[case("a: {b: c #d\n  , e: f}\n", &[(0, 9)])]
    #[case("- x #y\n", &[(0, 4)])]
    #[case("a: x # y\n#z\n  #z\nb: #z\nc: [d] #e\nf#1: x#1\n", &[])]
    #[case("a: 'x #1'\nb: \"x #1\"\nc: 'x' #y\n", &[])]
    #[case("a: >\n  x #1\n\n  y #2\nb: c\n", &[])]
    #[case("a: [b,\n  c #1\n  ]\n", &[(1, 4)])]
    #[case("- a: |\n    x #1\n  b: y #2\n- |\n  z #3\n", &[(2, 7)])]
    fn a_text_that_a_comment_cuts_off_is_found(
        #[case] text: &str,
        #[case] found: &[(usize, usize)],
    ) {
        assert_eq!(cut_off(text), found);
    }
}
