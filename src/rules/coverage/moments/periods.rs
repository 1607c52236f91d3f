//! What begins or ends with dates written out in rules, in French: « le 25 décembre », « à partir du 21 décembre 2026 »,
//! « du 21 décembre 2026 au 4 janvier 2027 ».

use std::collections::BTreeSet;

use chrono::{Datelike, NaiveDate, NaiveDateTime, NaiveTime};

use super::dates::{Limit, WrittenDate, YEAR, day, number};
use super::{ANOTHER, Moment, Series, in_hours, listed};
use crate::rules::calendar::DAYS;

/// What begins or ends with written dates, at certain hours of certain days of the week; `None` if it is not that.
pub(super) fn when(at: &[&Moment], all: &[&Moment]) -> Option<String> {
    if !all.iter().any(|it| it.series == Series::Beside) {
        return named(at, all).filter(|_| happens_on_written_dates_only(at, all));
    }
    let known = |from: &[&Moment]| -> Vec<Moment> {
        let local = from.iter().filter(|it| it.series != Series::Universal);
        local.map(|it| Moment::clone(it)).collect()
    };
    let (at, all) = (known(at), known(all));
    let hours: BTreeSet<u32> = at.iter().map(|it| it.hour).collect();
    let weekdays: BTreeSet<usize> = at.iter().map(|it| it.weekday).collect();
    let ways = [(false, false), (true, false), (false, true), (true, true)];
    ways.into_iter().find_map(|(by_hour, by_weekday)| {
        let comparable: Vec<Moment> = all
            .iter()
            .filter(|it| !by_hour || hours.contains(&it.hour))
            .filter(|it| !by_weekday || weekdays.contains(&it.weekday))
            .cloned()
            .collect();
        let (days, is_single) = in_periods(&at, &comparable)?;
        let of_dates = |it: &&Moment| !it.written.is_empty();
        let tried = all.iter().filter(of_dates).map(|it| it.hour).collect();
        let mut also = Vec::new();
        also.extend(by_hour.then(|| in_hours(&hours, &tried, &at)));
        also.extend(by_weekday.then(|| {
            let names = weekdays.iter().map(|it| format!("le {}", DAYS[*it]));
            listed(&names.collect::<Vec<_>>(), "ou")
        }));
        Some(match (also.is_empty(), is_single || !by_hour) {
            (true, _) => days,
            (false, true) => format!("{} {days}", also.join(" ")),
            (false, false) => format!("{days}, {}", also.join(" ")),
        })
    })
}

/// The periods in which it happens besides certain hours, or certain days of the week.
pub(super) fn beside_week(at: &[&Moment], all: &[&Moment]) -> Option<String> {
    if !all.iter().any(|it| it.series == Series::Beside) {
        return None;
    }
    let week = |from: &[&Moment]| -> BTreeSet<(usize, u32)> {
        let is_of_week = |it: &&&Moment| matches!(it.series, Series::Hours | Series::Days);
        let of_week = from.iter().filter(is_of_week);
        of_week.map(|it| (it.weekday, it.hour)).collect()
    };
    let (happens, tried) = (week(at), week(all));
    let hours: BTreeSet<u32> = happens.iter().map(|(_, hour)| *hour).collect();
    let weekdays: BTreeSet<usize> = happens.iter().map(|(weekday, _)| *weekday).collect();
    let at_hour = |_: usize, hour: u32| hours.contains(&hour);
    let on_day = |weekday: usize, _: u32| weekdays.contains(&weekday);
    let ways: [&dyn Fn(usize, u32) -> bool; 2] = [&at_hour, &on_day];
    ways.into_iter().find_map(|is_known| {
        let known = tried
            .iter()
            .filter(|(weekday, hour)| is_known(*weekday, *hour));
        if !known.into_iter().all(|it| happens.contains(it)) {
            return None;
        }
        let rest = |from: &[&Moment]| -> Vec<Moment> {
            let local = from.iter().filter(|it| it.series != Series::Universal);
            let rest = local.filter(|it| !is_known(it.weekday, it.hour));
            rest.map(|it| Moment::clone(it)).collect()
        };
        in_periods(&rest(at), &rest(all)).map(|(told, _)| told)
    })
}

/// Whether it happens on no other date, whatever a date is tried for.
fn happens_on_written_dates_only(at: &[&Moment], all: &[&Moment]) -> bool {
    let named = all.iter().filter(|it| it.series == Series::Named);
    let named: BTreeSet<NaiveDate> = named.map(|it| it.date).collect();
    let mut local = at.iter().filter(|it| it.series != Series::Universal);
    local.all(|it| named.contains(&it.date))
}

