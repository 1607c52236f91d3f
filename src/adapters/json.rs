//! JSON as it was received: strings are borrowed from the request, nothing is lost, and a key
//! that is given twice is noticed.

mod digits;
mod object;
mod places;
mod read;
mod slips;
mod unreadable;

use std::borrow::Cow;
use std::ops::Range;

use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};
use serde_json::value::RawValue;
use serde_json::{Number, Value};

pub use object::Object;
pub use unreadable::Unreadable;

/// A JSON value that borrows from the body.
#[derive(Debug, Clone, PartialEq)]
pub enum Json<'a> {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number.
    Number(Number),
    /// A number that this cannot hold, for its digits or for its size: the nearest one, and what was sent.
    Long(Number, &'a str),
    /// A string; borrowed where it holds no escape.
    Text(Cow<'a, str>),
    /// An array.
    List(Vec<Json<'a>>),
    /// An object, in the order received, repeated keys included.
    Object(Vec<(Cow<'a, str>, Json<'a>)>),
}

impl Json<'_> {
    /// The value on its own, for what outlives the request. Rules compute with it, so that a number is the nearest
    /// one that they can compute with, and NUL is U+FFFD: neither PostgreSQL nor most partners keep a text with NUL.
    #[must_use]
    pub fn to_value(&self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Bool(it) => Value::Bool(*it),
            Self::Number(it) | Self::Long(it, _) => Value::Number(it.clone()),
            Self::Text(it) => Value::String(without_nul(it)),
            Self::List(items) => Value::Array(items.iter().map(Json::to_value).collect()),
            Self::Object(entries) => entries
                .iter()
                .map(|(key, value)| (without_nul(key), value.to_value()))
                .collect(),
        }
    }
}

/// A text of an unknown key, or its name, as rules see it.
pub fn without_nul(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

impl Serialize for Json<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(it) => serializer.serialize_bool(*it),
            Self::Number(it) => it.serialize(serializer),
            Self::Long(_, digits) => serde_json::from_str::<&RawValue>(digits)
                .map_err(serde::ser::Error::custom)?
                .serialize(serializer),
            Self::Text(it) => serializer.serialize_str(it),
            Self::List(items) => {
                let mut list = serializer.serialize_seq(Some(items.len()))?;
                for item in items {
                    list.serialize_element(item)?;
                }
                list.end()
            }
            Self::Object(entries) => {
                let mut map = serializer.serialize_map(Some(entries.len()))?;
                for (key, value) in entries {
                    map.serialize_entry(key, value)?;
                }
                map.end()
            }
        }
    }
}

/// Where the part stands in the whole, if it does: a text that was written with escapes is a copy.
pub fn place(part: &str, whole: &[u8]) -> Option<Range<usize>> {
    let start = part.as_ptr().addr().checked_sub(whole.as_ptr().addr())?;
    let end = start.checked_add(part.len())?;
    (end <= whole.len()).then_some(start..end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_is_written_as_it_came() {
        let text = r#"{"z":[1,-2,3.5,null,true],"a":{"é":"L'été \"🚨\""}}"#;
        let json = Json::parse(text.as_bytes()).unwrap();
        assert_eq!(serde_json::to_string(&json).unwrap(), text);
    }
}
