//! The dates that are tried if rules read dates: each hour, each month, the hours of a month, both ways of writing
//! an instant, and the dates written out in the rules with the days beside them.

mod dates;
mod hours;
mod months;
mod periods;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Datelike, NaiveDate};

use dates::WrittenDate;
use hours::in_hours;
use months::Months;

use crate::rules::calendar::{DAYS, HEURE_DE, JOUR_DE_SEMAINE, MOIS_DE, MONTHS};
use crate::rules::written::Written;

/// The functions and filters that return the day of the week.
pub(super) const OF_WEEKDAYS: [&str; 2] = [JOUR_DE_SEMAINE, "date_longue"];
/// The days whose hours are tried if rules do not read the day of the week: Wednesday and Sunday.
const TWO_DAYS: [usize; 2] = [2, 6];
/// The functions that return the hour; so can a part of the text.
const OF_HOURS: [&str; 2] = [HEURE_DE, "sub_string"];
/// The functions that return the month.
const OF_MONTHS: [&str; 2] = [MOIS_DE, "sub_string"];
/// The position and the length of the hour in the text of a date.
pub(super) const HOUR_IN_TEXT: (i64, i64) = (11, 2);
/// The position and the length of the month in the text of a date.
pub(super) const MONTH_IN_TEXT: (i64, i64) = (5, 2);
/// The hours of a month that are tried if rules do not distinguish hours.
const TWICE_A_DAY: [u32; 2] = [10, 23];
/// An hour of the night.
const AT_NIGHT: u32 = 3;
/// The minute used for each hour.
const MINUTE: u32 = 30;

/// The condition if the dates have nothing in common.
pub(super) const ANOTHER: &str = "à une autre date";

/// The reason for trying a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Series {
    /// For its hour and its day of the week.
    Hours,
    /// For its day of the week only.
    Days,
    /// For its month: twice a day, or at each hour that the rules distinguish.
    Months,
    /// For its month and its day of the week.
    DaysOfMonths,
    /// For its time zone.
    Universal,
    /// Because it is written out in the rules.
    Named,
    /// Because it is next to such a date, or long before or after all of them.
    Beside,
}

/// A date that is tried.
#[derive(Debug, Clone)]
pub(super) struct Moment {
    /// The date as SoWell would write it.
    pub(super) text: String,
    pub(super) hour: u32,
    /// Index into [`DAYS`].
    pub(super) weekday: usize,
    date: NaiveDate,
    /// From 1.
    pub(super) month: u32,
    series: Series,
    /// The text in the rules for which it is tried; empty if there is none.
    pub(super) written: String,
    /// Whether that text names a year.
    has_year: bool,
    /// Whether the rules name times to the minute.
    to_the_minute: bool,
}

/// The dates to try for rules that read dates.
pub(super) fn all(written: &Written) -> Vec<Moment> {
    let weekdays: Vec<usize> = if written.calls(&OF_WEEKDAYS) {
        (0..DAYS.len()).collect()
    } else {
        TWO_DAYS.into()
    };
    let mut found = Vec::new();
    for weekday in weekdays {
        let date = NaiveDate::from_ymd_opt(2026, 1, 12);
        let date = date.and_then(|monday| monday.checked_add_days(days(weekday)));
        let hours = date
            .into_iter()
            .flat_map(|date| (0..24).map(move |hour| (date, hour)));
        found.extend(hours.map(|(date, hour)| Moment::of(date, hour, Series::Hours)));
    }
    found.extend(of_months(written));
    for (month, hour) in [(1, 9), (7, 20)] {
        if let Some(date) = NaiveDate::from_ymd_opt(2026, month, 14) {
            found.push(Moment::of(date, hour, Series::Universal));
        }
    }
    let hours = if written.calls(&OF_HOURS) {
        told_apart(written)
    } else {
        [TWICE_A_DAY[0]].into()
    };
    found.extend(dates::of_written(written, &hours));
    with_precision(found, written)
}

