//! Habits from other languages: comments with « // », a comma or a semicolon after a value, a list with stars.

use crate::rules::finding::Finding;

/// The message about a comment that YAML does not have.
const COMMENT: &str =
    "un commentaire commence par « # », et non par « // » : mettez « # » à sa place";
const LONG_COMMENT: &str = "un commentaire commence par « # », et non par « /* » : mettez « # » devant chacune de ses lignes, et effacez « /* » et « */ »";

/// A habit in one line; the place is a column in characters, from 0.
type Habit = Finding<usize>;

fn comment(rest: &str) -> Option<&'static str> {
    if rest.starts_with("//") {
        Some(COMMENT)
    } else {
        rest.starts_with("/*").then_some(LONG_COMMENT)
    }
}

/// A line that is a comment in other languages.
pub(super) fn comment_line(line: &str) -> Option<Habit> {
    let own = line.trim_start();
    let column = line.chars().count() - own.chars().count();
    Some(Finding::new(column, comment(own)?))
}

/// A character after the end of a value, at the column where the parser stops, from 0.
pub(super) fn behind_value(line: &str, column: usize) -> Option<Habit> {
    let at = line.char_indices().nth(column)?.0;
    let (before, rest) = line.split_at(at);
    let before = before.trim_end();
    if !before.ends_with(['"', '\'', ']', '}']) {
        return None;
    }
    let told = |what: &str| Some(Finding::new(column, what));
    if let Some(comment) = comment(rest) {
        return told(comment);
    }
    let mut signs = rest.chars();
    let sign = signs.next()?;
    let after = signs.as_str().trim_start();
    if !(after.is_empty() || after.starts_with('#')) {
        return None;
    }
    match sign {
        ',' => told("la virgule derrière cette valeur est en trop : effacez-la"),
        ';' => told("le point-virgule derrière cette valeur est en trop : effacez-le"),
        '"' if before.ends_with([']', '}']) => told("ce guillemet est en trop : effacez-le"),
        '\'' if before.ends_with([']', '}']) => told("cette apostrophe est en trop : effacez-la"),
        _ => None,
    }
}

/// A star that begins a list or one of its items, at the column where the parser stops, from 0.
pub(super) fn star(line: &str, column: usize) -> Option<Habit> {
    let at = line.char_indices().nth(column)?.0;
    let (before, rest) = line.split_at(at);
    let rest = rest.strip_prefix('*')?;
    let told = |what: &str| Some(Finding::new(column, what));
    if rest.trim_start().starts_with('[') {
        return told("l'étoile « * » devant cette liste est en trop : effacez-la");
    }
    if !before.trim().is_empty() || !rest.starts_with(' ') {
        return None;
    }
    if rest.contains(": ") || rest.trim_end().ends_with(':') {
        return told(
            "l'étoile « * » est en trop : effacez-la, ou mettez un tiret « - » à sa place si un élément d'une liste commence ici",
        );
    }
    told("un élément d'une liste commence par un tiret : mettez « - » à la place de « * »")
}

/// A star before a single word, at the column where the parser stops, from 0.
pub(super) fn starred_word(line: &str, column: usize) -> Option<Habit> {
    let at = line.char_indices().nth(column)?.0;
    let rest = line.get(at..)?.strip_prefix('*')?;
    let word = rest
        .split(" #")
        .next()?
        .trim()
        .trim_end_matches([',', ']', '}']);
    let is_word = !word.is_empty()
        && word
            .chars()
            .all(|it| it.is_alphanumeric() || "_-".contains(it));
    let message = format!(
        "l'étoile « * » devant « {word} » est en trop : effacez-la (ou mettez « *{word} » entre guillemets, si elle fait \
         partie du texte)"
    );
    is_word.then(|| Finding::new(column, message))
}

