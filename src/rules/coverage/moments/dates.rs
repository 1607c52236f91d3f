//! Dates written out in rules, and the days that are tried for them.

use std::collections::BTreeSet;

use chrono::{Datelike, Days, NaiveDate, NaiveDateTime, NaiveTime, Timelike};

use super::{Moment, OF_WEEKDAYS, Series};
use crate::rules::calendar::MONTHS;
use crate::rules::written::Written;

/// Maximum number of dates written out in rules that are tried.
const MOST_NAMED: usize = 12;
/// With more dates than this, the days beside them are not tried: such a list is one of holidays, and nothing begins or
/// ends with them.
const MOST_WITH_NEIGHBOURS: usize = 4;
/// Number of days from the written dates to a date long before or after: more than a year.
const FAR: u64 = 400;
/// The year of a date that rules write without one.
pub(super) const YEAR: i32 = 2026;

/// A date written out in rules.
pub(super) struct WrittenDate {
    text: String,
    date: NaiveDate,
    pub(super) has_year: bool,
    /// The time of day, if it is written as well.
    pub(super) time: Option<NaiveTime>,
}

impl WrittenDate {
    /// The date of which a text is a part: `2026-12-24`, perhaps with a time, or `-12-24` of any year.
    pub(super) fn of(text: &str) -> Option<Self> {
        let read = |text: &str| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok();
        let whole = text.get(..10).and_then(read);
        let digits = text.trim_matches(['-', 'T']);
        let of_a_year = || read(&format!("{YEAR}-{digits}")).filter(|_| digits.len() == 5);
        let time = text.get(11..16).filter(|_| whole.is_some());
        Some(Self {
            text: text.to_owned(),
            date: whole.or_else(of_a_year)?,
            has_year: whole.is_some(),
            time: time.and_then(|it| NaiveTime::parse_from_str(it, "%H:%M").ok()),
        })
    }

    /// The instants at which something may begin or end, each with whether it is the end of the day.
    pub(super) fn limits(&self) -> Vec<Limit<'_>> {
        let limit = |at: Option<NaiveDateTime>, is_end_of_day: bool| {
            let of = self;
            at.map(|at| Limit {
                of,
                at,
                is_end_of_day,
            })
        };
        let begin = self.date.and_time(self.time.unwrap_or(NaiveTime::MIN));
        let end = self.date.succ_opt().filter(|_| self.time.is_none());
        let end = end.map(|it| it.and_time(NaiveTime::MIN));
        let both = [limit(Some(begin), false), limit(end, true)];
        both.into_iter().flatten().collect()
    }

    /// « 21 décembre 2026 », « 1er mai », « 21 décembre 2026 à 18 h »
    pub(super) fn named(&self) -> String {
        let day = day(self.date, self.has_year);
        self.time.map_or(day.clone(), |time| {
            let hour = time.format("%-H h %M").to_string();
            format!("{day} à {}", hour.trim_end_matches(" 00"))
        })
    }
}

/// An instant at which something may begin or end.
pub(super) struct Limit<'w> {
    pub(super) of: &'w WrittenDate,
    pub(super) at: NaiveDateTime,
    pub(super) is_end_of_day: bool,
}

/// The dates written out in rules, and days beside them, at these hours.
pub(super) fn of_written(written: &Written, hours: &BTreeSet<u32>) -> Vec<Moment> {
    let named = written.texts.iter().filter_map(|it| WrittenDate::of(it));
    let named: Vec<WrittenDate> = named.take(MOST_NAMED).collect();
    let mut found = Vec::new();
    for it in &named {
        let near = it.time.map(|time| time.hour());
        let near = near.map(|hour| [hour.saturating_sub(1), hour, (hour + 1).min(23)]);
        let hours: BTreeSet<u32> = hours
            .iter()
            .copied()
            .chain(near.into_iter().flatten())
            .collect();
        found.extend(at_hours(it.date, &hours, it, Series::Named));
    }
    if named.len() > MOST_WITH_NEIGHBOURS {
        return found;
    }
    let mut beside: Vec<(NaiveDate, &WrittenDate)> = Vec::new();
    // If rules read the day of the week, something may begin with any of the days that follow.
    let further = if written.calls(&OF_WEEKDAYS) { 6 } else { 1 };
    for it in &named {
        let after = (1..=further).filter_map(|days| it.date.checked_add_days(Days::new(days)));
        let days = it.date.pred_opt().into_iter().chain(after);
        beside.extend(days.map(|date| (date, it)));
        if !it.has_year {
            let ends = [(1, 1), (12, 31)].into_iter();
            let ends = ends.filter_map(|(month, day)| NaiveDate::from_ymd_opt(YEAR, month, day));
            beside.extend(ends.map(|date| (date, it)));
        }
    }
    let of_a_year = || named.iter().filter(|it| it.has_year);
    let first = of_a_year().min_by_key(|it| it.date);
    let last = of_a_year().max_by_key(|it| it.date);
    let long_before = first.and_then(|it| Some((it.date.checked_sub_days(Days::new(FAR))?, it)));
    let long_after = last.and_then(|it| Some((it.date.checked_add_days(Days::new(FAR))?, it)));
    beside.extend(long_before.into_iter().chain(long_after));
    let mut known: BTreeSet<NaiveDate> = named.iter().map(|it| it.date).collect();
    beside.retain(|(date, _)| known.insert(*date));
    let beside = beside.into_iter();
    found.extend(beside.flat_map(|(date, it)| at_hours(date, hours, it, Series::Beside)));
    found
}

fn at_hours(
    date: NaiveDate,
    hours: &BTreeSet<u32>,
    of: &WrittenDate,
    series: Series,
) -> Vec<Moment> {
    let each = hours.iter().map(|hour| Moment {
        written: of.text.clone(),
        has_year: of.has_year,
        ..Moment::of(date, *hour, series)
    });
    each.collect()
}

/// « 1er mai », « 25 décembre 2026 »
pub(super) fn day(date: NaiveDate, has_year: bool) -> String {
    let month = MONTHS[date.month0() as usize];
    let day = format!("{} {month}", number(date));
    if has_year {
        format!("{day} {}", date.year())
    } else {
        day
    }
}

pub(super) fn number(date: NaiveDate) -> String {
    match date.day() {
        1 => "1er".to_owned(),
        day => day.to_string(),
    }
}
