//! Parses single values of the settings from their texts.

use std::time::Duration;

use percent_encoding::percent_decode_str;
use tracing_subscriber::EnvFilter;

use crate::settings::Rate;
use crate::settings::written::did_you_mean;

/// The log levels, quietest first.
const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];

/// Parses a wait.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    humantime::parse_duration(text)
        .ok()
        .filter(|it| !it.is_zero() && *it <= Duration::from_hours(8784))
        .ok_or_else(|| "is not a duration, such as 500ms, 15m or 7d".into())
}

/// Parses a retention period; it may be longer than a wait, since laws require years.
pub(super) fn retention(text: &str) -> Result<Option<Duration>, String> {
    const LONGEST: Duration = Duration::from_hours(100 * 8784);
    if text == "forever" {
        return Ok(None);
    }
    humantime::parse_duration(text)
        .ok()
        .filter(|it| !it.is_zero() && *it <= LONGEST)
        .map(Some)
        .ok_or_else(|| "is neither a duration, such as 90d or 3y, nor forever".into())
}

/// Parses a size; zero is refused, since no signalement could be sent.
pub(super) fn bytes(text: &str) -> Result<usize, String> {
    let size = text.parse::<bytesize::ByteSize>().ok();
    size.and_then(|size| usize::try_from(size.as_u64()).ok())
        .filter(|it| *it > 0)
        .ok_or_else(|| "is not a positive size, such as 16 MiB".to_owned())
}

/// The key in a secret of Standard Webhooks; an empty one is refused, since anyone could sign with it.
#[must_use]
pub fn signing_key(secret: &str) -> Option<Vec<u8>> {
    let key = secret.strip_prefix("whsec_").unwrap_or(secret);
    let key = base64_simd::STANDARD.decode_to_vec(key).ok()?;
    (!key.is_empty()).then_some(key)
}

/// Parses a number of pixels.
pub(super) fn pixels(text: &str) -> Result<u64, String> {
    let compact: String = text.chars().filter(|it| !it.is_whitespace()).collect();
    let lower = compact.to_lowercase();
    let (number, unit) = match lower.strip_suffix("mpx") {
        Some(number) => (number, 1_000_000),
        None => (lower.strip_suffix("px").unwrap_or(&lower), 1),
    };
    number
        .parse::<u64>()
        .ok()
        .and_then(|number| number.checked_mul(unit))
        .filter(|it| *it > 0)
        .ok_or_else(|| "is not a positive number of pixels, such as 100 Mpx".into())
}

/// Parses a request rate.
pub(super) fn rate(text: &str) -> Result<Rate, String> {
    let wrong = || "is not a rate, such as 600/min".to_owned();
    let (requests, span) = text.split_once('/').ok_or_else(wrong)?;
    let per = match span.trim() {
        "s" | "sec" | "second" => 1,
        "m" | "min" | "minute" => 60,
        "h" | "hour" => 3600,
        _ => return Err(wrong()),
    };
    let requests: u32 = requests.trim().parse().map_err(|_| wrong())?;
    if requests == 0 {
        return Err(wrong());
    }
    Ok(Rate {
        requests,
        per: Duration::from_secs(per),
    })
}

/// Modules that may be named without a level, to log all their events: ours, and those it depends on.
const MODULES: [&str; 6] = ["passerelle", "hyper", "lettre", "reqwest", "rustls", "sqlx"];

/// Checks a log filter.
pub(super) fn directives(text: &str) -> Result<String, String> {
    // In this syntax a bare word is a module's name, so a typo in a level would silence everything.
    for word in text.split(',').map(str::trim) {
        let level = word.rsplit('=').next().unwrap_or(word);
        if !LEVELS.iter().any(|it| it.eq_ignore_ascii_case(level)) {
            let near = did_you_mean(level, LEVELS);
            let module = word.contains('=') || word.contains("::") || MODULES.contains(&word);
            if !near.is_empty() || !module {
                return Err(format!("is not a log level{near}"));
            }
        }
    }
    match text.parse::<EnvFilter>() {
        Ok(_) => Ok(text.to_owned()),
        Err(_) => Err("is not a log level, such as info or warn,passerelle=debug".into()),
    }
}
/// Parses the prefix of object names as the path of a URL, in which `%20` is a space. The result is what S3
/// tools show.
pub(super) fn key_prefix(path: &str) -> Result<String, String> {
    const WRONG: &str = "has a prefix that no object's name can begin with: between its slashes there must be something \
                         other than . and .., without control characters; ? and # are written %3F and %23";
    let path = path.trim_matches('/');
    if path.contains(['?', '#']) {
        return Err(WRONG.into());
    }
    let prefix = percent_decode_str(path).decode_utf8();
    let prefix = prefix.map_err(|_| "has a prefix that is not UTF-8")?;
    let mut parts = prefix.split('/');
    let fits = |it: &str| !matches!(it, "" | "." | "..") && !it.contains(char::is_control);
    if prefix.is_empty() || parts.all(fits) {
        Ok(prefix.into_owned())
    } else {
        Err(WRONG.into())
    }
}
