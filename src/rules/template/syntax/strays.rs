//! Braces outside the tags of a template that were meant to be part of one.

use std::ops::Range;

use crate::rules::finding::Finding;
use crate::rules::template::advice;
use crate::rules::template::syntax::tags;

/// Maximum number of characters before a brace that are searched for what was meant.
const LONGEST: usize = 120;

/// Values with too few braces, and ends of tags that nothing opens; `is_value` recognizes the first names of values.
/// Styles and scripts also use braces, so a brace that closes another one is not reported.
pub(in crate::rules::template) fn strays(
    source: &str,
    is_value: impl Fn(&str) -> bool,
) -> Vec<Finding<usize>> {
    let mut found = Vec::new();
    let mut open = Vec::new();
    for text in texts(source) {
        strays_in(source, text, &is_value, &mut open, &mut found);
    }
    found
}

/// Signs around a value in mail merges and other template systems.
const AROUND: [(&str, &str); 10] = [
    ("«", "»"),
    ("<%=", "%>"),
    ("<%", "%>"),
    ("[[", "]]"),
    ("[", "]"),
    ("<<", ">>"),
    ("<", ">"),
    ("%", "%"),
    ("$(", ")"),
    ("((", "))"),
];

/// Values in the signs of a mail merge. Only a value with a field counts: « bien » alone may be an ordinary word.
pub(in crate::rules::template) fn merged(source: &str) -> Vec<Finding<usize>> {
    let mut found: Vec<Finding<usize>> = Vec::new();
    for text in texts(source) {
        let own = &source[text.clone()];
        for (open, close) in AROUND {
            for (at, _) in own.match_indices(open) {
                let rest = &own[at + open.len()..];
                let Some((inside, _)) = rest.split_once(close) else {
                    continue;
                };
                let path = inside.trim();
                // The second of two signs was reported with the first.
                let before = &own[..at];
                let is_second = open.len() == 1 && before.ends_with(open)
                    || open == "%" && before.ends_with('<');
                if is_second || !path.contains('.') || !advice::exists(path) {
                    continue;
                }
                let message = format!(
                    "« {open}{inside}{close} » part tel quel : une valeur s'écrit « {{{{ {path} }}}} »"
                );
                let at = text.start + at;
                found.push(Finding { at, message });
            }
        }
    }
    found.sort_by_key(|it| it.at);
    found
}

/// Signs after which a name was probably written with them, or is part of something longer, and signs before which it
/// is.
const BEFORE_BARE: &str = "{[<%«$(/@.-_=#&?'\"";
const AFTER_BARE: &str = "}]>%»)|/@-_=:(['\"";

/// Values without any braces. Only a value with a field counts: « bien » alone may be an ordinary word.
pub(in crate::rules::template) fn bare(source: &str) -> Vec<Finding<usize>> {
    let mut found = Vec::new();
    for text in texts(source) {
        let own = &source[text.clone()];
        let mut at = 0;
        for word in own.split_inclusive(|it: char| !is_of_path(it)) {
            let begin = at;
            at += word.len();
            let path = word.trim_end_matches(|it| !is_of_path(it));
            let path = path.trim_end_matches('.');
            // Before the blanks around it are passed, which is costly for each of a long run.
            if !path.contains('.') {
                continue;
            }
            let (before, after) = (
                own[..begin].trim_end(),
                own[begin + path.len()..].trim_start(),
            );
            // In other languages, a dollar sign begins a name.
            let dollar = usize::from(own[..begin].ends_with('$'));
            let is_part = dollar == 0 && before.ends_with(|it| BEFORE_BARE.contains(it))
                || after.starts_with(|it| AFTER_BARE.contains(it));
            if is_part || !advice::exists(path) {
                continue;
            }
            let written = &own[begin - dollar..begin + path.len()];
            let message =
                format!("« {written} » part tel quel : une valeur s'écrit « {{{{ {path} }}}} »");
            let at = text.start + begin - dollar;
            found.push(Finding { at, message });
        }
    }
    found
}

fn is_of_path(it: char) -> bool {
    it.is_alphanumeric() || it == '_' || it == '.'
}

/// The first instruction before `before` whose opening brace lacks its percent sign.
pub(in crate::rules::template) fn half_opened(
    source: &str,
    before: usize,
) -> Option<Finding<usize>> {
    let texts = texts(source).into_iter();
    let mut texts = texts.take_while(|it| it.start < before);
    texts.find_map(|text| {
        let mut ends = source[text.clone()].match_indices("%}");
        ends.find_map(|(at, _)| instruction(source, text.start..text.start + at))
    })
}

/// The text between the tags, except in `raw` blocks.
fn texts(source: &str) -> Vec<Range<usize>> {
    let mut texts = Vec::new();
    let (mut at, mut in_raw) = (0, false);
    for tag in tags::read(source) {
        if !in_raw {
            texts.push(at..tag.begin);
        }
        in_raw = tag.word() == "raw";
        at = tag.end.unwrap_or(source.len());
    }
    if !in_raw {
        texts.push(at..source.len());
    }
    texts
}

