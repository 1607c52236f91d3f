//! Causes that lie above the line where the parser stops, with their messages: spaces that YAML does not accept, an
//! unclosed bracket, an item without its dash.

use super::{habits, scan, stumbles};
use crate::rules::finding::Finding;
use crate::rules::pasted;

/// Line and column of a cause, from 0, and its message.
type Cause = (usize, usize, String);

/// The cause of an error that the parser reports here; positions count from 0.
pub(super) fn cause(lines: &[&str], stop: (usize, usize)) -> Option<Cause> {
    let hidden = hidden_above(lines, stop.0);
    let cause = hidden.or_else(|| near(lines, stop.0, habits::comment_line));
    let cause = cause.or_else(|| {
        let line = lines.get(stop.0)?;
        let found = habits::behind_value(line, stop.1).or_else(|| habits::star(line, stop.1));
        // Whoever names a text may have misspelt its name here.
        let has_anchor = || lines.iter().any(|it| it.contains('&'));
        let word = || habits::starred_word(line, stop.1).filter(|_| !has_anchor());
        let Finding { at, message } = found.or_else(word)?;
        Some((stop.0, at, message))
    });
    let cause = cause.or_else(|| left_open(lines, stop));
    let cause = cause.or_else(|| near(lines, stop.0, goes_on_after_bracket));
    let cause = cause.or_else(|| near(lines, stop.0, key_cut_off));
    cause.or_else(|| dash_missing(lines, stop.0))
}

/// What is wrong with the reported line or the one above it, by a check that finds a column, in characters from 0.
fn near(
    lines: &[&str],
    at: usize,
    wrong: impl Fn(&str) -> Option<Finding<usize>>,
) -> Option<Cause> {
    let above = (0..=at.min(lines.len().checked_sub(1)?)).rev();
    let mut near = above.filter(|at| is_filled(lines[*at])).take(2);
    near.find_map(|at| {
        let found = wrong(lines[at])?;
        Some((at, found.at, found.message))
    })
}

/// A text that begins with a bracket or a brace and continues after it is closed: `libelle: [Urgent] Encombrants`.
fn goes_on_after_bracket(line: &str) -> Option<Finding<usize>> {
    let begin = value_begins(line)?;
    let signs: Vec<char> = line.chars().collect();
    let mut depth = 0_usize;
    let mut inside = (begin..signs.len()).skip_while(|at| {
        match signs[*at] {
            '[' | '{' => depth += 1,
            ']' | '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth > 0
    });
    let end = inside.next()?;
    let rest: String = signs[end + 1..].iter().collect();
    let goes_on = rest.trim_start().starts_with(char::is_alphanumeric);
    goes_on.then(|| Finding::new(begin, stumbles::BRACE))
}

/// Where a value that begins with a bracket or a brace begins, after the dash or the name of its line. In characters.
fn value_begins(line: &str) -> Option<usize> {
    let own = line.trim_start();
    let own = own.strip_prefix("- ").map_or(own, str::trim_start);
    let value = if own.starts_with(['[', '{']) && own.len() < line.trim_start().len() {
        own
    } else if own.starts_with(['[', '{', '"', '\'']) {
        return None;
    } else {
        own.split_once(": ")?.1.trim_start()
    };
    let before = line.strip_suffix(value)?;
    value
        .starts_with(['[', '{'])
        .then(|| before.chars().count())
}

/// A name that a comment cuts off before its colon: `Attente #2: En cours`.
fn key_cut_off(line: &str) -> Option<Finding<usize>> {
    let (before, after) = line.split_once(" #")?;
    let (rest, _) = after.split_once(':')?;
    let name = before.trim();
    let is_key = !name.is_empty() && name.chars().all(pasted::of_yaml_key);
    let cut = is_key && !name.starts_with('-') && rest.starts_with(char::is_alphanumeric);
    let message = format!(
        "ce qui suit « # » est un commentaire et ne compte pas : mettez « {name} #{rest} » entre guillemets"
    );
    cut.then(|| Finding::new(before.chars().count() + 1, message))
}

/// A character that YAML does not accept as a space where one is needed for the structure: on the reported line, or on
/// those just above it that YAML reads as one text with it.
fn hidden_above(lines: &[&str], at: usize) -> Option<Cause> {
    let above = (0..=at.min(lines.len().checked_sub(1)?)).rev();
    let mut above = above.filter(|at| is_filled(lines[*at])).peekable();
    if pasted::hidden_in_structure(lines[*above.peek()?]).is_none() {
        above.next();
    }
    let mut first = None;
    while let Some((at, column)) = above
        .next()
        .and_then(|at| Some((at, pasted::hidden_in_structure(lines[at])?)))
    {
        first = Some((at, column));
    }
    let (at, column) = first?;
    let sign = lines[at].chars().nth(column).and_then(pasted::describe)?;
    let message = format!("à la colonne {}, il y a {sign}", column + 1);
    Some((at, column, message))
}

fn left_open(lines: &[&str], stop: (usize, usize)) -> Option<Cause> {
    let opener = scan::left_open(lines, stop)?;
    let message = not_closed(opener.sign)?;
    Some((opener.line, opener.column, message.to_owned()))
}

/// The message about an unclosed bracket or brace.
pub(super) fn not_closed(sign: char) -> Option<&'static str> {
    match sign {
        '[' => Some("le crochet « [ » ouvert ici n'est pas refermé"),
        '{' => Some("l'accolade « { » ouverte ici n'est pas refermée"),
        _ => None,
    }
}

