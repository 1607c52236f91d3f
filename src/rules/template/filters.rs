//! The filters added to minijinja's own: French dates for every template, and filters that connector files need for
//! other APIs.

use base64_simd::STANDARD;
use chrono::format::{Fixed, Item, Parsed, StrftimeItems};
use chrono::{DateTime, Datelike, FixedOffset, SecondsFormat, TimeZone, Utc};
use chrono_tz::Europe::Paris;
use chrono_tz::Tz;
use hmac::{Hmac, KeyInit, Mac};
use minijinja::value::{Kwargs, Rest, ValueKind};
use minijinja::{Environment, Error, ErrorKind, State, Value};
use regex_lite::Regex;
use sha2::{Digest, Sha256};

use crate::domain::instant;
use crate::rules::calendar::{self, HEURE_DE, JOUR_DE_SEMAINE, MOIS_DE, MONTHS};
use crate::rules::diagnostic::{Listed, suggestion, suggestion_of};

/// The filter for dates to be compared with `"2026-12-31"`.
pub(super) const DATE_ISO: &str = "date_iso";

/// The filters for dates, in the zone Europe/Paris.
pub(super) fn add_dates(environment: &mut Environment<'static>) {
    let mut add = |name, format| {
        // Parsed once: parsing takes as long as formatting the date.
        let format: Vec<Item<'static>> = StrftimeItems::new(format).collect();
        environment.add_filter(name, move |text: String| in_paris(&text, &format));
    };
    add("date", "%d/%m/%Y");
    add("heure", "%H:%M");
    add("date_heure", "%d/%m/%Y à %H:%M");
    // In alphabetical order, the texts of these dates are in the order of the days.
    add(DATE_ISO, "%Y-%m-%d");
    environment.add_filter("date_longue", |text: String| long_date(&text));
    // Scripts have functions with the same names.
    environment.add_filter(HEURE_DE, |text: String| {
        on_clocks(&text).map(|it| calendar::hour(&it))
    });
    environment.add_filter(MOIS_DE, |text: String| {
        on_clocks(&text).map(|it| calendar::month(&it))
    });
    environment.add_filter(JOUR_DE_SEMAINE, |text: String| {
        on_clocks(&text).map(|it| calendar::weekday(&it))
    });
}

/// The filters for the requests and responses of an API.
pub(super) fn add_for_requests(environment: &mut Environment<'static>) {
    environment.add_filter(
        "format_date",
        |text: String, format: String, zone: Kwargs| format_date(&text, &format, &zone),
    );
    environment.add_filter("lire_date", |text: String, format: String, zone: Kwargs| {
        read_date(&text, &format, &zone)
    });
    environment.add_filter("horodatage", |text: String| {
        parse(&text).map(|it| it.timestamp())
    });
    environment.add_filter("depuis_horodatage", |number: Value| from_timestamp(&number));
    environment.add_filter("base64", |text: String| STANDARD.encode_to_string(text));
    environment.add_filter("sha256", |text: String| hex::encode(Sha256::digest(text)));
    environment.add_filter("hmac_sha256", |text: String, key: String| {
        let mac = Hmac::<Sha256>::new_from_slice(key.as_bytes());
        let mac = mac.map_err(|error| wrong(error.to_string()))?;
        Ok::<_, Error>(hex::encode(mac.chain_update(text).finalize().into_bytes()))
    });
    environment.add_filter("motif", |text: String, pattern: String| {
        extract(&text, &pattern)
    });
    environment.add_filter("tronquer", |text: String, length: usize| {
        text.chars().take(length).collect::<String>()
    });
    environment.add_filter("table", table);
}

