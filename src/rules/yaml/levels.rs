//! Lines on a level that does not fit those above: the title of their group is missing, the first line of the group is
//! askew, or a comment has lost its mark.

use super::Group;
use super::causes::{is_filled, leading_whitespace, too_far_left};

/// Line and column, from 0, and the message about a line that the parser refuses because of its level.
pub(super) fn cause(groups: &[Group], lines: &[&str], at: usize) -> Option<(usize, usize, String)> {
    let own = lines.get(at)?;
    let indent = leading_whitespace(own);
    let above = above(lines, at)?;
    let is_first = self::above(lines, above).is_none();
    if is_first && leading_whitespace(lines[above]) > indent {
        let message = "cette ligne est décalée sans qu'aucune soit au-dessus d'elle : mettez « # » devant si c'est un commentaire ; sinon, retirez son décalage";
        return Some((above, leading_whitespace(lines[above]), message.to_owned()));
    }
    if indent <= keys_begin(lines[above]) || !has_value(lines[above]) {
        return None;
    }
    if too_far_left(lines, at) == Some(above) {
        let message = "cette ligne est trop à gauche et coupe son groupe en deux : alignez-la sur les autres, ou mettez « # » devant si c'est un commentaire";
        return Some((above, leading_whitespace(lines[above]), message.to_owned()));
    }
    let message = match title_missing(groups, lines, above, own) {
        Some(Group { title, place, .. }) => {
            format!("il manque la ligne « {title} » au-dessus de celle-ci, {place}")
        }
        None => "cette ligne est décalée sous une ligne qui a déjà sa valeur : alignez la ligne sur celle du dessus, ou mettez « # » devant si c'est un commentaire ; si c'est la suite du texte, mettez le texte entier entre guillemets ; sinon, il manque entre elles le titre du groupe".to_owned(),
    };
    Some((at, indent, message))
}

/// The group whose first line this is, if the lines around show that its title is missing.
fn title_missing<'g>(
    groups: &'g [Group],
    lines: &[&str],
    above: usize,
    own: &str,
) -> Option<&'g Group> {
    let (before, own) = (lines[above].trim_start(), own.trim_start());
    groups.iter().find(|it| {
        let follows = it.after.is_empty() || it.after.iter().any(|it| before.starts_with(it));
        let is_there = |line: &&str| line.trim_start().starts_with(it.title);
        follows && own.starts_with(it.first) && !(it.once && lines.iter().any(is_there))
    })
}

/// What is odd about the first line of the group to which this line belongs: its number, from 0, and its side.
pub(super) fn first_of_group(lines: &[&str], at: usize) -> Option<(usize, &'static str)> {
    let own = lines.get(at).filter(|it| is_title(it) || has_value(it))?;
    let group = leading_whitespace(own);
    let mut filled = (0..at).rev().filter(|at| is_filled(lines[*at]));
    let cut = filled.find(|at| leading_whitespace(lines[*at]) < group)?;
    let is_alike = |it: usize| is_title(lines[it]) == is_title(own);
    let title = above(lines, cut);
    let begins_group = title.is_some_and(|title| {
        is_title(lines[title]) && leading_whitespace(lines[title]) < leading_whitespace(lines[cut])
    });
    if begins_group && is_alike(cut) {
        return Some((cut, "gauche"));
    }
    let first = (cut + 1..at).find(|at| is_filled(lines[*at]))?;
    let of_first = leading_whitespace(lines[first]);
    // If others are on its level, this line is the odd one.
    let mut below = (at + 1..lines.len()).take_while(|it| leading_whitespace(lines[*it]) >= group);
    let has_others = below.any(|it| leading_whitespace(lines[it]) == of_first && is_alike(it));
    let is_odd = is_title(lines[cut]) && of_first > group && is_alike(first) && !has_others;
    is_odd.then_some((first, "droite"))
}

fn above(lines: &[&str], at: usize) -> Option<usize> {
    (0..at).rev().find(|at| is_filled(lines[*at]))
}

/// The column where the key of a line begins, after its dash.
fn keys_begin(line: &str) -> usize {
    let own = line.trim_start();
    let dash = own.strip_prefix('-').map_or(0, |rest| {
        1 + rest.chars().take_while(|it| it.is_whitespace()).count()
    });
    leading_whitespace(line) + dash
}

fn is_title(line: &str) -> bool {
    line.trim_end().ends_with(':')
}

/// Whether a line is a name with its value on the same line.
fn has_value(line: &str) -> bool {
    let value = line.split_once(": ").map(|(_, value)| value.trim());
    value.is_some_and(|it| !it.is_empty() && !it.starts_with(['#', '|', '>', '&', '[', '{']))
}

#[cfg(test)]
mod tests {
    use super::super::parse;
    use rstest::rstest;

    #[rstest]
    #[case(
        " note : vu avec Paul\na:\n  b: c\n",
        (1, 2),
        "mettez « # » devant si c'est un commentaire",
        "# note : vu avec Paul\na:\n  b: c\n"
    )]
    #[case(
        "a:\n  b: c\n    d: e\n",
        (3, 5),
        "alignez la ligne sur celle du dessus, ou mettez « # » devant",
        "a:\n  b: c\n  d: e\n"
    )]
    #[case(
        "a:\n  libelle: Fuite d'eau\n    urgent : à traiter\n",
        (3, 5),
        "si c'est la suite du texte, mettez le texte entier entre guillemets",
        "a:\n  libelle: \"Fuite d'eau\n    urgent : à traiter\"\n"
    )]
    #[case(
        "a:\n  b: c\n      note : vu avec Paul\n  d: e\n",
        (3, 7),
        "mettez « # » devant si c'est un commentaire",
        "a:\n  b: c\n      # note : vu avec Paul\n  d: e\n"
    )]
    #[case(
        "a:\n  b: c\nnote : vu avec Paul\n  d: e\n",
        (3, 1),
        "coupe son groupe en deux",
        "a:\n  b: c\n# note : vu avec Paul\n  d: e\n"
    )]
    #[case(
        "a:\n  b: c\nvu avec Paul\n  d: e\n",
        (3, 1),
        "si c'est un commentaire, mettez « # » devant",
        "a:\n  b: c\n# vu avec Paul\n  d: e\n"
    )]
    #[case(
        "a:\n B:\n    c: d\n  E:\n    c: d\n  F:\n    c: d\n",
        (4, 3),
        "ou la ligne 2 est trop à gauche",
        "a:\n  B:\n    c: d\n  E:\n    c: d\n  F:\n    c: d\n"
    )]
    #[case(
        "a:\n   B:\n    c: d\n  E:\n    c: d\n",
        (4, 3),
        "ou la ligne 2 est trop à droite",
        "a:\n  B:\n    c: d\n  E:\n    c: d\n"
    )]
    fn a_line_on_a_wrong_level_is_told_with_its_remedy(
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
    #[case("a:\n  B:\n    c: d\n   e: f\n    g: h\n", "trop à")]
    #[case("a:\n  b: c\n  d: e\n vu avec Paul\n  f: g\n", "est trop à")]
    #[case("a:\n  b: c: d\n", "décalée sous")]
    #[case("a:\n  b: |\n    c\n d: e\n", "décalée sous")]
    fn a_line_that_is_askew_itself_does_not_blame_another(
        #[case] wrong: &str,
        #[case] words: &str,
    ) {
        let fault = parse("f.yaml", wrong).unwrap_err().remove(0);
        assert!(!fault.message.contains(words), "{fault}");
    }
}