/// Where a quoted text follows a name between braces without a colon, `{nom "texte"}`: on this line or one above it,
/// since the parser takes everything up to the next quote for one text. In characters, from 0.
pub(super) fn quote_without_colon(lines: &[&str], at: usize) -> Option<(usize, usize)> {
    let mut above = (0..=at.min(lines.len().checked_sub(1)?)).rev();
    above.find_map(|at| Some((at, name_before_quote(lines[at])?)))
}

fn name_before_quote(line: &str) -> Option<usize> {
    let mut quote = None;
    let mut escaped = false;
    // The text since the last brace or comma.
    let (mut begin, mut depth) = (0, 0_usize);
    for (at, sign) in line.char_indices() {
        match (quote, sign) {
            (Some('"'), '\\') if !escaped => escaped = true,
            (Some(open), it) => {
                if it == open && !escaped {
                    quote = None;
                }
                escaped = false;
            }
            (None, '#') if at == 0 || line[..at].ends_with(' ') => return None,
            (None, '{') => (begin, depth) = (at + 1, depth + 1),
            (None, '}') => depth = depth.saturating_sub(1),
            (None, ',') => begin = at + 1,
            (None, '"' | '\'') => {
                let name = &line[begin..at];
                if depth > 0 && sign == '"' && is_name(name) {
                    let spaces = name.len() - name.trim_start().len();
                    return Some(line[..begin + spaces].chars().count());
                }
                let before = name.trim_end();
                if before.is_empty() || before.ends_with([':', '[', '-']) {
                    quote = Some(sign);
                }
            }
            _ => {}
        }
    }
    None
}

/// Whether a text before a quote is a name without its colon, possibly with another sign in its place.
fn is_name(text: &str) -> bool {
    let name = text.trim().trim_end_matches([';', '=', ' ']);
    let of_name = |it: char| it.is_alphanumeric() || "_-?".contains(it);
    text.ends_with([' ', ';', '=']) && !name.is_empty() && name.chars().all(of_name)
}

#[cfg(test)]
mod tests {
    use super::super::parse;
    use rstest::rstest;

    #[rstest]
    #[case("// un\na: 1\n", (1, 1), "par « # »", "# un\na: 1\n")]
    #[case("a:\n  // un\n  b: 1\n", (2, 3), "par « # »", "a:\n  # un\n  b: 1\n")]
    #[case("a:\n  b: 1\n  // un\n", (3, 3), "par « # »", "a:\n  b: 1\n  # un\n")]
    #[case("/* un */\na: 1\n", (1, 1), "par « # »", "# un\na: 1\n")]
    #[case("a: [b] // un\n", (1, 8), "par « # »", "a: [b] # un\n")]
    #[case("a: \"b\" // un\nc: d\n", (1, 8), "par « # »", "a: \"b\" # un\nc: d\n")]
    #[case("a: [b],\n", (1, 7), "virgule", "a: [b]\n")]
    #[case("a: {b: c};\nd: e\n", (1, 10), "point-virgule", "a: {b: c}\nd: e\n")]
    #[case("a:\n  b: \"c\",\n  d: e\n", (2, 9), "virgule", "a:\n  b: \"c\"\n  d: e\n")]
    #[case("a: 'b', # c\n", (1, 7), "virgule", "a: 'b' # c\n")]
    #[case("a: [b]\"\n", (1, 7), "guillemet est en trop", "a: [b]\n")]
    #[case("a: *[b]\n", (1, 4), "étoile", "a: [b]\n")]
    #[case("a: * [b, c]\nd: e\n", (1, 4), "étoile", "a: [b, c]\nd: e\n")]
    #[case("modes: *tous\n", (1, 8), "« * » devant « tous » est en trop", "modes: tous\n")]
    #[case("modes: *tous\n", (1, 8), "mettez « *tous » entre guillemets", "modes: \"*tous\"\n")]
    #[case("a:\n  - *b # c\n  - d\n", (2, 5), "étoile", "a:\n  - b # c\n  - d\n")]
    #[case("a: [*b]\nc: d\n", (1, 5), "devant « b »", "a: [b]\nc: d\n")]
    #[case("a:\n  * b\n  * c\n", (2, 3), "un tiret : mettez « - »", "a:\n  - b\n  - c\n")]
    #[case("a:\n  b: c\n  * d: e\n", (3, 3), "effacez-la, ou", "a:\n  b: c\n  d: e\n")]
    #[case("a:\n  * b: c\n", (2, 3), "un tiret « - » à sa place", "a:\n  - b: c\n")]
    fn a_habit_is_reported_at_its_position_with_the_remedy(
        #[case] wrong: &str,
        #[case] at: (u32, u32),
        #[case] words: &str,
        #[case] mended: &str,
    ) {
        let fault = parse("f.yaml", wrong).unwrap_err().remove(0);
        assert_eq!((fault.line, fault.column), at, "{fault}");
        assert!(fault.message.contains(words), "{fault}");
        parse("f.yaml", mended).unwrap();
    }

