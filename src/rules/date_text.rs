//! A text that a rule compares a date of SoWell with. Those dates begin `2026-01-31T10:00:00` and are compared as
//! text, so a missing zero or a different order of day and month changes the result without any error.

use chrono::{Datelike, NaiveDate};

use crate::rules::calendar::{MONTHS, day_first};

/// How precise a date is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Precision {
    /// `2026`
    Year,
    /// `2026-01`
    Month,
    /// `2026-01-31`
    Day,
    /// `2026-01-31T10`, or longer.
    Time,
}

/// How a text is written as a date.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DateText {
    /// Written as SoWell writes dates, up to this precision.
    Right(Precision),
    /// Year first, but without a zero, or with other separators: `2026-12-1`. Holds the same date as SoWell writes it.
    Unlike(String),
    /// Day first: `21/12/2026`. Holds the same date as SoWell writes it.
    DayFirst(String),
    /// Not in the calendar.
    Impossible(Impossible),
    /// Not a date.
    Other,
}

/// A date that is not in the calendar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Impossible {
    /// Whether the month does not exist, rather than the day of that month. As a bound, a day that is too late works:
    /// `2026-11-31` is after every date of November.
    pub is_month: bool,
    /// Why, in French: « novembre n'a que 30 jours ».
    pub why: String,
    /// The date with day and month swapped, if that one exists.
    pub meant: Option<String>,
}

/// Judges a text that a whole date, or its beginning, is compared with.
#[must_use]
pub fn judge(text: &str) -> DateText {
    if let Some(date) = day_first(text) {
        return match judge(&date) {
            DateText::Right(_) => DateText::DayFirst(date),
            // Month first, as Americans write it.
            DateText::Impossible(Impossible {
                meant: Some(date), ..
            }) => DateText::DayFirst(date),
            other => other,
        };
    }
    let (day, time) = match text.find(['T', 't', ' ']) {
        Some(at) => (&text[..at], Some(&text[at + 1..])),
        None => (without_end(text), None),
    };
    let Some(fields) = fields(day) else {
        return DateText::Other;
    };
    if let Some(impossible) = impossible(&fields) {
        return DateText::Impossible(impossible);
    }
    let padded: Vec<String> = fields.iter().map(|it| format!("{it:02}")).collect();
    let mut date = padded.join("-");
    let precision = match (time, fields.len()) {
        (None, 1) => Precision::Year,
        (None, 2) => Precision::Month,
        (None, _) | (Some(""), 3) => Precision::Day,
        (Some(time), 3) => {
            let Some(time) = padded_time(time) else {
                return DateText::Other;
            };
            date = format!("{date}T{time}");
            Precision::Time
        }
        _ => return DateText::Other,
    };
    if text == date || without_end(text) == date {
        DateText::Right(precision)
    } else {
        DateText::Unlike(date)
    }
}

/// Whether some date begins with this text, so that `starts_with` may be true: `2026-1` begins three months.
#[must_use]
pub fn may_begin(text: &str) -> bool {
    const PATTERN: &str = "0000-00-00T00:00:00";
    let fits = text.chars().zip(PATTERN.chars()).all(|(it, wanted)| {
        if wanted == '0' {
            it.is_ascii_digit()
        } else {
            it == wanted
        }
    });
    if !fits {
        return false;
    }
    let day = text.get(..10).unwrap_or(text);
    let is_possible =
        |day: &str| fields(day.trim_end_matches('-')).is_none_or(|it| impossible(&it).is_none());
    match day.len() {
        // Half of a month or of a day.
        6 | 9 => (0..10).any(|digit| is_possible(&format!("{day}{digit}"))),
        _ => is_possible(day),
    }
}

/// The date that three numbers stand for, in the order they are written: 2026, 12, 1 or 1, 12, 2026. `None` if they are
/// no date.
#[must_use]
pub fn of_numbers(numbers: [i64; 3]) -> Option<String> {
    let [first, month, last] = numbers;
    let (year, day) = if first > 31 {
        (first, last)
    } else {
        (last, first)
    };
    let year = i32::try_from(year).ok();
    let year = year.filter(|it| (1900..=2999).contains(it))?;
    let in_year = |month: i64, day: i64| {
        NaiveDate::from_ymd_opt(year, u32::try_from(month).ok()?, u32::try_from(day).ok()?)
    };
    let date = in_year(month, day).or_else(|| in_year(day, month))?;
    Some(date.to_string())
}

