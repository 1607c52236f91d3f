//! Habits from other languages: comments with « // », a comma or a semicolon after a value, a list with stars.

/// The message about a comment that YAML does not have.
const COMMENT: &str =
    "un commentaire commence par « # », et non par « // » : mettez « # » à sa place";
const LONG_COMMENT: &str = "un commentaire commence par « # », et non par « /* » : mettez « # » devant chacune de ses lignes, et effacez « /* » et « */ »";

/// Column in characters, from 0, and the message.
type Habit = (usize, String);

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
    Some((column, comment(own)?.to_owned()))
}

/// A character after the end of a value, at the column where the parser stops, from 0.
pub(super) fn behind_value(line: &str, column: usize) -> Option<Habit> {
    let at = line.char_indices().nth(column)?.0;
    let (before, rest) = line.split_at(at);
    let before = before.trim_end();
    if !before.ends_with(['"', '\'', ']', '}']) {
        return None;
    }
    let told = |what: &str| Some((column, what.to_owned()));
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
    let told = |what: &str| Some((column, what.to_owned()));
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
    #[case("a: {b: \"c\",\n  d: 'e', f: [g],\n  h: https://i.fr}\n")]
    #[case("a: //serveur/partage\nb: |\n  // un\n  deux,\n")]
    #[case("a: 2 * [b]\nc: \"*[d]\"\ne: |\n  * f\n  * g\n")]
    #[case("a: &b [c]\nd: *b\ne: [*b]\n")]
    fn correct_texts_are_accepted(#[case] text: &str) {
        parse("f.yaml", text).unwrap();
    }
}
