//! Dates cut into parts or compared with the wrong format: SoWell's dates are strings that begin with the year and have
//! the hour of the sender's time zone.

use chrono::NaiveDate;

use crate::rules::calendar::{HEURE_DE, MONTHS, day_first};
use crate::rules::compared::turned;
use crate::rules::date_text::{DateText, Impossible, Precision, judge, of_numbers, without_end};
use crate::rules::finding::Finding;
use crate::rules::pointless::{self, HOUR_OF_THE_SENDER};
use crate::rules::template::filters::{self, DATE_ISO};
use crate::rules::template::lint::never_true::{Vain, other};
use crate::rules::template::lint::raw_dates::DATE;
use crate::rules::template::syntax::tokens::{self, Path, Word, unquoted};

/// Filters that print the day first.
const DAY_FIRST: [&str; 3] = ["date", "date_heure", "date_longue"];

/// Every such date in a tag.
pub(super) fn misread_dates(words: &[Word<'_>]) -> Vec<Vain> {
    let paths = tokens::paths(words).into_iter();
    let found = paths.filter_map(|path| {
        let is_date = path.text.rsplit('.').next() == Some(DATE);
        let found = cut(words, &path)
            .or_else(|| without_quotes(words, &path))
            .or_else(|| compared(words, &path))
            .filter(|_| is_date);
        found.map(|why| Vain {
            why,
            root: Some(path.root().to_owned()),
        })
    });
    found.collect()
}

/// The hour cut out of a date's text: `signalement.date_creation[11:16]`.
fn cut(words: &[Word<'_>], path: &Path) -> Option<Finding<usize>> {
    let [(_, "["), (_, "11"), (_, ":"), (_, end), (_, "]"), ..] = words.get(path.end..)? else {
        return None;
    };
    let shown = &path.text;
    let instead = match *end {
        "13" => format!("« {shown} | {HEURE_DE} », qui est un nombre de 0 à 23"),
        "16" => format!("« {shown} | heure »"),
        _ => return None,
    };
    let message = format!("{HOUR_OF_THE_SENDER} : écrivez {instead}");
    Some(Finding::new(path.at, message))
}

/// A date, or the result of a filter on it, compared with a string in a different format.
fn compared(words: &[Word<'_>], path: &Path) -> Option<Finding<usize>> {
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
        None => as_written(shown, text, if at < path.at { turned(sign) } else { sign })?,
        Some(DATE_ISO) => {
            let why = why_unlike(text, is_order)?;
            format!("{why} : écrivez \"{}\"", as_day(text)?)
        }
        Some("date") if !is_order => {
            let day: NaiveDate = as_day(text)?.parse().ok()?;
            let meant = day.format("%d/%m/%Y").to_string();
            if meant == text {
                return None;
            }
            format!("« date » donne la date sous la forme \"31/01/2026\" : écrivez \"{meant}\"")
        }
        Some("date_longue") if !is_order => {
            let meant = long_date(text)?;
            format!("« date_longue » commence par le jour de la semaine : écrivez \"{meant}\"")
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
                "« {filter} » met le jour avant le mois, et l'ordre de tels textes n'est pas celui des dates : écrivez « {shown} | {DATE_ISO} », à comparer avec \"{date}\""
            )
        }
        Some(_) => return None,
    };
    Some(Finding::new(at, message))
}

/// What is wrong with comparing a date as SoWell writes it with this text.
fn as_written(shown: &str, text: &str, sign: &str) -> Option<String> {
    let why = match judge(text) {
        // A day is before all instants of that day, so « until that day » leaves it out.
        DateText::Right(Precision::Day) if ["==", "!=", "<="].contains(&sign) => {
            format!("« {shown} » contient aussi l'heure")
        }
        _ => why_unlike(text, !["==", "!="].contains(&sign))?,
    };
    let date = as_day(text)?;
    Some(format!(
        "{why} : écrivez « {shown} | {DATE_ISO} », à comparer avec \"{date}\""
    ))
}

/// Why a text is not the date that it looks like; `None` if it is right, or not a date. As a bound, a day after the
/// last of a month works.
fn why_unlike(text: &str, is_order: bool) -> Option<String> {
    match judge(text) {
        DateText::DayFirst(_) => Some(pointless::DAY_FIRST.to_owned()),
        DateText::Unlike(_) => Some(pointless::NOT_AS_SOWELL_WRITES.to_owned()),
        DateText::Impossible(Impossible { is_month, why, .. }) if is_month || !is_order => {
            Some(why)
        }
        _ => None,
    }
}

/// The day that a text stands for, as `2026-12-31`; `None` if it is no day, or has a time.
fn as_day(text: &str) -> Option<String> {
    let date = match judge(text) {
        DateText::Right(Precision::Day) => without_end(text).to_owned(),
        DateText::Unlike(date) | DateText::DayFirst(date) => date,
        DateText::Impossible(Impossible { meant, .. }) => meant?,
        _ => return None,
    };
    (date.len() == "2026-12-31".len()).then_some(date)
}

/// A date without the day of the week, such as « 1er décembre 2026 », as `date_longue` writes it.
fn long_date(text: &str) -> Option<String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let [day, month, year] = words.as_slice() else {
        return None;
    };
    let day = day.trim_end_matches("er").parse().ok()?;
    let month = month.to_lowercase();
    let month = (1..).zip(MONTHS).find(|(_, it)| *it == month)?.0;
    let date = NaiveDate::from_ymd_opt(year.parse().ok()?, month, day)?;
    filters::long_date(&format!("{date}T12:00:00Z")).ok()
}

/// A date compared with three numbers, which are subtracted or divided: `signalement.date_creation >= 2026-12-01`.
fn without_quotes(words: &[Word<'_>], path: &Path) -> Option<Finding<usize>> {
    let [(_, "==" | "!=" | "<" | "<=" | ">" | ">="), number @ ..] = words.get(path.end..)? else {
        return None;
    };
    let [
        (at, first),
        (_, one @ ("-" | "/")),
        (_, second),
        (_, other),
        (_, third),
        rest @ ..,
    ] = number
    else {
        return None;
    };
    let ends = rest
        .first()
        .is_none_or(|(_, it)| ["and", "or", ")"].contains(it));
    if one != other || !ends {
        return None;
    }
    let [first, second, third] = [first, second, third].map(|it| it.parse().ok());
    let date = of_numbers([first?, second?, third?])?;
    let shown = &path.text;
    Some(Finding::new(
        *at,
        format!(
            "une date sans guillemets est un calcul : écrivez « {shown} | {DATE_ISO} », à comparer avec \"{date}\", guillemets compris"
        ),
    ))
}