/// An instant in the default format. Fractions of a second are kept: they order changes within one second.
fn iso(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

fn wrong(what: String) -> Error {
    Error::new(ErrorKind::InvalidOperation, what)
}

/// The first group of the pattern, or the whole match; `none` if it does not match.
fn extract(text: &str, pattern: &str) -> Result<Value, Error> {
    let pattern = Regex::new(pattern)
        .map_err(|_| wrong(format!("« {pattern} » n'est pas une expression régulière")))?;
    let found = pattern
        .captures(text)
        .and_then(|it| it.get(1).or(it.get(0)));
    Ok(found.map_or_else(|| Value::from(()), |it| Value::from(it.as_str())))
}

/// A name that no text can use, set if the values are a sample's; see [`table`].
pub(super) const OF_A_SAMPLE: &str = "(exemple)";

/// Looks a word up in one of the file's tables. The words of a sample are ours: if a landlord's table lacks one, its
/// first value is used instead.
fn table(state: &State<'_, '_>, word: &Value, name: &str, or: Rest<Value>) -> Result<Value, Error> {
    // An optional argument would take `none` for a missing argument.
    let or = or.0.into_iter().next();
    let tables = state.lookup("tables").unwrap_or_default();
    let table = tables.get_attr(name)?;
    if table.is_undefined() {
        let known: Vec<String> = keys(&tables);
        return Err(wrong(no_table(name, known.iter().map(String::as_str))));
    }
    let key = word.to_string();
    let found = table.get_attr(&key)?;
    if !found.is_undefined() {
        return Ok(found);
    }
    let of_a_sample = state.lookup(OF_A_SAMPLE).is_some();
    let first = || table.try_iter().ok()?.next();
    if let Some(first) = first().filter(|_| of_a_sample && or.is_none()) {
        return table.get_item(&first);
    }
    or.ok_or_else(|| {
        let known = keys(&table);
        let near = suggestion(&key, known.iter().map(String::as_str));
        wrong(format!("la table « {name} » n'a pas « {key} » ; {near}"))
    })
}

/// What is wrong with an unknown table name.
pub(super) fn no_table<'k>(name: &str, known: impl IntoIterator<Item = &'k str> + Clone) -> String {
    let near = suggestion_of(Listed::Names, name, known);
    format!("il n'y a pas de table « {name} » ; {near}")
}

fn keys(map: &Value) -> Vec<String> {
    if map.kind() != ValueKind::Map {
        return Vec::new();
    }
    let keys = map.try_iter().into_iter().flatten();
    keys.map(|it| it.to_string()).collect()
}

/// Whether the `zone` argument asks for Paris; the default is UTC.
fn paris(zone: &Kwargs) -> Result<bool, Error> {
    let zone: Option<String> = zone.get("zone")?;
    match zone.as_deref() {
        None | Some("UTC") => Ok(false),
        Some("Paris" | "Europe/Paris") => Ok(true),
        Some(other) => Err(wrong(unknown_zone(other))),
    }
}

fn unknown_zone(zone: &str) -> String {
    format!("zone inconnue « {zone} » : valeurs connues : UTC, Paris")
}

fn no_format(format: &str) -> String {
    format!("« {format} » n'est pas un format de date")
}

/// What is wrong with a date format that reads the name of a time zone: the name is skipped, whatever it is.
pub(super) fn fault_of_zone_name(format: &str) -> Option<&'static str> {
    let name = Item::Fixed(Fixed::TimezoneName);
    StrftimeItems::new(format).any(|it| it == name).then_some(
        "avec %Z, le nom du fuseau (« CET ») n'est pas lu, et l'heure serait comprise en UTC : ajoutez zone='Paris' si elle est toujours celle de Paris (ou zone='UTC'), ou remplacez %Z par %z si l'API écrit « +0100 »",
    )
}

/// What is wrong with the arguments of `format_date` and `lire_date`, whatever the date.
pub(super) fn fault_of_date(format: &str, zone: Option<&str>) -> Option<String> {
    let known = [None, Some("UTC"), Some("Paris"), Some("Europe/Paris")];
    let is_wrong = StrftimeItems::new(format).any(|it| it == Item::Error);
    let of_format = is_wrong.then(|| no_format(format));
    let of_zone = || zone.filter(|_| !known.contains(&zone)).map(unknown_zone);
    of_format.or_else(of_zone)
}

