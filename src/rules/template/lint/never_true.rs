//! Comparisons in templates that are never true, or not for the intended reason: with letters that a filter has
//! changed, of a number with a string, or with a string used instead of a list.

use serde_json::Value;

use crate::rules::finding::Finding;
use crate::rules::pointless::{quoted_words, text_for_list};
use crate::rules::template::analysis::parts::Parts;
use crate::rules::template::filters::DATE_ISO;
use crate::rules::template::lint::calendar;
use crate::rules::template::lint::conditions;
use crate::rules::template::lint::date_comparisons;
use crate::rules::template::syntax::tokens::{self, Path, Word, is_whole, unquoted};
use crate::rules::view::sample::is_open;
use crate::rules::view::sample_context;

/// Operators that compare two values.
const COMPARING: [&str; 6] = ["==", "!=", "<", ">", "<=", ">="];

/// A pointless comparison.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::rules::template) struct Vain {
    /// Why it is pointless.
    pub why: Finding<usize>,
    /// The first name of the value concerned, if its meaning matters: an instruction may have redefined it.
    pub root: Option<String>,
}

/// Each of them in the templates, with the file.
pub(super) fn comparisons(parts: &Parts) -> Vec<(&str, Finding)> {
    let mut found = Vec::new();
    let sample = sample_context();
    for (file, source, words) in parts.tags() {
        let dates = date_comparisons::misread_dates(&words);
        for vain in vain_comparisons(source, &words, &sample)
            .into_iter()
            .chain(dates)
        {
            // Checked last because it reads all templates.
            if vain.root.is_none_or(|it| !parts.give(&it)) {
                found.push((file, vain.why.within(source)));
            }
        }
    }
    found
}

