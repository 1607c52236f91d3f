//! Converts values to and from scripts.

use rhai::{Dynamic, ImmutableString, Map};
use serde_json::{Number, Value};

use crate::rules::view::Shown;

/// Converts a value for a script.
pub(super) fn to_script(shown: Shown<'_>) -> Dynamic {
    match shown {
        Shown::Nothing => Dynamic::UNIT,
        Shown::Text(it) => Dynamic::from(ImmutableString::from(it)),
        Shown::Flag(it) => Dynamic::from_bool(it),
        Shown::Count(it) => Dynamic::from_int(i64::try_from(it).unwrap_or(i64::MAX)),
        Shown::Json(it) => of_json(it),
        Shown::Fields(all) | Shown::Entries(all) => {
            // Inserted one at a time: `collect` would first sort them in a separate list.
            let mut map = Map::new();
            for (key, it) in all {
                map.insert(key.into(), to_script(it));
            }
            Dynamic::from_map(map)
        }
    }
}

fn of_json(value: &Value) -> Dynamic {
    match value {
        Value::Null => Dynamic::UNIT,
        Value::Bool(it) => Dynamic::from_bool(*it),
        Value::Number(it) => match it.as_i64() {
            Some(integer) => Dynamic::from_int(integer),
            None => Dynamic::from_float(it.as_f64().unwrap_or(f64::NAN)),
        },
        Value::String(it) => to_script(Shown::Text(it)),
        Value::Array(items) => Dynamic::from_array(items.iter().map(of_json).collect()),
        Value::Object(entries) => {
            let all = entries.iter().map(|(key, it)| (key.into(), of_json(it)));
            Dynamic::from_map(all.collect())
        }
    }
}

pub(super) fn from_script(value: Dynamic) -> Value {
    if value.is_unit() {
        Value::Null
    } else if let Ok(it) = value.as_bool() {
        Value::Bool(it)
    } else if let Ok(it) = value.as_int() {
        Value::from(it)
    } else if let Ok(it) = value.as_float() {
        Number::from_f64(it).map_or(Value::Null, Value::Number)
    } else if value.is_array() {
        let items = value.into_array().unwrap_or_default();
        Value::Array(items.into_iter().map(from_script).collect())
    } else if value.is_map() {
        let entries = value.try_cast::<Map>().unwrap_or_default();
        entries
            .into_iter()
            .map(|(key, value)| (key.to_string(), from_script(value)))
            .collect()
    } else {
        Value::String(value.to_string())
    }
}