/// A selection of dates to combine with other variations: each question that the rules ask about a date, one at a time.
pub(super) fn few(written: &Written) -> Vec<Moment> {
    let mut found = Vec::new();
    let in_january = |day| NaiveDate::from_ymd_opt(2026, 1, day);
    if written.calls(&OF_HOURS)
        && let Some(wednesday) = in_january(14)
    {
        let hours = told_apart(written).into_iter();
        found.extend(hours.map(|hour| Moment::of(wednesday, hour, Series::Hours)));
    }
    let by_day = TWICE_A_DAY[0];
    if written.calls(&OF_WEEKDAYS) {
        let week = (12..19).filter_map(in_january);
        found.extend(week.map(|date| Moment::of(date, by_day, Series::Days)));
    }
    if written.calls(&OF_MONTHS) {
        let months = of_months(written).into_iter();
        found.extend(months.filter(|it| it.hour == by_day && it.series == Series::Months));
    }
    found.extend(dates::of_written(written, &[by_day].into()));
    with_precision(found, written)
}

/// Whether dates are written out in rules.
pub(super) fn names_dates(written: &Written) -> bool {
    written.texts.iter().any(|it| WrittenDate::of(it).is_some())
}

/// The same moments, which know whether the rules name times to the minute.
fn with_precision(mut all: Vec<Moment>, written: &Written) -> Vec<Moment> {
    let names_minutes = written.texts.iter().any(|it| hours::has_minutes(it));
    for it in &mut all {
        it.to_the_minute = names_minutes;
    }
    all
}

/// Each month, with the hours and days that the rules distinguish.
fn of_months(written: &Written) -> Vec<Moment> {
    let cuts = |part: &(i64, i64)| written.cuts.contains(part);
    let months = written.calls(&[MOIS_DE]) || cuts(&MONTH_IN_TEXT);
    let hours = written.calls(&[HEURE_DE])
        || cuts(&HOUR_IN_TEXT)
        || written.calls(&[MOIS_DE]) && written.calls(&OF_HOURS);
    let mut hours = if months && hours {
        told_apart(written)
    } else {
        BTreeSet::new()
    };
    hours.extend(TWICE_A_DAY);
    let by_weekday = months && written.calls(&OF_WEEKDAYS);
    let mut found = Vec::new();
    for month in 1..=12 {
        for date in (10..17).filter_map(|day| NaiveDate::from_ymd_opt(2026, month, day)) {
            // The hours have also been tried on a Wednesday: only the month differs.
            if date.weekday() == chrono::Weekday::Wed {
                let each = hours.iter();
                found.extend(each.map(|hour| Moment::of(date, *hour, Series::Months)));
            }
            if by_weekday {
                found.push(Moment::of(date, TWICE_A_DAY[0], Series::DaysOfMonths));
            }
        }
    }
    found
}

/// The hours at and next to the numbers in the rules, and some of the day and of the night.
fn told_apart(written: &Written) -> BTreeSet<u32> {
    let in_texts = written.texts.iter().filter(|it| it.len() <= 2);
    let in_texts = in_texts.filter_map(|it| it.parse().ok());
    let numbers = written.numbers.iter().copied().chain(in_texts);
    let near = numbers.flat_map(|it| [it.saturating_sub(1), it, it.saturating_add(1)]);
    let hours = near.filter_map(|it| u32::try_from(it).ok());
    let some = TWICE_A_DAY.into_iter().chain([AT_NIGHT]);
    hours.filter(|it| *it < 24).chain(some).collect()
}

fn days(count: usize) -> chrono::Days {
    chrono::Days::new(count as u64)
}

impl Moment {
    fn of(date: NaiveDate, hour: u32, series: Series) -> Self {
        // The clocks never change in the middle of a month.
        let zone = match (series, date.month()) {
            (Series::Universal, _) => "Z",
            (_, 4..=10) => "+02:00",
            _ => "+01:00",
        };
        Self {
            text: format!("{date}T{hour:02}:{MINUTE}:00{zone}"),
            hour,
            weekday: date.weekday().num_days_from_monday() as usize,
            date,
            month: date.month(),
            series,
            written: String::new(),
            has_year: false,
            to_the_minute: false,
        }
    }
}