/// The pointless comparisons in a tag; `sample` has a value for each name.
pub(in crate::rules::template) fn vain_comparisons(
    source: &str,
    words: &[Word<'_>],
    sample: &Value,
) -> Vec<Vain> {
    let mut found = conditions::vain_conditions(source, words);
    for path in tokens::paths(words) {
        let vain = letters(words, &path)
            .or_else(|| calendar::misused_filter(source, words, &path))
            .or_else(|| list(words, &path))
            .or_else(|| number(words, &path, sample))
            .or_else(|| text_and_number(words, &path, sample))
            .or_else(|| order(words, &path));
        found.extend(vain.map(|why| Vain {
            why,
            root: Some(path.root().to_owned()),
        }));
    }
    found
}

/// A string with letters that the filter never leaves: `"Gaz" in description | lower`, `code | upper == "asc"`.
fn letters(words: &[Word<'_>], path: &Path) -> Option<Finding<usize>> {
    let [(_, "|"), (_, filter), ..] = words.get(path.end..)? else {
        return None;
    };
    let end = path.end + 2;
    let (at, text) = match (&words[..path.begin], &words[end..]) {
        (_, [(_, "==" | "!="), text, ..]) if is_whole(words, path.begin, end + 2) => *text,
        (
            [before @ .., text, (_, "not"), (_, "in")]
            | [before @ .., text, (_, "in" | "==" | "!=")],
            _,
        ) if is_whole(words, before.len(), end) => *text,
        _ => return None,
    };
    let word = unquoted(text)?;
    let (meant, only) = match *filter {
        "lower" => (word.to_lowercase(), "minuscules"),
        "upper" => (word.to_uppercase(), "majuscules"),
        _ => return None,
    };
    // Some letters change their length with their case.
    if meant == word || meant.chars().count() != word.chars().count() {
        return None;
    }
    let message = format!(
        "« {word} » ne s'y trouve jamais : « {filter} » ne laisse que des {only} ; écrivez « {meant} »"
    );
    Some(Finding::new(at, message))
}

/// The last name in the path of a text that its author writes freely.
const DESCRIPTION: &str = "description";

/// A string in which a value is searched for as in a list.
fn list(words: &[Word<'_>], path: &Path) -> Option<Finding<usize>> {
    let ((at, text), end) = match words.get(path.end..)? {
        [(_, "in"), text, ..] => (*text, path.end + 2),
        [(_, "not"), (_, "in"), text, ..] => (*text, path.end + 3),
        _ => return None,
    };
    let word = unquoted(text)?;
    let list = quoted_words(word);
    if path.text.rsplit('.').next() == Some(DESCRIPTION) && is_whole(words, path.begin, end) {
        let (shown, not) = (&path.text, if end == path.end + 3 { "not " } else { "" });
        let meant = if list.len() > 1 {
            let each: Vec<String> = list.iter().map(|it| format!("{it} in {shown}")).collect();
            format!("{not}({})", each.join(" or "))
        } else {
            format!("{text} {not}in {shown}")
        };
        let message = format!(
            "c'est la description entière qui est cherchée dans « {word} » : écrivez « {meant} »"
        );
        return Some(Finding::new(at, message));
    }
    let message = text_for_list(word)?;
    is_whole(words, path.begin, end).then_some(Finding::new(at, message))
}

/// A number compared with a string.
fn number(words: &[Word<'_>], path: &Path, sample: &Value) -> Option<Finding<usize>> {
    let (at, text, _) = other(words, path.begin, path.end)?;
    let word =
        unquoted(text).filter(|_| sample_value(sample, path).is_some_and(Value::is_number))?;
    let shown = &path.text;
    let message = match word.trim().parse::<u32>() {
        Ok(number) => format!("« {shown} » est un nombre : écrivez {number} sans guillemets"),
        Err(_) => format!("« {shown} » est un nombre, et jamais le texte « {word} »"),
    };
    Some(Finding::new(at, message))
}

/// Filters that return a string.
const OF_TEXT: [&str; 11] = [
    "heure",
    "date",
    DATE_ISO,
    "date_heure",
    "date_longue",
    "upper",
    "lower",
    "title",
    "capitalize",
    "trim",
    "string",
];

/// A string compared with a number: a value itself, or the result of its filters.
fn text_and_number(words: &[Word<'_>], path: &Path, sample: &Value) -> Option<Finding<usize>> {
    let mut end = path.end;
    let mut filter = None;
    while let [(_, "|"), (_, name), ..] = words[end..] {
        filter = Some(name);
        end += 2;
    }
    let is_text = match filter {
        Some(filter) => OF_TEXT.contains(&filter),
        None => sample_value(sample, path).is_some_and(Value::is_string),
    };
    let (at, number, _) = other(words, path.begin, end).filter(|_| is_text)?;
    let whole: u32 = number.parse().ok()?;
    let message = match filter {
        Some("heure") => {
            let instead = format!(
                " : écrivez « heure_de », qui est un nombre, {whole} de {whole:02}:00 à {whole:02}:59"
            );
            let instead = Some(instead).filter(|_| whole < 24).unwrap_or_default();
            format!("« heure » donne un texte, comme « 08:05 », et jamais un nombre{instead}")
        }
        Some(filter) => format!(
            "« {filter} » donne un texte, et jamais un nombre : écrivez \"{number}\", guillemets compris"
        ),
        None => format!(
            "« {} » est un texte, et jamais un nombre : écrivez \"{number}\", guillemets compris",
            path.text
        ),
    };
    Some(Finding::new(at, message))
}

/// Values whose words are ranked, but not alphabetically.
const UNORDERED: [&str; 5] = [
    "priorite",
    "signalement.priorite",
    "demande.priorite",
    "evenement.statut",
    "demande.statut",
];

/// Words compared by order, which only compares their letters.
fn order(words: &[Word<'_>], path: &Path) -> Option<Finding<usize>> {
    let (at, text, sign) = other(words, path.begin, path.end)?;
    let shown = &path.text;
    let name = match shown.strip_prefix("evenement.") {
        Some(name) if name.contains('.') => name,
        _ => shown,
    };
    let is_one = UNORDERED.contains(&name) && !["==", "!="].contains(&sign);
    // Levels that contain a digit do sort alphabetically.
    let is_numbered = |level: &str| level.contains(|sign: char| sign.is_ascii_digit());
    unquoted(text).filter(|it| is_one && !is_numbered(it))?;
    let message = format!(
        "« {sign} » ne connaît que l'ordre alphabétique des mots : écrivez « {shown} in [{text}, …] », avec tous les mots voulus"
    );
    Some(Finding::new(at, message))
}

/// The sample's value at a path; `None` if other values there may have a different type.
fn sample_value<'v>(sample: &'v Value, path: &Path) -> Option<&'v Value> {
    let mut value = sample;
    for name in path.text.split('.') {
        value = value.get(name).filter(|_| !is_open(name))?;
    }
    Some(value)
}

/// The single word that the words from `begin` up to `end` are compared with, on either side, with its byte offset and
/// the operator.
pub(super) fn other<'s>(
    words: &[Word<'s>],
    begin: usize,
    end: usize,
) -> Option<(usize, &'s str, &'s str)> {
    let compares = |it: &str| COMPARING.contains(&it);
    match (&words[..begin], words.get(end..)?) {
        (_, [(_, sign), (at, word), ..]) if compares(sign) && is_whole(words, begin, end + 2) => {
            Some((*at, *word, *sign))
        }
        ([before @ .., (at, word), (_, sign)], _)
            if compares(sign) && is_whole(words, before.len(), end) =>
        {
            Some((*at, *word, *sign))
        }
        _ => None,
    }
}
