//! The calendar of the landlord's country, in which scripts and templates read SoWell's dates: the hour, day and month
//! of an instant. It reads no clock: the same date always gives the same answer.

use chrono::{DateTime, Datelike, Timelike};
use chrono_tz::Europe::Paris;
use chrono_tz::Tz;

use crate::domain::instant;
use crate::rules::diagnostic::nearest;

/// The days of the week, starting with Monday.
pub const DAYS: [&str; 7] = [
    "lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche",
];

/// The months of the year.
pub const MONTHS: [&str; 12] = [
    "janvier",
    "février",
    "mars",
    "avril",
    "mai",
    "juin",
    "juillet",
    "août",
    "septembre",
    "octobre",
    "novembre",
    "décembre",
];

/// The script function, and filter, for [`hour`].
pub const HEURE_DE: &str = "heure_de";
/// The script function, and filter, for [`weekday`].
pub const JOUR_DE_SEMAINE: &str = "jour_de_semaine";
/// The script function, and filter, for [`month`].
pub const MOIS_DE: &str = "mois_de";

/// Parses an ISO 8601 instant and converts it to Paris time; `None` for any other text.
#[must_use]
pub fn in_paris(text: &str) -> Option<DateTime<Tz>> {
    instant::parse(text).map(|it| it.with_timezone(&Paris))
}

/// The whole hour, from 0 to 23: 20 from 20:00 until 20:59.
#[must_use]
pub fn hour(at: &DateTime<Tz>) -> i64 {
    i64::from(at.hour())
}

/// The day of the week, in French.
#[must_use]
pub fn weekday(at: &DateTime<Tz>) -> &'static str {
    DAYS[at.weekday().num_days_from_monday() as usize]
}

/// The month, from 1 to 12.
#[must_use]
pub fn month(at: &DateTime<Tz>) -> i64 {
    i64::from(at.month())
}

/// What is wrong with a word that a weekday is compared with, in French; `None` if it is a weekday.
#[must_use]
pub fn no_day(word: &str) -> Option<String> {
    if DAYS.contains(&word) {
        return None;
    }
    let lower = word.trim().to_lowercase();
    let near = DAYS.into_iter().find(|it| *it == lower);
    let meant = match near.or_else(|| nearest(&lower, DAYS)) {
        Some(near) => format!("écrivez « {near} »"),
        None => format!("il donne « {} »", DAYS.join(" », « ")),
    };
    Some(format!(
        "« {JOUR_DE_SEMAINE} » ne donne jamais « {word} » : {meant}"
    ))
}

/// Rewrites a date written day first as SoWell writes dates: « 24/12/2026 » as « 2026-12-24 ».
#[must_use]
pub fn day_first(text: &str) -> Option<String> {
    let parts: Vec<&str> = text.split(['/', '-', '.']).collect();
    let [day, month, year] = parts.as_slice() else {
        return None;
    };
    let number = |text: &str| !text.is_empty() && text.chars().all(|sign| sign.is_ascii_digit());
    (number(day)
        && number(month)
        && number(year)
        && day.len() < 3
        && month.len() < 3
        && year.len() == 4)
        .then(|| format!("{year}-{month:0>2}-{day:0>2}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("2026-01-15T19:30:00Z", (20, "jeudi", 1))]
    #[case("2026-01-15T23:30:00Z", (0, "vendredi", 1))]
    #[case("2026-01-15T23:30:00+01:00", (23, "jeudi", 1))]
    #[case("2026-07-31T22:00:00Z", (0, "samedi", 8))]
    #[case("2026-12-31T23:30:00Z", (0, "vendredi", 1))]
    // The hour that occurs twice, and the one that is skipped.
    #[case("2026-10-25T00:30:00Z", (2, "dimanche", 10))]
    #[case("2026-10-25T01:30:00Z", (2, "dimanche", 10))]
    #[case("2026-03-29T01:00:00Z", (3, "dimanche", 3))]
    #[case("20260115T2030+0100", (20, "jeudi", 1))]
    fn an_instant_is_read_in_paris_time(#[case] text: &str, #[case] wanted: (i64, &str, i64)) {
        let at = in_paris(text).unwrap();
        assert_eq!((hour(&at), weekday(&at), month(&at)), wanted);
    }

    #[test]
    fn a_text_that_is_not_an_instant_has_no_hour() {
        assert_eq!(in_paris("hier"), None);
        assert_eq!(in_paris("2026-01-15"), None);
    }
}