/// The day, month or year after this one, with the same precision; `None` for a time, for the year 9999, after which
/// dates are no longer ordered as texts, and for a text that [`judge`] does not find right.
#[must_use]
pub fn next(text: &str) -> Option<String> {
    let DateText::Right(precision) = judge(text) else {
        return None;
    };
    let fields = fields(without_end(text))?;
    if *fields.first()? >= 9999 {
        return None;
    }
    match (precision, fields.as_slice()) {
        (Precision::Year, [year]) => Some(format!("{:04}", year + 1)),
        (Precision::Month, [year, 12]) => Some(format!("{:04}-01", year + 1)),
        (Precision::Month, [year, month]) => Some(format!("{year:04}-{:02}", month + 1)),
        (Precision::Day, [year, month, day]) => {
            let year = i32::try_from(*year).ok()?;
            let day = NaiveDate::from_ymd_opt(year, *month, *day)?;
            day.succ_opt().map(|it| it.to_string())
        }
        _ => None,
    }
}

/// A date without the separator that it may end with: `2026-12-`, `2026-12-21T`.
#[must_use]
pub fn without_end(text: &str) -> &str {
    text.strip_suffix(['-', 'T']).unwrap_or(text)
}

/// The year, month and day in a text that begins with the year; the last ones may be missing.
fn fields(text: &str) -> Option<Vec<u32>> {
    let is_number = |it: &&str| !it.is_empty() && it.bytes().all(|it| it.is_ascii_digit());
    // The basic form, without separators.
    let basic = (text.len() == 8 && is_number(&text))
        .then(|| format!("{}-{}-{}", &text[..4], &text[4..6], &text[6..]));
    let text = basic.as_deref().unwrap_or(text);
    let parts: Vec<&str> = text.split(['-', '/', '.']).collect();
    let (year, others) = parts.split_first()?;
    let fits = parts.iter().all(is_number)
        && year.len() == 4
        && others.len() < 3
        && others.iter().all(|it| it.len() < 3);
    if !fits {
        return None;
    }
    parts.iter().map(|it| it.parse().ok()).collect()
}

fn impossible(fields: &[u32]) -> Option<Impossible> {
    let (year, month) = (*fields.first()?, *fields.get(1)?);
    let day = fields.get(2).copied();
    let date = |month: u32, day: u32| {
        NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day).map(|it| it.to_string())
    };
    let Some(first) = date(month, 1) else {
        return Some(Impossible {
            is_month: true,
            why: format!("il n'y a pas de mois {month:02}"),
            meant: day.and_then(|day| date(day, month)),
        });
    };
    let day = day.filter(|it| date(month, *it).is_none())?;
    let first: NaiveDate = first.parse().ok()?;
    let next = first.checked_add_months(chrono::Months::new(1))?;
    let last = next.pred_opt()?.day();
    let name = MONTHS[first.month0() as usize];
    let of_year = if month == 2 {
        format!(" en {year:04}")
    } else {
        String::new()
    };
    Some(Impossible {
        is_month: false,
        why: if day == 0 {
            "le premier jour d'un mois est 01".to_owned()
        } else {
            format!("{name} n'a que {last} jours{of_year}")
        },
        meant: None,
    })
}