/// The message about an item without a space after its dash.
pub(super) fn no_space(item: &str) -> String {
    let first = item.split_whitespace().next().unwrap_or(item);
    format!("il manque une espace après le tiret : « - {first} »")
}

/// The message about the first key of an item without a dash.
#[must_use]
pub fn no_dash(name: &str) -> String {
    format!(
        "il manque « - » devant « {name} » : chaque élément de la liste commence par un tiret ; alignez les tirets entre eux, et sous « {name} » les autres clés du même élément"
    )
}

/// The first key of an item without its dash, or a dash without the space after it.
fn dash_missing(lines: &[&str], at: usize) -> Option<Cause> {
    let at = at.min(lines.len().checked_sub(1)?);
    let above = (0..=at).rev();
    let mut near = above.clone().filter(|at| is_filled(lines[*at])).take(2);
    let glued = near.find_map(|at| Some((at, glued_dash(lines[at])?)));
    if let Some((at, item)) = glued {
        return Some((at, leading_whitespace(lines[at]), no_space(item)));
    }
    let dashed = |line: &str| line.trim_start().starts_with("- ");
    let mut same_item = above.take_while(|it| *it == at || !dashed(lines[*it]));
    let own = same_item.find(|it| lines[*it].trim_start().starts_with("nom:"))?;
    let mut above = lines[..own].iter().rev().filter(|it| is_filled(it));
    let column = leading_whitespace(lines[own]);
    // It starts its list, or the list already has items with dashes on the level where its own is missing.
    let first_of_list = above
        .clone()
        .next()
        .is_some_and(|it| ["cas:", "prealables:"].contains(&it.trim()));
    let next_of_list =
        above.any(|it| leading_whitespace(it) == column && it.trim_start().starts_with("- nom:"));
    (first_of_list || next_of_list).then(|| (own, column, no_dash("nom")))
}

/// The line that may have cut a group in two: it is less indented than the lines of the group above and below it.
pub(super) fn too_far_left(lines: &[&str], at: usize) -> Option<usize> {
    let group = leading_whitespace(lines.get(at)?);
    let mut above = (0..at).rev().filter(|at| is_filled(lines[*at]));
    let cut = above.find(|at| leading_whitespace(lines[*at]) < group)?;
    let mut above =
        above.take_while(|at| leading_whitespace(lines[*at]) > leading_whitespace(lines[cut]));
    above
        .any(|at| leading_whitespace(lines[at]) == group)
        .then_some(cut)
}

pub(super) fn is_filled(line: &str) -> bool {
    !line.trim().is_empty() && !line.trim_start().starts_with('#')
}

/// The indentation of a line as a person sees it, whatever the characters. In characters.
pub(super) fn leading_whitespace(line: &str) -> usize {
    line.chars().take_while(|it| it.is_whitespace()).count()
}

/// The text after a dash without a space: `-valeur`.
pub(super) fn glued_dash(line: &str) -> Option<&str> {
    let item = line.trim_start().strip_prefix('-')?;
    item.starts_with(char::is_alphabetic).then_some(item)
}

#[cfg(test)]
mod tests {
    use super::super::parse;
    use super::leading_whitespace;
    use rstest::rstest;

    const CASES: &str = "cas:\n  - nom: un\n    statut: {}\n    attendu: {}\n";

