//! Phrases from other languages, or from French, and what templates have instead.

use crate::rules::compared::whole_numbers;
use crate::rules::finding::Finding;
use crate::rules::template::syntax::names;
use crate::rules::template::syntax::tags::Tag;
use crate::rules::template::syntax::tokens::unquoted;

/// What was meant by the last of these words, at which the parser gave up.
pub(in crate::rules::template) fn meant_by(
    source: &str,
    tag: &Tag<'_>,
    words: &[(usize, &str)],
) -> Option<Finding<usize>> {
    match words {
        [.., (at, word @ ("contient" | "contains"))] => Some(Finding {
            at: *at,
            message: format!(
                "« {word} » n'existe pas : écrivez « … in … », le texte cherché d'abord"
            ),
        }),
        [.., (at, "is"), (_, "not"), (_, text)] if unquoted(text).is_some() => Some(Finding {
            at: *at,
            message: format!("« is not {text} » s'écrit « != {text} »"),
        }),
        [.., (at, "is"), (_, text)] if unquoted(text).is_some() => Some(Finding {
            at: *at,
            message: format!("« is {text} » s'écrit « == {text} »"),
        }),
        [.., (at, "?")] => choice(source, tag, *at),
        [.., (_, "not"), (_, "in"), (at, whole), (_, ",")] if is_digits(whole) => {
            numbers(source, *at, "not in")
        }
        [
            ..,
            (_, before @ ("in" | "==" | "!=")),
            (at, whole),
            (_, ","),
        ] if is_digits(whole) => numbers(source, *at, before),
        [.., (at, whole), (sign, between @ ("," | ":"))]
            if is_digits(whole) && at + whole.len() == *sign =>
        {
            number(source, *at, whole, between)
        }
        [.., (at, word)] if hour(word).is_some() => {
            let message = hour(word)?;
            Some(Finding { at: *at, message })
        }
        [.., (_, "|"), filter, (colon, ":")] => filter_with_colon(source, tag, *filter, *colon),
        _ => None,
    }
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|it| it.is_ascii_digit())
}

/// Several numbers where there should be one, as in `in 11,12`: `before` is the operator before the first one, which
/// begins at `at`.
fn numbers(source: &str, at: usize, before: &str) -> Option<Finding<usize>> {
    let list = whole_numbers(source.get(at..)?)?.join(", ");
    let meant = if ["!=", "not in"].contains(&before) {
        "not in"
    } else {
        "in"
    };
    let message = format!(
        "« {before} » ne va qu'avec une valeur : pour plusieurs nombres, écrivez « {meant} [{list}] »"
    );
    Some(Finding { at, message })
}

/// A number with a decimal comma, or an hour with minutes: `2,5`, `18:30`.
fn number(source: &str, at: usize, whole: &str, between: &str) -> Option<Finding<usize>> {
    let rest = source.get(at + whole.len() + 1..)?;
    let end = rest.find(|it: char| !it.is_ascii_digit());
    let part = &rest[..end.unwrap_or(rest.len())];
    if part.is_empty() {
        return None;
    }
    let message = if between == "," {
        format!("« {whole},{part} » s'écrit avec un point : écrivez {whole}.{part}")
    } else {
        with_minutes(whole, part)?
    };
    Some(Finding { at, message })
}

/// What to write instead of an hour such as `18h` or `18h30`.
fn hour(word: &str) -> Option<String> {
    let (whole, part) = word.split_once(['h', 'H'])?;
    let hour: u32 = whole.parse().ok().filter(|it| *it < 24)?;
    if part.is_empty() {
        return Some(format!("une heure s'écrit sans « h » : écrivez {hour}"));
    }
    with_minutes(whole, part)
}

/// The message for an hour with minutes.
fn with_minutes(hour: &str, minutes: &str) -> Option<String> {
    let is_time = is_digits(hour) && is_digits(minutes) && hour.len() < 3 && minutes.len() == 2;
    is_time.then(|| {
        format!(
            "une heure avec ses minutes est un texte : écrivez \"{hour:0>2}:{minutes}\", guillemets compris, à comparer avec « signalement.date_creation | heure »"
        )
    })
}

/// Words for « nothing » in French or other languages.
const NOTHING: [&str; 9] = [
    "vide", "vides", "absent", "absente", "none", "null", "nul", "nulle", "rien",
];

/// A French negation, whose apostrophe would begin a string.
pub(in crate::rules::template) fn negation(source: &str, tag: &Tag<'_>) -> Option<Finding<usize>> {
    let line = source[tag.begin..].lines().next()?;
    let line = &line[..line.find("%}").or(line.find("}}")).unwrap_or(line.len())];
    let found = ["n'est pas ", "n\u{2019}est pas "]
        .into_iter()
        .find_map(|it| Some((line.find(&format!(" {it}"))? + 1, it)));
    let (at, said) = found?;
    if tag.texts.iter().any(|it| it.contains(&(tag.begin + at))) {
        return None;
    }
    let value = line[..at].split_whitespace().next_back()?;
    let other = line[at + said.len()..].trim_start();
    let is_text = other.starts_with(['"', '\'']);
    let word = other.split(|it: char| !it.is_alphanumeric()).next()?;
    let message = match word.to_lowercase().as_str() {
        it if NOTHING.contains(&it) => {
            format!("« {value} {said}{word} » s'écrit « {value} », sans rien derrière")
        }
        "defini" | "défini" | "définie" | "defined" => {
            format!("« {said}{word} » s'écrit « is not defined »")
        }
        _ if is_text || !word.is_empty() => format!("« {said}… » s'écrit « != … »"),
        _ => return None,
    };
    let at = tag.begin + at;
    Some(Finding { at, message })
}

/// A choice between two values, written as in other languages.
fn choice(source: &str, tag: &Tag<'_>, at: usize) -> Option<Finding<usize>> {
    let begin = tag.begin + tag.open.len();
    let end = tag.end? - 2;
    let (condition, rest) = (source.get(begin..at)?, source.get(at + 1..end)?);
    let in_text = |it: usize| tag.texts.iter().any(|text| text.contains(&(at + 1 + it)));
    let mut colons = rest.match_indices(':').map(|(it, _)| it);
    let colon = colons.find(|it| !in_text(*it))?;
    let trimmed = |it: &str| it.trim_matches(['-', '+']).trim().to_owned();
    let [condition, yes, no] = [condition, &rest[..colon], &rest[colon + 1..]].map(trimmed);
    let message =
        format!("« … ? … : … » n'existe pas : écrivez « {yes} if {condition} else {no} »");
    (tag.open == "{{").then_some(Finding { at, message })
}

/// A filter with its argument after a colon, as in other template languages.
fn filter_with_colon(
    source: &str,
    tag: &Tag<'_>,
    (at, filter): (usize, &str),
    colon: usize,
) -> Option<Finding<usize>> {
    let rest = source.get(colon + 1..tag.end? - 2)?;
    let given = rest.split('|').next()?.trim_matches(['-', '+']).trim();
    let known = names::filters().any(|it| it == filter);
    let message = if names::DATES.contains(&filter) {
        let dates = names::DATES.join(", ");
        format!(
            "« {filter} » s'écrit seul, sans « :{given} » : la forme d'une date se choisit par le filtre ({dates})"
        )
    } else if known {
        format!("« {filter}:{given} » s'écrit « {filter}({given}) »")
    } else {
        let instead = names::instead_of_filter(filter);
        format!("filtre inconnu « {filter} »{instead}")
    };
    Some(Finding { at, message })
}