fn format_date(text: &str, format: &str, zone: &Kwargs) -> Result<String, Error> {
    use std::fmt::Write;
    let paris = paris(zone)?;
    zone.assert_all_used()?;
    let at = parse(text)?;
    let mut written = String::new();
    let done = if paris {
        write!(written, "{}", at.with_timezone(&Paris).format(format))
    } else {
        write!(written, "{}", at.with_timezone(&Utc).format(format))
    };
    // chrono only reports an unknown format when it writes.
    done.map_err(|_| wrong(no_format(format)))?;
    Ok(written)
}

/// Converts an API's date to an ISO 8601 instant.
fn read_date(text: &str, format: &str, zone: &Kwargs) -> Result<String, Error> {
    let paris = paris(zone)?;
    zone.assert_all_used()?;
    let no_date = || wrong(format!("« {text} » n'est pas une date « {format} »"));
    let mut parsed = Parsed::new();
    chrono::format::parse(&mut parsed, text, StrftimeItems::new(format)).map_err(|_| no_date())?;
    // Without its time, a date is the beginning of that day; without its minutes, of that hour.
    if parsed.timestamp().is_none() && parsed.minute().is_none() {
        if parsed.hour_div_12().is_none() && parsed.hour_mod_12().is_none() {
            parsed.set_hour(0).map_err(|_| no_date())?;
        }
        parsed.set_minute(0).map_err(|_| no_date())?;
    }
    if parsed.offset().is_some() {
        let at = parsed.to_datetime().map_err(|_| no_date())?;
        return Ok(iso(at.with_timezone(&Utc)));
    }
    let local = parsed.to_naive_datetime_with_offset(0);
    let local = local.map_err(|_| no_date())?;
    let at = if paris {
        // Of the hour that occurs twice in autumn, the first one is taken.
        let at = Paris.from_local_datetime(&local).earliest();
        at.map(|it| it.with_timezone(&Utc))
    } else {
        Some(local.and_utc())
    };
    let at = at.ok_or_else(|| wrong(format!("« {text} » n'existe pas à Paris")))?;
    Ok(iso(at))
}

/// Converts a timestamp in seconds or milliseconds, given as a number or as a text.
fn from_timestamp(number: &Value) -> Result<String, Error> {
    /// As seconds, this would be the year 5138.
    const LEAST_MILLIS: u64 = 100_000_000_000;
    let text = number.to_string();
    let (whole, part) = text.split_once('.').unwrap_or((text.as_str(), ""));
    let number: Option<i64> = whole.trim().parse().ok();
    let at = number.and_then(|number| {
        if number.unsigned_abs() < LEAST_MILLIS {
            let part: i64 = format!("{part:0<3.3}").parse().unwrap_or_default();
            DateTime::from_timestamp_millis(number * 1_000 + number.signum() * part)
        } else {
            DateTime::from_timestamp_millis(number)
        }
    });
    let at = at.ok_or_else(|| wrong(format!("« {text} » n'est pas un nombre de secondes")))?;
    Ok(iso(at))
}

fn parse(text: &str) -> Result<DateTime<FixedOffset>, Error> {
    instant::parse(text).ok_or_else(no_date)
}

fn no_date() -> Error {
    let wanted = "ce filtre attend une date ISO 8601";
    Error::new(ErrorKind::InvalidOperation, wanted)
}

fn in_paris(text: &str, format: &[Item<'_>]) -> Result<String, Error> {
    let at = on_clocks(text)?;
    Ok(at.format_with_items(format.iter()).to_string())
}

/// A date in words, with the day of the week.
pub(super) fn long_date(text: &str) -> Result<String, Error> {
    let date = on_clocks(text)?;
    let weekday = calendar::weekday(&date);
    let month = MONTHS[date.month0() as usize];
    let day = match date.day() {
        1 => "1er".to_owned(),
        day => day.to_string(),
    };
    Ok(format!("{weekday} {day} {month} {}", date.year()))
}

fn on_clocks(text: &str) -> Result<DateTime<Tz>, Error> {
    calendar::in_paris(text).ok_or_else(no_date)
}