    #[rstest]
    #[case("x: {b \"{{ c }}\"}\nd: e\nf: {g: \"h\"}\n", (1, 5), "x: {b: \"{{ c }}\"}\nd: e\nf: {g: \"h\"}\n")]
    #[case("x: {b; \"{{ c }}\"}\nf: \"g\"\n", (1, 5), "x: {b: \"{{ c }}\"}\nf: \"g\"\n")]
    #[case("x: {a: b, c: \"d\", e \"{{ c }}\"}\nf: {g: \"h\"}\n", (1, 19), "x: {a: b, c: \"d\", e: \"{{ c }}\"}\nf: {g: \"h\"}\n")]
    fn a_missing_colon_before_a_quote_is_reported_there(
        #[case] wrong: &str,
        #[case] at: (u32, u32),
        #[case] mended: &str,
    ) {
        let fault = parse("f.yaml", wrong).unwrap_err().remove(0);
        assert_eq!((fault.line, fault.column), at, "{fault}");
        assert!(
            fault.message.contains("il manque les deux-points"),
            "{fault}"
        );
        parse("f.yaml", mended).unwrap();
    }

    #[rstest]
    #[case("a: &tout b\nc: *tous\n")]
    #[case("a: *tous les jours*\n")]
    fn a_star_that_may_belong_to_the_text_is_not_called_superfluous(#[case] text: &str) {
        let fault = parse("f.yaml", text).unwrap_err().remove(0);
        assert!(!fault.message.contains("est en trop"), "{fault}");
        assert!(fault.message.contains("guillemets"), "{fault}");
    }

    #[rstest]
    #[case("a: {b: c d \"e\"}\nf: \"g\" h\n")]
    #[case("a: {b: \"c, d \\\" e\"}\nf: \"g\" h\n")]
    #[case("a: b, c \"d\"\nf: \"g\" h\n")]
    #[case("# {b \"c\"}\nf: \"g\" h\n")]
    #[case("a: [b, 'c, d \"e\"']\nf: \"g\" h\n")]
    fn a_quote_in_its_place_is_not_blamed(#[case] text: &str) {
        let fault = parse("f.yaml", text).unwrap_err().remove(0);
        assert_eq!(fault.line, 2, "{fault}");
        assert!(!fault.message.contains("il manque"), "{fault}");
    }

    #[rstest]
    #[case("a: {b: \"c\",\n  d: 'e', f: [g],\n  h: https://i.fr}\n")]
    #[case("a: //serveur/partage\nb: |\n  // un\n  deux,\n")]
    #[case("a: 2 * [b]\nc: \"*[d]\"\ne: |\n  * f\n  * g\n")]
    #[case("a: &b [c]\nd: *b\ne: [*b]\n")]
    fn correct_texts_are_accepted(#[case] text: &str) {
        parse("f.yaml", text).unwrap();
    }
}