/// The periods in which it happens, out of all comparable dates tried, and whether each is a single day; `None` if not
/// each of them begins and ends with a written date.
fn in_periods(at: &[Moment], comparable: &[Moment]) -> Option<(String, bool)> {
    let happens: BTreeSet<NaiveDateTime> = at.iter().map(Moment::instant).collect();
    let tried: BTreeSet<NaiveDateTime> = comparable.iter().map(Moment::instant).collect();
    let tried: Vec<NaiveDateTime> = tried.into_iter().collect();
    let named = dates_in(comparable);
    let has_years = named.iter().any(|it| it.has_year);
    let mut told = Vec::new();
    let mut are_single = true;
    for run in tried.chunk_by(|one, other| happens.contains(one) == happens.contains(other)) {
        let (first, last) = (*run.first()?, *run.last()?);
        if !happens.contains(&first) {
            continue;
        }
        let before = tried.iter().rev().find(|it| **it < first);
        let after = tried.iter().find(|it| **it > last);
        let ends = [
            before.map(|before| limit_between(&named, *before, first)),
            after.map(|after| limit_between(&named, last, *after)),
        ];
        let [begin, end] = ends.map(|it| match it {
            None => Some(None),
            Some(limit) => limit.map(Some),
        });
        let period = Period {
            begin: begin?,
            end: end?,
            has_years,
        };
        are_single &= period.single_day().is_some();
        told.push(period.told()?);
    }
    (!told.is_empty()).then(|| (listed(&told, "ou"), are_single))
}

/// The dates written in rules for which these were tried.
fn dates_in(all: &[Moment]) -> Vec<WrittenDate> {
    let texts: BTreeSet<&str> = all.iter().map(|it| it.written.as_str()).collect();
    texts.into_iter().filter_map(WrittenDate::of).collect()
}

/// The written instant after the first and not after the second.
fn limit_between(
    named: &[WrittenDate],
    after: NaiveDateTime,
    until: NaiveDateTime,
) -> Option<Limit<'_>> {
    let mut limits = named.iter().flat_map(WrittenDate::limits);
    limits.find(|it| after < it.at && it.at <= until)
}

/// A period without interruption; it has no beginning or no end if none was found.
struct Period<'w> {
    begin: Option<Limit<'w>>,
    end: Option<Limit<'w>>,
    /// Whether a date is written with its year; otherwise only one year was tried.
    has_years: bool,
}

impl Period<'_> {
    /// The first day, if it begins with one.
    fn first_day(&self) -> Option<NaiveDate> {
        match &self.begin {
            Some(it) if it.of.time.is_none() => Some(it.at.date()),
            None if !self.has_years => NaiveDate::from_ymd_opt(YEAR, 1, 1),
            _ => None,
        }
    }

    /// The last day, if it ends with one.
    fn last_day(&self) -> Option<NaiveDate> {
        match &self.end {
            Some(it) if it.of.time.is_none() => it.at.date().pred_opt(),
            None if !self.has_years => NaiveDate::from_ymd_opt(YEAR, 12, 31),
            _ => None,
        }
    }

    fn single_day(&self) -> Option<NaiveDate> {
        self.first_day().filter(|it| self.last_day() == Some(*it))
    }

    /// The period in French; `None` if it is all the time.
    fn told(&self) -> Option<String> {
        let mut limits = self.begin.iter().chain(&self.end).peekable();
        limits.peek()?;
        let has_year = limits.any(|it| it.of.has_year);
        if let (Some(first), Some(last)) = (self.first_day(), self.last_day()) {
            return Some(between(first, last, has_year));
        }
        let begin = self.begin.as_ref().map(|it| {
            let how = if it.is_end_of_day {
                "après le"
            } else {
                "à partir du"
            };
            format!("{how} {}", it.of.named())
        });
        let end = self.end.as_ref().map(|it| {
            let how = if it.is_end_of_day {
                "jusqu'au"
            } else {
                "avant le"
            };
            format!("{how} {}", it.of.named())
        });
        let both: Vec<String> = begin.into_iter().chain(end).collect();
        Some(both.join(" et "))
    }
}

/// « le 25 décembre », « du 20 au 31 décembre », « du 21 décembre 2026 au 4 janvier 2027 »
fn between(first: NaiveDate, last: NaiveDate, has_year: bool) -> String {
    if first == last {
        return format!("le {}", day(first, has_year));
    }
    let end = day(last, has_year);
    if first.year() != last.year() {
        format!("du {} au {end}", day(first, has_year))
    } else if first.month() != last.month() {
        format!("du {} au {end}", day(first, false))
    } else {
        format!("du {} au {end}", number(first))
    }
}

