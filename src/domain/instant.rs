//! Instants in the formats that partners use: ISO 8601 with an offset.

use chrono::{DateTime, Datelike, FixedOffset, SecondsFormat, TimeDelta, Timelike, Utc};

/// Reads an instant with its offset.
///
/// Accepts RFC 3339, and the other ISO 8601 forms that serializers are known to produce: an offset without
/// colon or minutes (`+0200`, `+02`), no seconds, a comma before the fraction, the basic format
/// (`20120423T182543Z`).
/// `None` for anything else, including an instant without offset or one that is not in the calendar.
#[must_use]
pub fn parse(text: &str) -> Option<DateTime<FixedOffset>> {
    read(text).filter(|it| !is_false_leap_second(it) && has_four_digits_everywhere(it))
}

fn read(text: &str) -> Option<DateTime<FixedOffset>> {
    let extended = extended(text);
    let text = extended.as_deref().unwrap_or(text);
    if !is_plain(text) {
        return None;
    }
    if let Ok(instant) = DateTime::parse_from_rfc3339(text) {
        return Some(instant);
    }
    let text = match text.strip_suffix(['Z', 'z']) {
        Some(local) => format!("{local}+00:00"),
        None => text.to_owned(),
    };
    let text = text.replacen(',', ".", 1);
    ["%Y-%m-%dT%H:%M:%S%.f%#z", "%Y-%m-%dT%H:%M%#z"]
        .iter()
        .find_map(|format| DateTime::parse_from_str(&text, format).ok())
}

/// Whether it is a second 60 that cannot exist: leap seconds only come at the end of a half-year, in UTC.
fn is_false_leap_second(instant: &DateTime<FixedOffset>) -> bool {
    let utc = instant.naive_utc();
    let ends_half_year = matches!((utc.month(), utc.day()), (6, 30) | (12, 31));
    let last_minute = (utc.hour(), utc.minute()) == (23, 59);
    // chrono represents a leap second as the previous second with two seconds' worth of nanoseconds.
    utc.nanosecond() >= 1_000_000_000 && !(ends_half_year && last_minute)
}

/// Why a text that [`parse`] does not read is refused, in French, to follow what names it.
#[must_use]
pub fn why_not(text: &str) -> &'static str {
    match read(text) {
        Some(instant) if !has_four_digits_everywhere(&instant) => {
            "n'est pas comprise entre le 2 janvier 0000 et le 30 décembre 9999 (en UTC)"
        }
        _ => "n'est pas une date ISO 8601 avec fuseau, par exemple 2012-04-23T18:25:43.511Z",
    }
}

/// Whether its year has four digits in every time zone; RFC 3339 cannot express any other year.
fn has_four_digits_everywhere(instant: &DateTime<FixedOffset>) -> bool {
    let utc = instant.naive_utc();
    let around = [-TimeDelta::days(1), TimeDelta::days(1)].map(|it| utc.checked_add_signed(it));
    let fits =
        |it: Option<chrono::NaiveDateTime>| it.is_some_and(|it| (0..=9999).contains(&it.year()));
    around.into_iter().all(fits)
}

/// The instant in RFC 3339, the only form that every reader accepts; a text already in that form is unchanged.
/// `None` as for [`parse`].
#[must_use]
pub fn rfc3339(text: &str) -> Option<String> {
    let instant = parse(text)?;
    let strict = DateTime::parse_from_rfc3339(text).is_ok() && !text.contains(['t', 'z', ' ']);
    Some(if strict {
        text.to_owned()
    } else {
        instant.to_rfc3339_opts(SecondsFormat::AutoSi, true)
    })
}

