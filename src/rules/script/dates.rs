//! Date functions for scripts: the hour, the day of the week and the month in Paris, whatever the zone of SoWell's
//! date. The engine has no such functions.

use chrono::DateTime;
use chrono_tz::Tz;
use rhai::{Dynamic, Engine, EvalAltResult, ImmutableString};

use super::words;
use crate::rules::calendar::{self, HEURE_DE, JOUR_DE_SEMAINE, MOIS_DE};

/// Registers these functions. Each accepts any value, so that a value that is not a date gets an error in French.
pub(super) fn add(engine: &mut Engine) {
    engine
        .register_fn(HEURE_DE, |date: Dynamic| {
            read(HEURE_DE, &date).map(|it| calendar::hour(&it))
        })
        .register_fn(MOIS_DE, |date: Dynamic| {
            read(MOIS_DE, &date).map(|it| calendar::month(&it))
        })
        .register_fn(JOUR_DE_SEMAINE, |date: Dynamic| {
            read(JOUR_DE_SEMAINE, &date).map(|it| ImmutableString::from(calendar::weekday(&it)))
        });
}

fn read(function: &str, date: &Dynamic) -> Result<DateTime<Tz>, Box<EvalAltResult>> {
    let text = date.read_lock::<ImmutableString>();
    let given = match text.as_deref() {
        Some(text) => match calendar::in_paris(text) {
            Some(at) => return Ok(at),
            None => format!("« {text} » n'en est pas une"),
        },
        None => {
            let kind = words::of_kind(date.type_name());
            format!("ici, c'est {kind}")
        }
    };
    let message =
        format!("« {function} » demande une date, comme signalement.date_creation ; {given}");
    Err(message.into())
}