/// « à partir de 20 h le 1er mai ou le 25 décembre »; `None` if it happens neither on written dates nor beside them.
pub(super) fn named(at: &[&Moment], all: &[&Moment]) -> Option<String> {
    let of = |from: &[&Moment], series: Series| -> Vec<Moment> {
        let some = from.iter().filter(|it| it.series == series);
        some.copied().cloned().collect()
    };
    let beside = of(at, Series::Beside);
    let (at, all) = (of(at, Series::Named), of(all, Series::Named));
    if !beside.is_empty() {
        return Some(some_days(&at, &beside));
    }
    if at.is_empty() {
        return None;
    }
    let tried = all.iter().map(|it| it.hour).collect();
    let hours: BTreeSet<u32> = at.iter().map(|it| it.hour).collect();
    let hours = if hours == tried {
        String::new()
    } else {
        format!("{} ", in_hours(&hours, &tried, &at))
    };
    let days: BTreeSet<(NaiveDate, bool)> = at.iter().map(|it| (it.date, it.has_year)).collect();
    let days = days.into_iter();
    let days = days.map(|(date, has_year)| format!("le {}", day(date, has_year)));
    let days = listed(&days.collect::<Vec<_>>(), "ou");
    Some(format!("{hours}{days}"))
}

/// « certains jours à partir du 21 décembre 2026 », if that is all that can be said.
fn some_days(named: &[Moment], beside: &[Moment]) -> String {
    let all = || named.iter().chain(beside);
    let first = all().map(|it| it.date).min();
    let earliest = named.iter().find(|it| Some(it.date) == first);
    earliest.map_or_else(
        || ANOTHER.to_owned(),
        |it| {
            let day = day(it.date, it.has_year);
            format!("certains jours à partir du {day}")
        },
    )
}