/// One of our own instants, in UTC, to the millisecond.
#[must_use]
pub fn in_utc(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// One of our own instants as shown to users, in UTC, to the second.
#[must_use]
pub fn to_the_second(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// Converts the ISO 8601 basic format (no separators) to the extended one; `None` for any other text.
fn extended(text: &str) -> Option<String> {
    let (date, time) = text.split_once('T')?;
    let digits = time.bytes().take_while(u8::is_ascii_digit).count();
    let basic = date.len() == 8 && date.bytes().all(|it| it.is_ascii_digit());
    if !basic || !matches!(digits, 4 | 6) {
        return None;
    }
    let (year, month, day) = (&date[..4], &date[4..6], &date[6..]);
    let (hour, minute, rest) = (&time[..2], &time[2..4], &time[4..]);
    let colon = if digits == 6 { ":" } else { "" };
    Some(format!("{year}-{month}-{day}T{hour}:{minute}{colon}{rest}"))
}

/// Whether the text has a four-digit year and two-digit fields, which chrono does not enforce.
fn is_plain(text: &str) -> bool {
    const DATE_AND_HOUR: &[u8] = b"0000-00-00T00:00";
    let fits = |(is, wanted): (&u8, &u8)| match wanted {
        b'0' => is.is_ascii_digit(),
        b'T' => matches!(is, b'T' | b't' | b' '),
        other => is == other,
    };
    let text = text.as_bytes();
    let Some((begin, rest)) = text.split_at_checked(DATE_AND_HOUR.len()) else {
        return false;
    };
    let rest_is_plain = rest
        .iter()
        .all(|it| it.is_ascii_digit() || b":.,+-Zz".contains(it));
    begin.iter().zip(DATE_AND_HOUR).all(fits) && rest_is_plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_writing_of_an_instant_becomes_that_of_rfc_3339() {
        for (text, wanted) in [
            ("2012-04-23T18:25:00.000Z", "2012-04-23T18:25:00.000Z"),
            ("2012-04-23T20:25:00+02:00", "2012-04-23T20:25:00+02:00"),
            ("2012-04-23T18:25:00,5Z", "2012-04-23T18:25:00.500Z"),
            ("2012-04-23t18:25:00z", "2012-04-23T18:25:00Z"),
            ("2012-04-23 18:25:00Z", "2012-04-23T18:25:00Z"),
            ("2012-04-23T20:25+02", "2012-04-23T20:25:00+02:00"),
            ("20120423T182500Z", "2012-04-23T18:25:00Z"),
        ] {
            assert_eq!(rfc3339(text).as_deref(), Some(wanted));
        }
        assert_eq!(rfc3339("2012-04-23"), None);
    }

    #[test]
    fn an_instant_of_ours_has_one_form() {
        let at = DateTime::from_timestamp_millis(1_335_205_543_511).unwrap();
        assert_eq!(in_utc(at), "2012-04-23T18:25:43.511Z");
        assert_eq!(to_the_second(at), "2012-04-23T18:25:43Z");
        assert_eq!(rfc3339(&in_utc(at)), Some(in_utc(at)));
    }

    #[test]
    fn every_writing_of_an_instant_is_the_same_instant() {
        let wanted = parse("2012-04-23T18:25:00Z").unwrap();
        for text in [
            "2012-04-23T18:25:00.000Z",
            "2012-04-23T18:25:00,000Z",
            "2012-04-23T18:25Z",
            "2012-04-23T20:25+02",
            "2012-04-23T20:25:00+0200",
            "2012-04-23T20:25:00.0+02:00",
            "20120423T182500Z",
            "20120423T1825Z",
            "20120423T202500.0+0200",
        ] {
            assert_eq!(parse(text), Some(wanted), "{text}");
        }
    }

    #[test]
    fn the_calendar_has_leap_seconds_and_far_years() {
        for text in [
            "2016-12-31T23:59:60Z",
            "2017-01-01T00:59:60+01:00",
            "2015-06-30T23:59:60.5Z",
            "9999-12-30T00:00:00Z",
            "0001-01-01T00:00:00Z",
        ] {
            assert!(parse(text).is_some(), "{text}");
            assert_eq!(rfc3339(text).as_deref(), Some(text));
        }
    }

    #[test]
    fn what_is_out_of_range_is_not_called_malformed() {
        let within = ["0000-01-02T00:00:00Z", "9999-12-30T23:59:59.999Z"];
        for text in within {
            assert!(parse(text).is_some(), "{text}");
        }
        for text in [
            "0000-01-01T23:59:59Z",
            "9999-12-31T00:00:00Z",
            "9999-12-31T22:59:59Z",
            "99991231T235959Z",
        ] {
            assert_eq!(parse(text), None, "{text}");
            assert!(why_not(text).contains("30 décembre 9999"), "{text}");
        }
        for text in [
            "hier",
            "9999-12-31",
            "9999-12-31T23:59:59",
            "2026-03-01T10:15:60Z",
        ] {
            assert_eq!(parse(text), None, "{text}");
            assert!(why_not(text).contains("ISO 8601"), "{text}");
        }
    }

    #[test]
    fn what_is_no_instant_is_not_guessed() {
        for text in [
            "",
            "hier",
            "2012-04-23",
            "2012-04-23T18:25:00",
            "2012-02-30T00:00:00Z",
            "2012-04-23T25:00:00Z",
            "1335205543",
            "2012- 04-23T18:25:43Z",
            "2012-4-3T1:2:3Z",
            "20120423T18Z",
            "20120230T182500Z",
            "2012042T182500Z",
            "20120423T182500",
            " 2012-04-23T18:25:43Z",
            "2012-04-23T18:25:43+02 00",
            "2012-04-23T18:25:43\u{2212}02:00",
            "-0001-01-01T00:00:00Z",
            "2026-03-01T10:15:60Z",
            "2016-12-31T23:59:60+01:00",
            "20160301T235960Z",
            "9999-12-31T23:59:59Z",
            "9999-12-31T23:59:59-01:00",
            "0000-01-01T00:00:00+01:00",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