/// When something happens, in French, derived from all dates tried: « entre 20 h et 7 h ».
pub(super) fn when(at: &[&Moment], all: &[&Moment]) -> String {
    if let Some(told) = periods::when(at, all) {
        return told;
    }
    let of = |from: &[&Moment], series: Series| -> Vec<Moment> {
        let some = from.iter().filter(|it| it.series == series);
        some.copied().cloned().collect()
    };
    let (hours, days) = (of(at, Series::Hours), of(at, Series::Days));
    if !hours.is_empty() || !days.is_empty() {
        let mut told = in_week(&hours, &of(all, Series::Hours));
        // The days on which it happens at every hour tried.
        let by_day = in_week(&days, &of(all, Series::Days));
        let beside = days
            .iter()
            .any(|it| !hours.iter().any(|hour| hour.hour == it.hour));
        if hours.is_empty() {
            told = by_day;
        } else if beside && !told.is_empty() && !by_day.is_empty() {
            told = format!("{told}, ou {by_day}");
        }
        let Months { only, besides } = Months::beside_week(at, all);
        let periods = periods::beside_week(at, all);
        let in_week = (!(told.is_empty() && only.is_empty())).then(|| of_both(told, only));
        let others = Some(besides).filter(|it| !it.is_empty());
        let told: Vec<String> = [in_week, others, periods].into_iter().flatten().collect();
        if told.is_empty() {
            return ANOTHER.to_owned();
        }
        return told.join(", ou ");
    }
    for series in [Series::Months, Series::DaysOfMonths] {
        let (at, all) = (of(at, series), of(all, series));
        if at.is_empty() {
            continue;
        }
        let (told, months) = (in_week(&at, &all), in_months(&at, &all));
        return of_both(told, months);
    }
    periods::named(at, all).unwrap_or_else(|| {
        "quand SoWell écrit la date à l'heure universelle (avec « Z »)".to_owned()
    })
}

/// « à partir de 20 h en août »; either part may be empty.
fn of_both(in_week: String, in_months: String) -> String {
    match (in_week.is_empty(), in_months.is_empty()) {
        (true, true) => ANOTHER.to_owned(),
        (true, false) => in_months,
        (false, true) => in_week,
        (false, false) => format!("{in_week} {in_months}"),
    }
}

/// « en juillet et en août »; empty if all months are the same.
fn in_months(at: &[Moment], all: &[Moment]) -> String {
    let months: BTreeSet<u32> = at.iter().map(|it| it.month).collect();
    let tried: BTreeSet<u32> = all.iter().map(|it| it.month).collect();
    if months == tried {
        return String::new();
    }
    let names = months
        .iter()
        .map(|it| format!("en {}", MONTHS[*it as usize - 1]));
    listed(&names.collect::<Vec<_>>(), "ou")
}

/// « à partir de 20 h », « le samedi ou le dimanche », « entre 20 h et 7 h, ou le dimanche »; empty if all hours of all days
/// are the same.
fn in_week(at: &[Moment], all: &[Moment]) -> String {
    let mut hours: BTreeMap<usize, BTreeSet<u32>> = BTreeMap::new();
    for it in at {
        hours.entry(it.weekday).or_default().insert(it.hour);
    }
    let tried: BTreeSet<usize> = all.iter().map(|it| it.weekday).collect();
    let tried_hours: BTreeSet<u32> = all.iter().map(|it| it.hour).collect();
    let mut by_hours: BTreeMap<&BTreeSet<u32>, Vec<usize>> = BTreeMap::new();
    for (weekday, hours) in &hours {
        by_hours.entry(hours).or_default().push(*weekday);
    }
    let mut told: Vec<(usize, String)> = Vec::new();
    for (hours, weekdays) in by_hours {
        let first = weekdays[0];
        let every = *hours == tried_hours;
        // All of these hours also occur on every other day.
        let others = tried.iter().filter(|it| !weekdays.contains(it));
        let also = |it: &usize| hours.is_subset(&at_hours(*it, at));
        let days = if others.clone().all(also) {
            String::new()
        } else {
            let names = weekdays.iter().map(|it| format!("le {}", DAYS[*it]));
            listed(&names.collect::<Vec<_>>(), "ou")
        };
        let hours = if every {
            String::new()
        } else {
            in_hours(hours, &tried_hours, at)
        };
        let parts = [hours, days].into_iter().filter(|it| !it.is_empty());
        told.push((first, parts.collect::<Vec<_>>().join(" ")));
    }
    told.retain(|(_, it)| !it.is_empty());
    told.sort();
    let told: Vec<String> = told.into_iter().map(|(_, it)| it).collect();
    told.join(", ou ")
}