    #[rstest]
    #[case("modes: [tous\ncategories: [ASC]\n", (1, 8), "« [ » ouvert ici", "modes: [tous]\ncategories: [ASC]\n")]
    #[case("a: b\nc: {d: e\n# f\n", (2, 4), "« { » ouverte ici", "a: b\nc: {d: e}\n# f\n")]
    #[case("a:\n  - b: {c: d e\n  - b: {c: f}\n    g: h\n", (2, 8), "« { » ouverte ici", "a:\n  - b: {c: d e}\n  - b: {c: f}\n    g: h\n")]
    #[case("a:\n  b: {c: d\n  e: f\n", (2, 6), "« { » ouverte ici", "a:\n  b: {c: d}\n  e: f\n")]
    #[case("a: [b, {c: d]\ne: f\n", (1, 8), "refermé par", "a: [b, {c: d}]\ne: f\n")]
    #[case("a:\n  b: c\n\u{a0} d: e\n  f: g\n", (3, 1), "insécable", "a:\n  b: c\n  d: e\n  f: g\n")]
    #[case("a:\n\u{a0} b: c\n\u{a0} d: e\n  f: g\n", (2, 1), "insécable", "a:\n  b: c\n  d: e\n  f: g\n")]
    #[case("a:\n  b:\u{a0}c\n  d: e\n", (2, 5), "insécable", "a:\n  b: c\n  d: e\n")]
    #[case("a:\n  b: c\n  d:\u{202f}e\n", (3, 5), "fine insécable", "a:\n  b: c\n  d: e\n")]
    #[case("cas:\n  nom: un\n  statut: {}\n  - nom: deux\n", (2, 3), "« - » devant « nom »", "cas:\n  - nom: un\n    statut: {}\n  - nom: deux\n")]
    #[case("cas:\n    nom: un\n    statut: {}\n  - nom: deux\n", (2, 5), "« - » devant « nom »", "cas:\n  - nom: un\n    statut: {}\n  - nom: deux\n")]
    #[case("cas:\n  nom: un\n    statut: {}\n", (2, 3), "« - » devant « nom »", "cas:\n  - nom: un\n    statut: {}\n")]
    #[case("cas:\n  -nom: un\n   statut: {}\n", (2, 3), "« - nom: »", "cas:\n  - nom: un\n    statut: {}\n")]
    #[case("modes:\n  - auteur\n  -manager\nb: c\n", (3, 3), "« - manager »", "modes:\n  - auteur\n  - manager\nb: c\n")]
    #[case("nom: un\na:\n  b: c: d\n", (3, 7), "deux-points", "nom: un\na:\n  b: \"c: d\"\n")]
    #[case("a:\n  b: {{ c }}\n", (2, 6), "entre guillemets", "a:\n  b: \"{{ c }}\"\n")]
    #[case("a:\n  b: [Urgent] Encombrants\n  c: d\n", (2, 6), "mettez le texte entre guillemets", "a:\n  b: \"[Urgent] Encombrants\"\n  c: d\n")]
    #[case("a:\n  b: {Urgent} Encombrants\n", (2, 6), "mettez le texte entre guillemets", "a:\n  b: \"{Urgent} Encombrants\"\n")]
    #[case("a:\n  - [Urgent] Encombrants\n", (2, 5), "mettez le texte entre guillemets", "a:\n  - \"[Urgent] Encombrants\"\n")]
    #[case("a:\n  Attente #2: b\n  c: d\n", (2, 11), "mettez « Attente #2 » entre guillemets", "a:\n  \"Attente #2\": b\n  c: d\n")]
    #[case("a:\n  c: d\n  Attente #2: b\n", (3, 11), "mettez « Attente #2 » entre guillemets", "a:\n  c: d\n  \"Attente #2\": b\n")]
    #[case("Attente #2: b\nc: d\n", (1, 9), "mettez « Attente #2 » entre guillemets", "\"Attente #2\": b\nc: d\n")]
    fn the_cause_above_is_reported_instead_of_its_effect(
        #[case] text: &str,
        #[case] at: (u32, u32),
        #[case] words: &str,
        #[case] mended: &str,
    ) {
        let fault = parse("f.yaml", text).unwrap_err().remove(0);
        assert_eq!((fault.line, fault.column), at, "{fault}");
        assert!(fault.message.contains(words), "{fault}");
        parse("f.yaml", mended).unwrap();
        if ["devant", "entre guillemets", "insécable"]
            .iter()
            .any(|it| fault.message.contains(it))
        {
            assert_eq!(followed(text), mended, "{fault}");
        }
    }

    /// The text with what the messages say done literally, until nothing is wrong any more.
    fn followed(text: &str) -> String {
        let mut text = text.to_owned();
        for _ in 0..5 {
            let Err(mut faults) = parse("f.yaml", &text) else {
                break;
            };
            let fault = faults.remove(0);
            let mut lines: Vec<String> = text.split('\n').map(str::to_owned).collect();
            let (line, column) = (fault.line as usize - 1, fault.column as usize - 1);
            follow(&mut lines, (line, column), &fault.message);
            text = lines.join("\n");
        }
        text
    }