/// The same for the text between two tags; `open` holds the braces not closed yet.
fn strays_in(
    source: &str,
    text: Range<usize>,
    is_value: &impl Fn(&str) -> bool,
    open: &mut Vec<usize>,
    found: &mut Vec<Finding<usize>>,
) {
    let mut passed = text.start;
    for (at, sign) in source[text.clone()].match_indices(['{', '}']) {
        let at = text.start + at;
        if at < passed {
            continue;
        }
        if sign == "{" {
            open.push(at);
            continue;
        }
        let before = text.start..at;
        let twice = source[at..text.end].starts_with("}}");
        let percent = source[before.clone()].ends_with('%').then(|| at - 1);
        let of_value = || value(source, before.clone(), twice, is_value);
        let of_instruction = || instruction(source, text.start..percent?);
        let meant = of_value().or_else(of_instruction);
        let closes = open.pop().is_some();
        let of_style = |at: usize| source[..at].ends_with(|it: char| it.is_ascii_digit());
        let slip = match (meant, closes, percent, twice) {
            (Some(slip), ..) => slip,
            (None, false, Some(at), _) if of_style(at) => continue,
            (None, false, Some(at), _) => unopened(at, "%}", "{%"),
            (None, false, None, false) if at == text.start && source[..at].ends_with('}') => {
                Finding {
                    at,
                    message: "il y a derrière cette balise une accolade en trop".to_owned(),
                }
            }
            (None, false, None, true) => unopened(at, "}}", "{{"),
            _ => continue,
        };
        passed = at + if twice { 2 } else { 1 };
        found.push(slip);
    }
}

fn unopened(at: usize, end: &str, begin: &str) -> Finding<usize> {
    let message =
        format!("« {end} » part tel quel : il manque « {begin} » devant, ou ce signe est en trop");
    Finding { at, message }
}

/// A value before a brace, if there are too few braces.
fn value(
    source: &str,
    before: Range<usize>,
    closed: bool,
    is_value: &impl Fn(&str) -> bool,
) -> Option<Finding<usize>> {
    let of_name = |it: char| it.is_alphanumeric() || "_.| ".contains(it);
    let text = &source[before.clone()];
    let near = text.char_indices().rev().take(LONGEST);
    let begin = near
        .take_while(|(_, it)| of_name(*it))
        .last()
        .map_or(before.end, |(begin, _)| before.start + begin);
    let opened = source[before.start..begin].ends_with('{');
    let whole = &source[begin..before.end];
    // Other words may precede it.
    let own = last_value(whole, is_value).filter(|_| !opened);
    let begin = begin + own.unwrap_or_default();
    let name = source[begin..before.end].trim();
    let root = name.split(['.', '|', ' ']).next().unwrap_or_default();
    if !is_value(root) {
        return None;
    }
    let meant = format!("« {{{{ {name} }}}} »");
    let message = match (opened, closed) {
        (true, true) => {
            format!("une valeur s'écrit entre deux accolades de chaque côté : {meant}")
        }
        (true, false) => {
            format!("« {{{name}}} » part tel quel : une valeur s'écrit {meant}")
        }
        (false, true) => format!("« {name} » part tel quel : il manque « {{{{ » devant"),
        (false, false) => return None,
    };
    let at = if opened { begin - 1 } else { begin };
    Some(Finding { at, message })
}

/// Where the last value that extends to the end of a text begins; its filters belong to it.
fn last_value(text: &str, is_value: &impl Fn(&str) -> bool) -> Option<usize> {
    let starts = text.char_indices().filter(|(at, it)| {
        !it.is_whitespace() && (*at == 0 || text[..*at].ends_with(char::is_whitespace))
    });
    let mut values = starts.filter(|(at, _)| {
        let own = &text[*at..];
        let path = own.find(|it: char| it.is_whitespace() || it == '|');
        let (path, rest) = own.split_at(path.unwrap_or(own.len()));
        let filtered = rest.trim().is_empty() || rest.trim_start().starts_with('|');
        filtered && is_value(path.split('.').next().unwrap_or_default())
    });
    values.next_back().map(|(at, _)| at)
}

/// An instruction opened by a brace alone, before its end.
fn instruction(source: &str, before: Range<usize>) -> Option<Finding<usize>> {
    let line = source[before.clone()].rsplit('\n').next()?;
    let open = line.rfind('{')?;
    let own = line[open + 1..].trim();
    let apart = own.starts_with('%');
    let own = own.trim_start_matches('%').trim_start();
    let word = own.split(|it: char| !it.is_alphanumeric()).next()?;
    let at = before.end - line.len() + open;
    let meant = format!("« {{% {own} %}} »");
    let what = if apart {
        "« {% » s'écrit sans espace"
    } else {
        "il manque « % » derrière cette accolade"
    };
    tags::INSTRUCTIONS.contains(&word).then(|| Finding {
        at,
        message: format!("{what} : écrivez {meant}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn found(text: &str) -> Vec<(usize, String)> {
        let strays = strays(text, |root| ["bien", "priorite"].contains(&root));
        strays.into_iter().map(|it| (it.at, it.message)).collect()
    }

    #[rstest]
    #[case("a {{ bien }} {# { bien }} #} {% raw %}{ bien }}{% endraw %} {{ '{ bien }}' }}")]
    #[case("@media print { a { color: {{ bien }} }} {a {b}} td { width: {{ bien }}%}")]
    #[case("{\"a\": {\"b\": \"{{ bien }}\"}} .a { {% if bien %}b{% endif %} }}")]
    #[case("{ y } bien } { le bien }")]
    fn unrelated_braces_are_not_reported(#[case] text: &str) {
        assert_eq!(found(text), []);
    }

    #[rstest]
    #[case("é { bien.libelle }}", 3, "entre deux accolades")]
    #[case("a {priorite}", 2, "« {priorite} » part tel quel")]
    #[case("a { bien.libelle | upper } b", 2, "« {{ bien.libelle | upper }} »")]
    #[case("a (bien.code }} b", 3, "il manque « {{ »")]
    fn a_value_with_too_few_braces_is_found(
        #[case] text: &str,
        #[case] at: usize,
        #[case] words: &str,
    ) {
        let found = found(text);
        assert!(
            found.len() == 1 && found[0].0 == at && found[0].1.contains(words),
            "{found:?}"
        );
    }
}