impl Moment {
    fn instant(&self) -> NaiveDateTime {
        let time = NaiveTime::from_hms_opt(self.hour, super::MINUTE, 0);
        self.date.and_time(time.unwrap_or(NaiveTime::MIN))
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::at as in_paris;
    use super::super::{all, few, when};
    use super::*;
    use crate::rules::written::Written;
    use rstest::rstest;

    /// When it happens under rules that write these texts and read each part of a date.
    fn told(texts: &[&str], holds: impl Fn(&str) -> bool) -> String {
        let functions = ["heure_de", "jour_de_semaine", "mois_de"];
        let written = Written {
            texts: texts.iter().map(|it| (*it).to_owned()).collect(),
            functions: functions.map(str::to_owned).into(),
            numbers: [8, 20].into(),
            ..Written::default()
        };
        let all = all(&written);
        let all: Vec<&Moment> = all.iter().collect();
        let at: Vec<&Moment> = all.iter().copied().filter(|it| holds(&it.text)).collect();
        when(&at, &all)
    }

    #[rstest]
    #[case(&|d: &str| d >= "2026-12-21", "à partir du 21 décembre 2026")]
    // Every time of a day comes after its date: the 21st is one of them.
    #[case(&|d: &str| d > "2026-12-21", "à partir du 21 décembre 2026")]
    #[case(&|d: &str| &d[..10] > "2026-12-21", "après le 21 décembre 2026")]
    #[case(&|d: &str| d < "2026-12-21", "avant le 21 décembre 2026")]
    #[case(&|d: &str| &d[..10] <= "2026-12-21", "jusqu'au 21 décembre 2026")]
    #[case(&|d: &str| d.starts_with("2026-12-21"), "le 21 décembre 2026")]
    #[case(&|d: &str| !d.starts_with("2026-12-21"), "avant le 21 décembre 2026 ou après le 21 décembre 2026")]
    #[case(
        &|d: &str| d >= "2026-12-21" && in_paris(d).0 >= 20,
        "à partir du 21 décembre 2026, à partir de 20 h"
    )]
    #[case(
        &|d: &str| d.starts_with("2026-12-21") && in_paris(d).0 >= 20,
        "à partir de 20 h le 21 décembre 2026"
    )]
    #[case(
        &|d: &str| d >= "2026-12-21" && in_paris(d).1 == "samedi",
        "le samedi à partir du 21 décembre 2026"
    )]
    #[case(
        &|d: &str| d >= "2026-12-21" && in_paris(d).1 == "samedi" && in_paris(d).0 >= 20,
        "à partir du 21 décembre 2026, à partir de 20 h le samedi"
    )]
    // Either of two conditions is enough.
    #[case(
        &|d: &str| d >= "2026-12-21" || in_paris(d).0 >= 20,
        "à partir de 20 h, ou à partir du 21 décembre 2026"
    )]
    #[case(
        &|d: &str| d >= "2026-12-21" || in_paris(d).1 == "samedi",
        "le samedi, ou à partir du 21 décembre 2026"
    )]
    // Another condition decides as well.
    #[case(
        &|d: &str| d >= "2026-12-21" && in_paris(d).2 == 12,
        "certains jours à partir du 21 décembre 2026"
    )]
    // The written date plays no part in it.
    #[case(&|d: &str| in_paris(d).0 >= 20, "à partir de 20 h")]
    #[case(&|d: &str| in_paris(d).1 == "samedi", "le samedi")]
    #[case(&|d: &str| in_paris(d).1 == "lundi", "le lundi")]
    #[case(&|d: &str| in_paris(d).2 == 12, "en décembre")]
    #[case(&|d: &str| in_paris(d).2 < 3, "en janvier ou en février")]
    fn what_begins_or_ends_with_a_written_date_is_described(
        #[case] holds: &dyn Fn(&str) -> bool,
        #[case] wanted: &str,
    ) {
        assert_eq!(told(&["2026-12-21", "gaz"], holds), wanted);
    }

    #[rstest]
    #[case("2027-01-01", "à partir du 1er janvier 2027")]
    #[case("2025-09-01", "à partir du 1er septembre 2025")]
    #[case("2030-06-15", "à partir du 15 juin 2030")]
    #[case("2026-01-14", "à partir du 14 janvier 2026")]
    #[case("2026-08-12", "à partir du 12 août 2026")]
    #[case("2026-12-21T18:00", "à partir du 21 décembre 2026 à 18 h")]
    #[case("2026-12-21T00:00", "à partir du 21 décembre 2026 à 0 h")]
    #[case("2026-12-21T18:15:00+01:00", "à partir du 21 décembre 2026 à 18 h 15")]
    fn any_date_can_begin_a_period(#[case] date: &str, #[case] wanted: &str) {
        assert_eq!(told(&[date], |it| it >= date), wanted);
        let wanted = wanted.replace("à partir du", "avant le");
        assert_eq!(told(&[date], |it| it < date), wanted);
    }

    #[rstest]
    #[case("2026-12-21", "2027-01-05", "du 21 décembre 2026 au 4 janvier 2027")]
    #[case("2026-12-21", "2026-12-25", "du 21 au 24 décembre 2026")]
    #[case("2026-11-30", "2026-12-25", "du 30 novembre au 24 décembre 2026")]
    #[case("2026-12-24", "2026-12-26", "du 24 au 25 décembre 2026")]
    #[case("2026-12-24", "2026-12-25", "le 24 décembre 2026")]
    #[case(
        "2026-12-21T18:00",
        "2026-12-25",
        "à partir du 21 décembre 2026 à 18 h et avant le 25 décembre 2026"
    )]
    fn two_dates_delimit_a_period(#[case] from: &str, #[case] to: &str, #[case] wanted: &str) {
        assert_eq!(told(&[from, to], |it| it >= from && it < to), wanted);
    }

    #[rstest]
    #[case(&|day: &str| day >= "12-20", "du 20 au 31 décembre")]
    #[case(&|day: &str| day < "12-20", "du 1er janvier au 19 décembre")]
    #[case(&|day: &str| day == "12-20", "le 20 décembre")]
    #[case(&|day: &str| day > "12-20", "du 21 au 31 décembre")]
    fn a_date_of_any_year_is_told_without_a_year(
        #[case] holds: &dyn Fn(&str) -> bool,
        #[case] wanted: &str,
    ) {
        assert_eq!(told(&["12-20"], |it| holds(&it[5..10])), wanted);
    }

    /// Holidays are a list of single days, and those next to them need not be tried.
    #[test]
    fn many_dates_are_listed() {
        let days = [
            "2026-05-01",
            "2026-05-08",
            "2026-07-14",
            "2026-12-24",
            "2026-12-25",
        ];
        let found = told(&days, |it| days.contains(&&it[..10]));
        assert_eq!(
            found,
            "le 1er mai 2026, le 8 mai 2026, le 14 juillet 2026, le 24 décembre 2026 ou le 25 décembre 2026"
        );
    }

    /// Together with something else, fewer dates are tried.
    #[test]
    fn a_few_dates_are_enough_for_a_period() {
        let written = Written {
            texts: ["2026-12-21".to_owned()].into(),
            ..Written::default()
        };
        let all = few(&written);
        assert_eq!(all.len(), 5);
        let all: Vec<&Moment> = all.iter().collect();
        let at: Vec<&Moment> = all
            .iter()
            .copied()
            .filter(|it| it.text.as_str() > "2026-12-21")
            .collect();
        assert_eq!(when(&at, &all), "à partir du 21 décembre 2026");
    }
}