    /// Does what one message says.
    fn follow(lines: &mut [String], (line, column): (usize, usize), message: &str) {
        let written = lines[line].clone();
        let named = |before: &str, after: &str| {
            let (_, rest) = message.split_once(before)?;
            Some(rest.split_once(after)?.0)
        };
        if let Some(name) = named("« - » devant « ", " »") {
            align(lines, line, name);
        } else if let Some(text) = named("mettez « ", " » entre guillemets") {
            lines[line] = written.replace(text, &format!("\"{text}\""));
        } else if message.contains("mettez le texte entre guillemets") {
            let value = ["- ", ": "].iter().find_map(|it| written.split_once(it));
            let (_, value) = value.unwrap();
            lines[line] = written.replace(value, &format!("\"{value}\""));
        } else if let Some(at) = named("à la colonne ", ",") {
            let at = at.parse::<usize>().unwrap() - 1;
            let mut signs: Vec<char> = written.chars().collect();
            assert_eq!(at, column, "{message}");
            assert!(!signs[at].is_ascii(), "{message}");
            signs[at] = ' ';
            lines[line] = signs.into_iter().collect();
        } else {
            panic!("{message}");
        }
    }

    /// Puts a dash before the name that begins an item, under the other dashes, and the other keys of the item under
    /// the name.
    fn align(lines: &mut [String], line: usize, name: &str) {
        assert!(
            lines[line].trim_start().starts_with(name),
            "{}",
            lines[line]
        );
        let dashed = |it: &String| it.trim_start().starts_with("- ");
        let other = lines.iter().find(|it| dashed(it));
        let column = leading_whitespace(other.unwrap_or(&lines[line]));
        lines[line] = format!("{:column$}- {}", "", lines[line].trim_start());
        let own = lines[line + 1..].iter_mut();
        for it in own.take_while(|it| !dashed(it) && leading_whitespace(it) > 0) {
            *it = format!("{:1$}{2}", "", column + 2, it.trim_start());
        }
    }

    #[rstest]
    #[case("a: b\nc：d\n", "à la colonne 2", "a: b\nc: d\n")]
    #[case("a:\n  b：c\n  d: e\n", "à la colonne 4", "a:\n  b: c\n  d: e\n")]
    #[case("a：\n  b: c\n", "à la colonne 2", "a: \n  b: c\n")]
    fn wide_colons_are_named_with_what_to_type(
        #[case] wrong: &str,
        #[case] place: &str,
        #[case] mended: &str,
    ) {
        let fault = parse("f.yaml", wrong).unwrap_err().remove(0);
        let wanted = format!(
            "{place}, il y a des deux-points larges (：) : tapez les deux-points ordinaires (:), suivis d'une espace"
        );
        assert!(fault.message.contains(&wanted), "{fault}");
        parse("f.yaml", mended).unwrap();
    }

    #[rstest]
    #[case("\"Urgent : [24h] ascenseur\"")]
    #[case("'Urgent - [24h] ascenseur'")]
    #[case("Urgence, voir # la note: [24h] ascenseur")]
    #[case("[24h, 48h]")]
    fn a_bracket_inside_a_text_is_not_blamed_for_the_next_line(#[case] value: &str) {
        let text = format!("ASC:\n  libelle: {value}\n  type_gestionnaire technique\n");
        let faults = parse("f.yaml", &text).unwrap_err();
        assert!(
            faults
                .iter()
                .all(|it| !it.message.contains("accolade") && !it.message.contains("crochet")),
            "{faults:?}"
        );
    }

    #[test]
    fn a_comment_behind_a_bracket_is_accepted() {
        parse(
            "f.yaml",
            "a:\n  b: [Urgent] # c: d\n  e: {f: g}\n  h: i #2\n",
        )
        .unwrap();
    }

    #[rstest]
    #[case("  nom: deux\n  statut: {}\n")]
    #[case("  nom: deux\n    statut: {}\n")]
    fn a_later_item_without_its_dash_is_reported_there(#[case] more: &str) {
        let text = format!("{CASES}{more}");
        let fault = parse("f.yaml", &text).unwrap_err().remove(0);
        assert_eq!((fault.line, fault.column), (5, 3), "{fault}");
        assert!(fault.message.contains("« - » devant « nom »"), "{fault}");
        let mended = format!("{CASES}  - nom: deux\n    statut: {{}}\n");
        assert_eq!(followed(&text), mended);
    }
}
