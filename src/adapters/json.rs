//! JSON as received: strings are borrowed from the request, nothing is lost, and repeated keys are detected.

mod canonical;
mod digits;
mod object;
mod read;
mod repeated;
mod slips;
mod unreadable;

use std::borrow::Cow;
use std::ops::Range;

use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};
use serde_json::value::RawValue;
use serde_json::{Number, Value};

pub use object::{LINE_BREAKS, Object};
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
    /// A number that [`Number`] cannot hold exactly, or at all: the nearest one, and the digits as sent.
    Long(Number, &'a str),
    /// A string; borrowed if it contains no escape.
    Text(Cow<'a, str>),
    /// An array.
    List(Vec<Json<'a>>),
    /// An object, in the order received, repeated keys included.
    Object(Vec<(Cow<'a, str>, Json<'a>)>),
}

impl Json<'_> {
    /// An owned value that can outlive the request. Rules compute with it, so each number is the nearest one that
    /// they can compute with, and NUL becomes U+FFFD: neither PostgreSQL nor most partners can store a text with
    /// NUL.
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

/// An unknown key, or its text, as rules see it.
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

/// The position of the part within the whole, if it is a slice of it: a text written with escapes is a copy.
pub fn place(part: &str, whole: &[u8]) -> Option<Range<usize>> {
    let start = part.as_ptr().addr().checked_sub(whole.as_ptr().addr())?;
    let end = start.checked_add(part.len())?;
    (end <= whole.len()).then_some(start..end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_written_back_as_it_was_read() {
        let text = r#"{"z":[1,-2,3.5,null,true],"a":{"é":"L'été \"🚨\""}}"#;
        let json = Json::parse(text.as_bytes()).unwrap();
        assert_eq!(serde_json::to_string(&json).unwrap(), text);
    }
}
