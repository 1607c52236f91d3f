//! Dates cut into parts or compared with the wrong format: SoWell's dates are strings that begin with the year and have
//! the hour of the sender's time zone.

use crate::rules::calendar::{HEURE_DE, day_first};
use crate::rules::template::lint::never_true::{Vain, other};
use crate::rules::template::syntax::tokens::{self, Path, Word, unquoted};

/// The last name in the path of a signalement's date.
const DATE: &str = "date_creation";
/// Filters that print the day first.
const DAY_FIRST: [&str; 3] = ["date", "date_heure", "date_longue"];

/// Every such date in a tag.
pub(super) fn misread_dates(words: &[Word<'_>]) -> Vec<Vain> {
    let paths = tokens::paths(words).into_iter();
    let found = paths.filter_map(|path| {
        let is_date = path.text.rsplit('.').next() == Some(DATE);
        let found = cut(words, &path)
            .or_else(|| compared(words, &path))
            .filter(|_| is_date);
        found.map(|(at, message)| Vain {
            at,
            message,
            root: Some(path.root().to_owned()),
        })
    });
    found.collect()
}

/// The hour cut out of a date's text: `signalement.date_creation[11:16]`.
fn cut(words: &[Word<'_>], path: &Path) -> Option<(usize, String)> {
    let [(_, "["), (_, "11"), (_, ":"), (_, end), (_, "]"), ..] = words.get(path.end..)? else {
        return None;
    };
    let shown = &path.text;
    let instead = match *end {
        "13" => format!("« {shown} | {HEURE_DE} », qui est un nombre de 0 à 23"),
        "16" => format!("« {shown} | heure »"),
        _ => return None,
    };
    let message = format!(
        "c'est l'heure du fuseau où SoWell a écrit la date, pas toujours celle de Paris : écrivez {instead}"
    );
    Some((path.at, message))
}

/// A date, or the result of a filter on it, compared with a string in a different format.
fn compared(words: &[Word<'_>], path: &Path) -> Option<(usize, String)> {
    let shown = &path.text;
    let filter = match words.get(path.end..)? {
        [(_, "|"), (_, filter), ..] => Some(*filter),
        _ => None,
    };
    let end = path.end + if filter.is_some() { 2 } else { 0 };
    let (at, text, sign) = other(words, path.begin, end)?;
    let text = unquoted(text)?;
    let is_order = !["==", "!="].contains(&sign);
    let message = match filter {
        None => {
            let date = day_first(text)?;
            format!(
                "une date de SoWell commence par l'année : écrivez « {shown}[:10] », à comparer avec \"{date}\""
            )
        }
        Some("heure") => {
            let (hour, rest) = text.split_once(':')?;
            let digits = |text: &str| text.chars().all(|sign| sign.is_ascii_digit());
            if hour.len() != 1 || rest.len() != 2 || !digits(hour) || !digits(rest) {
                return None;
            }
            format!("« heure » écrit toujours l'heure sur deux chiffres : écrivez \"0{text}\"")
        }
        Some(filter) if is_order && DAY_FIRST.contains(&filter) => {
            let date = day_first(text).unwrap_or_else(|| "2026-01-31".to_owned());
            format!(
                "« {filter} » met le jour avant le mois, et l'ordre de tels textes n'est pas celui des dates : écrivez « {shown}[:10] », à comparer avec \"{date}\""
            )
        }
        Some(_) => return None,
    };
    Some((at, message))
}
