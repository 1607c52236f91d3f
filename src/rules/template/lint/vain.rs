//! Comparisons of a template that hold never, or for another reason than was meant: of letters that a filter has changed,
//! of a number with a text, and with a text in the place of a list.

use minijinja::Environment;
use serde_json::Value;

use super::known::{Parts, is_whole, unquoted};
use super::tokens::{self, Path};
use crate::rules::diagnostic::{Diagnostic, code};
use crate::rules::place::place_of;
use crate::rules::view::sample_context;

/// What compares two values.
const COMPARING: [&str; 6] = ["==", "!=", "<", ">", "<=", ">="];
/// What parts the words of a text that was meant as a list.
const BETWEEN: [char; 3] = [',', ';', '|'];

/// Points out each.
pub(in crate::rules::template) fn note(
    environment: &Environment<'static>,
    faults: &mut Vec<Diagnostic>,
) {
    let parts = Parts::of(environment);
    let sample = sample_context();
    for (file, source, words) in parts.tags() {
        for path in tokens::paths(&words) {
            let found = letters(&words, &path)
                .or_else(|| list(&words, &path))
                .or_else(|| number(&words, &path, &sample));
            let Some((at, message)) = found else {
                continue;
            };
            // Asked last: it reads all templates.
            if parts.give(path.root()) {
                continue;
            }
            let (line, column) = place_of(source, at);
            let remark = Diagnostic::at(code::TEMPLATE, file, line, column, message);
            faults.push(remark.as_warning());
        }
    }
}

/// A text with letters that the filter leaves none of: `"Gaz" in description | lower`, `code | upper == "asc"`.
fn letters(words: &[(usize, &str)], path: &Path) -> Option<(usize, String)> {
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
    // Some letters have no such other.
    if meant == word || meant.chars().count() != word.chars().count() {
        return None;
    }
    let message = format!(
        "« {word} » ne s'y trouve jamais : « {filter} » ne laisse que des {only} ; écrivez « {meant} »"
    );
    Some((at, message))
}

/// A text in which a value is sought as in a list.
fn list(words: &[(usize, &str)], path: &Path) -> Option<(usize, String)> {
    let ((at, text), end) = match words.get(path.end..)? {
        [(_, "in"), text, ..] => (*text, path.end + 2),
        [(_, "not"), (_, "in"), text, ..] => (*text, path.end + 3),
        _ => return None,
    };
    let text = unquoted(text).filter(|it| it.contains(BETWEEN))?;
    let list = text.split(BETWEEN).map(str::trim);
    let list: Vec<String> = list
        .filter(|it| !it.is_empty())
        .map(|it| format!("\"{it}\""))
        .collect();
    let message = format!(
        "« {text} » est un seul texte, où la valeur est cherchée n'importe où : une liste s'écrit « [{}] »",
        list.join(", ")
    );
    is_whole(words, path.begin, end).then_some((at, message))
}

/// A number that is compared with a text.
fn number(words: &[(usize, &str)], path: &Path, sample: &Value) -> Option<(usize, String)> {
    let mut value = sample;
    for name in path.text.split('.') {
        value = value.get(name)?;
    }
    let compares = |it: &str| COMPARING.contains(&it);
    let (at, text) = match (&words[..path.begin], words.get(path.end..)?) {
        (_, [(_, sign), text, ..])
            if compares(sign) && is_whole(words, path.begin, path.end + 2) =>
        {
            *text
        }
        ([before @ .., text, (_, sign)], _)
            if compares(sign) && is_whole(words, before.len(), path.end) =>
        {
            *text
        }
        _ => return None,
    };
    let word = unquoted(text).filter(|_| value.is_number())?;
    let shown = &path.text;
    let message = match word.trim().parse::<u32>() {
        Ok(number) => format!("« {shown} » est un nombre : écrivez {number} sans guillemets"),
        Err(_) => format!("« {shown} » est un nombre, et jamais le texte « {word} »"),
    };
    Some((at, message))
}
