//! Hours in French: « à partir de 20 h », « entre 20 h et 7 h ».

use std::collections::BTreeSet;

use super::{MINUTE, Moment, listed};

/// Number of hours of a day.
const HOURS: u32 = 24;

/// Whether a text is a time to the minute, or begins or ends with one: `20:15`, `T20:15:00`.
pub(super) fn has_minutes(text: &str) -> bool {
    let parts: Vec<&str> = text.split(':').collect();
    let is_digit = |it: char| it.is_ascii_digit();
    parts.windows(2).any(|pair| {
        let (hour, minute) = (pair[0], pair[1]);
        hour.ends_with(is_digit) && minute.get(..2).is_some_and(|it| it.chars().all(is_digit))
    })
}

/// Hours, some of which may not have been `tried`: these count like those around them. `at` is when it happens.
///
/// Each hour was tried at its half. « à partir de 20 h » is only said if 19:30 was tried as well, and if rules do not
/// distinguish minutes; otherwise the times are those tried: « entre 20:30 et 6:30 ».
pub(super) fn in_hours(hours: &BTreeSet<u32>, tried: &BTreeSet<u32>, at: &[Moment]) -> String {
    let to_the_minute = at.iter().any(|it| it.to_the_minute);
    let tried: Vec<u32> = tried.iter().copied().collect();
    let has = |at: usize| hours.contains(&tried[at % tried.len()]);
    let begins = (0..tried.len()).filter(|at| has(*at) && !has(at + tried.len() - 1));
    let runs = begins.map(|from| {
        let length = (1..tried.len()).take_while(|more| has(from + more));
        let to = tried[(from + length.count()) % tried.len()];
        let from = tried[from];
        let begins_there = from.checked_sub(1).is_none_or(|it| tried.contains(&it));
        let ends_there = to + 1 == HOURS || tried.contains(&(to + 1));
        let is_exact = begins_there && ends_there;
        if is_exact && !to_the_minute {
            of_whole_hours(from, to)
        } else if to == from {
            format!("à {from}:{MINUTE}")
        } else {
            format!("entre {from}:{MINUTE} et {to}:{MINUTE}")
        }
    });
    listed(&runs.collect::<Vec<_>>(), "ou")
}

/// From the beginning of one hour to the end of another, perhaps across midnight.
fn of_whole_hours(from: u32, to: u32) -> String {
    match (from, to + 1) {
        (0, end) => format!("avant {end} h"),
        (from, HOURS) => format!("à partir de {from} h"),
        (from, end) => format!("entre {from} h et {end} h"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Series, all};
    use super::*;
    use crate::rules::written::Written;
    use rstest::rstest;

    fn told(hours: &[u32], tried: &[u32], texts: &[&str]) -> String {
        let written = Written {
            texts: texts.iter().map(|it| (*it).to_owned()).collect(),
            ..Written::default()
        };
        let at: Vec<Moment> = all(&written)
            .into_iter()
            .filter(|it| it.series == Series::Hours && hours.contains(&it.hour))
            .collect();
        let [hours, tried] = [hours, tried].map(|it| it.iter().copied().collect());
        in_hours(&hours, &tried, &at)
    }

    const NEAR_20: [u32; 6] = [0, 10, 19, 20, 21, 23];

    #[rstest]
    #[case(&[20, 21, 23], &NEAR_20, "à partir de 20 h")]
    #[case(&[0, 10, 19], &NEAR_20, "avant 20 h")]
    #[case(&[20], &NEAR_20, "entre 20 h et 21 h")]
    #[case(&[23], &[0, 22, 23], "à partir de 23 h")]
    #[case(&[0], &[0, 1, 23], "avant 1 h")]
    #[case(&[0, 1, 20, 23], &[0, 1, 2, 19, 20, 23], "entre 20 h et 2 h")]
    #[case(&[1, 20], &[0, 1, 2, 19, 20, 21], "entre 1 h et 2 h ou entre 20 h et 21 h")]
    // The hour before or after was not tried.
    #[case(&[23], &[10, 23], "à 23:30")]
    #[case(&[20, 21], &[10, 20, 21, 22], "entre 20:30 et 21:30")]
    #[case(&[20, 21], &[10, 19, 20, 21, 23], "entre 20:30 et 21:30")]
    // A day ends at midnight.
    #[case(&[20, 21, 23], &[3, 10, 19, 20, 21, 23], "à partir de 20 h")]
    fn whole_hours_are_told_if_their_neighbours_were_tried(
        #[case] hours: &[u32],
        #[case] tried: &[u32],
        #[case] wanted: &str,
    ) {
        assert_eq!(told(hours, tried, &["20", "gaz"]), wanted);
    }

    #[rstest]
    #[case("20:15", true)]
    #[case("T20:15", true)]
    #[case("2026-12-21T18:00:00+01:00", true)]
    #[case("Objet: 12", false)]
    #[case("Étage 3:", false)]
    #[case("à 20 h : appelez", false)]
    #[case("20", false)]
    fn times_to_the_minute_are_told_as_tried(#[case] text: &str, #[case] is_exact: bool) {
        assert_eq!(has_minutes(text), is_exact);
        let wanted = if is_exact {
            "entre 20:30 et 23:30"
        } else {
            "à partir de 20 h"
        };
        assert_eq!(told(&[20, 21, 23], &NEAR_20, &[text]), wanted);
    }
}