fn at_hours(weekday: usize, at: &[Moment]) -> BTreeSet<u32> {
    let of_day = at.iter().filter(|it| it.weekday == weekday);
    of_day.map(|it| it.hour).collect()
}

/// « a, b ou c »
pub(super) fn listed(all: &[String], last: &str) -> String {
    match all {
        [] => String::new(),
        [one] => one.clone(),
        [others @ .., end] => format!("{} {last} {end}", others.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::calendar::{hour, in_paris, month, weekday};
    use rstest::rstest;

    fn told(weekdays: bool, holds: impl Fn(&str) -> bool) -> String {
        let functions = weekdays.then(|| "jour_de_semaine".to_owned());
        let written = Written {
            texts: ["2026-12-25", "-05-01", "gaz"].map(str::to_owned).into(),
            functions: functions.into_iter().collect(),
            ..Written::default()
        };
        let all = all(&written);
        let all: Vec<&Moment> = all.iter().collect();
        let at: Vec<&Moment> = all.iter().filter(|it| holds(&it.text)).copied().collect();
        when(&at, &all)
    }

    #[rstest]
    #[case(&|text: &str| at(text).0 >= 20 || at(text).0 < 7, "entre 20 h et 7 h")]
    #[case(&|text: &str| at(text).0 == 23, "à partir de 23 h")]
    #[case(&|text: &str| at(text).0 == 12 || at(text).0 == 13, "entre 12 h et 14 h")]
    #[case(&|text: &str| at(text).1 == "dimanche", "le dimanche")]
    #[case(&|text: &str| ["samedi", "dimanche"].contains(&at(text).1), "le samedi ou le dimanche")]
    #[case(&|text: &str| at(text).1 == "vendredi" && at(text).0 >= 17, "à partir de 17 h le vendredi")]
    #[case(
        &|text: &str| at(text).1 == "dimanche" || at(text).0 >= 20 || at(text).0 < 7,
        "entre 20 h et 7 h, ou le dimanche"
    )]
    #[case(&|text: &str| [7, 8].contains(&at(text).2), "en juillet ou en août")]
    #[case(&|text: &str| at(text).2 == 8 && at(text).0 > 20, "à 23:30 en août")]
    #[case(&|text: &str| at(text).2 < 3 && at(text).0 > 20, "à partir de 21 h en janvier ou en février")]
    #[case(&|text: &str| text.contains("-12-25") || text.contains("-05-01"), "le 1er mai ou le 25 décembre 2026")]
    #[case(
        &|text: &str| text.ends_with('Z'),
        "quand SoWell écrit la date à l'heure universelle (avec « Z »)"
    )]
    fn the_time_of_an_event_is_described(
        #[case] holds: &dyn Fn(&str) -> bool,
        #[case] wanted: &str,
    ) {
        assert_eq!(told(true, holds), wanted);
    }

    #[test]
    fn two_days_are_enough_if_rules_do_not_read_the_day() {
        assert_eq!(told(false, |text| at(text).0 > 20), "à partir de 21 h");
        assert_eq!(all(&Written::default()).len(), 48 + 24 + 2);
    }

    /// The hour, the day of the week and the month in Paris.
    pub(super) fn at(text: &str) -> (i64, &'static str, i64) {
        let at = in_paris(text).unwrap();
        (hour(&at), weekday(&at), month(&at))
    }
}
