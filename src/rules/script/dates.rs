//! What scripts can ask of a date: the hour, the day of the week and the month in Paris, whatever zone SoWell wrote it
//! in. The engine has nothing of the kind.

use chrono::DateTime;
use chrono_tz::Tz;
use rhai::{Dynamic, Engine, EvalAltResult, ImmutableString};

use super::words;
use crate::rules::calendar::{self, HEURE_DE, JOUR_DE_SEMAINE, MOIS_DE};

/// Gives the engine these functions. Each takes any value, to say in French what is wrong with one that is no date.
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