/// A time of day as SoWell writes it; `None` if the text is not one.
fn padded_time(text: &str) -> Option<String> {
    let hours = text.bytes().take_while(u8::is_ascii_digit).count();
    let (hour, rest) = text.split_at(hours);
    if !(1..=2).contains(&hours) {
        return None;
    }
    let rest = match rest.strip_prefix(['h', 'H']) {
        Some("") => String::new(),
        Some(minutes) => format!(":{minutes}"),
        None => rest.to_owned(),
    };
    let mut pattern = rest.chars().zip(":00:00".chars());
    let fits = pattern.all(|(it, wanted)| match wanted {
        '0' => it.is_ascii_digit(),
        sign => it == sign,
    });
    fits.then(|| format!("{hour:0>2}{rest}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("2026", Precision::Year)]
    #[case("2026-", Precision::Year)]
    #[case("2026-12", Precision::Month)]
    #[case("2026-12-", Precision::Month)]
    #[case("2026-12-31", Precision::Day)]
    #[case("2028-02-29", Precision::Day)]
    #[case("2026-12-31T", Precision::Day)]
    #[case("2026-12-31T18", Precision::Time)]
    #[case("2026-12-31T18:00", Precision::Time)]
    #[case("2026-12-31T24:00", Precision::Time)]
    #[case("2026-12-31T18:00:00+01:00", Precision::Time)]
    #[case("2026-12-31T18:00:00.000Z", Precision::Time)]
    fn a_date_may_be_written_as_sowell_writes_it(#[case] text: &str, #[case] precision: Precision) {
        assert_eq!(judge(text), DateText::Right(precision));
        assert!(may_begin(text), "{text}");
    }

    #[rstest]
    #[case("2026-12-1", "2026-12-01")]
    #[case("2026-1-5", "2026-01-05")]
    #[case("2026-1", "2026-01")]
    #[case("2026/12/21", "2026-12-21")]
    #[case("20261221", "2026-12-21")]
    #[case("2026/12/21T", "2026-12-21")]
    #[case("2026-12-21 18:00", "2026-12-21T18:00")]
    #[case("2026-12-21T9:30", "2026-12-21T09:30")]
    #[case("2026-12-21 18h30", "2026-12-21T18:30")]
    #[case("2026-12-21T18h", "2026-12-21T18")]
    fn a_date_may_be_written_differently(#[case] text: &str, #[case] date: &str) {
        assert_eq!(judge(text), DateText::Unlike(date.to_owned()));
        assert!(matches!(judge(date), DateText::Right(_)));
    }

    #[rstest]
    #[case("21/12/2026", "2026-12-21")]
    #[case("1.2.2026", "2026-02-01")]
    #[case("12/25/2026", "2026-12-25")]
    fn a_date_may_begin_with_the_day(#[case] text: &str, #[case] date: &str) {
        assert_eq!(judge(text), DateText::DayFirst(date.to_owned()));
    }

    #[rstest]
    #[case("2026-31-12", true, "il n'y a pas de mois 31", Some("2026-12-31"))]
    #[case("2026-13", true, "il n'y a pas de mois 13", None)]
    #[case("2026-00-10", true, "il n'y a pas de mois 00", None)]
    #[case("2026-12-35", false, "décembre n'a que 31 jours", None)]
    #[case("31/11/2026", false, "novembre n'a que 30 jours", None)]
    #[case("2026-02-29", false, "février n'a que 28 jours en 2026", None)]
    #[case("2026-02-00", false, "le premier jour d'un mois est 01", None)]
    #[case("2026-12-35T10:00", false, "décembre n'a que 31 jours", None)]
    fn a_date_may_not_be_in_the_calendar(
        #[case] text: &str,
        #[case] is_month: bool,
        #[case] why: &str,
        #[case] meant: Option<&str>,
    ) {
        let (why, meant) = (why.to_owned(), meant.map(str::to_owned));
        let wanted = Impossible {
            is_month,
            why,
            meant,
        };
        assert_eq!(judge(text), DateText::Impossible(wanted));
        assert!(!may_begin(text));
    }

    #[rstest]
    #[case("")]
    #[case("hier")]
    #[case("202")]
    #[case("12-21")]
    #[case("18:30")]
    #[case("2026-12-21Thier")]
    #[case("2026-12T10:00")]
    #[case("2026-12T")]
    #[case("décembre 2026")]
    #[case("2026-12-21-01")]
    fn other_texts_are_no_dates(#[case] text: &str) {
        assert_eq!(judge(text), DateText::Other);
    }

    #[rstest]
    #[case("", true)]
    #[case("202", true)]
    #[case("2026-1", true)]
    #[case("2026-0", true)]
    #[case("2026-3", false)]
    #[case("2026-12-3", true)]
    #[case("2026-02-3", false)]
    #[case("2026-12-4", false)]
    #[case("2026-12-31T", true)]
    #[case("2026-12-31T1", true)]
    #[case("2026-12-31 1", false)]
    #[case("2026-1-", false)]
    #[case("2026/12", false)]
    #[case("à", false)]
    fn some_texts_begin_a_date(#[case] text: &str, #[case] wanted: bool) {
        assert_eq!(may_begin(text), wanted);
    }

    #[rstest]
    #[case([2026, 12, 1], Some("2026-12-01"))]
    #[case([1, 12, 2026], Some("2026-12-01"))]
    #[case([12, 25, 2026], Some("2026-12-25"))]
    #[case([2026, 31, 12], Some("2026-12-31"))]
    #[case([31, 2, 2026], None)]
    #[case([10, 2, 3], None)]
    #[case([100, 2, 3], None)]
    #[case([2026, -1, 3], None)]
    fn three_numbers_may_be_a_date(#[case] numbers: [i64; 3], #[case] date: Option<&str>) {
        assert_eq!(of_numbers(numbers).as_deref(), date);
    }

    #[rstest]
    #[case("2026", Some("2027"))]
    #[case("2026-11", Some("2026-12"))]
    #[case("2026-12", Some("2027-01"))]
    #[case("2026-12-31", Some("2027-01-01"))]
    #[case("2028-02-28", Some("2028-02-29"))]
    #[case("2026-12-31T", Some("2027-01-01"))]
    #[case("2026-12-", Some("2027-01"))]
    #[case("9998-12-31", Some("9999-01-01"))]
    #[case("9999", None)]
    #[case("9999-12", None)]
    #[case("9999-12-31", None)]
    #[case("2026-12-31T23:59", None)]
    #[case("2026-12-1", None)]
    #[case("31/12/2026", None)]
    fn a_date_has_a_next_one(#[case] text: &str, #[case] wanted: Option<&str>) {
        assert_eq!(next(text).as_deref(), wanted);
    }
}
