//! JSON as it was received: strings are borrowed from the request, nothing is lost, and a key
//! that is given twice is noticed.

use std::borrow::Cow;
use std::cell::Cell;
use std::collections::HashSet;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};
use serde_json::{Number, Value};

use crate::domain::fault::pointer_to;

/// Values in one body; a signalement has a few dozen. Bounds memory where a body is all brackets.
const MAX_VALUES: usize = 200_000;
/// What the parser says of a body that exceeds it.
const TOO_MANY_VALUES: &str = "too many values";
/// Objects and lists in one another; less than the 127 that serde_json reads, since what is kept stands in
/// another document and is read again.
const MAX_DEPTH: usize = 100;
/// What the parser says of a body that exceeds it.
const TOO_DEEP: &str = "too deep";
/// Keys that are given twice, and told of. Whoever gives more has to look anyway.
const MAX_REPEATED: usize = 20;

/// A JSON value that borrows from the body.
#[derive(Debug, Clone, PartialEq)]
pub enum Json<'a> {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number.
    Number(Number),
    /// A string; borrowed where it holds no escape.
    Text(Cow<'a, str>),
    /// An array.
    List(Vec<Json<'a>>),
    /// An object, in the order received, repeated keys included.
    Object(Vec<(Cow<'a, str>, Json<'a>)>),
}

/// One step of the way to a value.
enum Step<'j> {
    Item(usize),
    Key(&'j str),
}

impl Step<'_> {
    fn pointer(&self) -> String {
        match self {
            Self::Item(index) => format!("/{index}"),
            Self::Key(key) => pointer_to(key),
        }
    }
}

impl<'a> Json<'a> {
    /// Reads one document.
    ///
    /// # Errors
    /// The reason, in French, where it is not JSON in UTF-8, or holds more, or deeper, than can be kept.
    pub fn parse(body: &'a [u8]) -> Result<Self, String> {
        let left = Cell::new(MAX_VALUES);
        let mut deserializer = serde_json::Deserializer::from_slice(body);
        let seed = Seed {
            left: &left,
            depth: 0,
        };
        let value = seed.deserialize(&mut deserializer);
        value
            .and_then(|value| deserializer.end().map(|()| value))
            .map_err(|error| explain(&error))
    }

    /// Pointers of the keys that are given twice in the same object, at any depth: the first
    /// [`MAX_REPEATED`] of them.
    #[must_use]
    pub fn repeated_keys(&self) -> Vec<String> {
        let mut found = Vec::new();
        self.find_repeated(&mut Vec::new(), &mut found);
        found
    }

    fn find_repeated<'j>(&'j self, at: &mut Vec<Step<'j>>, found: &mut Vec<String>) {
        match self {
            Self::List(items) => {
                for (index, item) in items.iter().enumerate() {
                    at.push(Step::Item(index));
                    item.find_repeated(at, found);
                    at.pop();
                }
            }
            Self::Object(entries) => {
                let mut seen = HashSet::with_capacity(entries.len());
                for (key, value) in entries {
                    if found.len() == MAX_REPEATED {
                        return;
                    }
                    at.push(Step::Key(key));
                    value.find_repeated(at, found);
                    if !seen.insert(key) {
                        let pointer: String = at.iter().map(Step::pointer).collect();
                        // It may come a third time.
                        if !found.contains(&pointer) {
                            found.push(pointer);
                        }
                    }
                    at.pop();
                }
            }
            _ => {}
        }
    }

    /// The value on its own, for what outlives the request.
    #[must_use]
    pub fn to_value(&self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Bool(it) => Value::Bool(*it),
            Self::Number(it) => Value::Number(it.clone()),
            Self::Text(it) => Value::String(it.clone().into_owned()),
            Self::List(items) => Value::Array(items.iter().map(Json::to_value).collect()),
            Self::Object(entries) => entries
                .iter()
                .map(|(key, value)| (key.clone().into_owned(), value.to_value()))
                .collect(),
        }
    }
}

impl Serialize for Json<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(it) => serializer.serialize_bool(*it),
            Self::Number(it) => it.serialize(serializer),
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

/// Why a body was not taken. Much that is refused here is JSON all the same, and whoever looks for
/// a missing bracket would look in vain.
fn explain(error: &serde_json::Error) -> String {
    let words = error.to_string();
    let what = if words.starts_with(TOO_DEEP) {
        format!("le corps a plus de {MAX_DEPTH} niveaux d'imbrication")
    } else if words.starts_with(TOO_MANY_VALUES) {
        format!("le corps a plus de {MAX_VALUES} valeurs")
    } else if words.starts_with("number out of range") {
        "un nombre est trop grand".to_owned()
    } else {
        "le corps n'est pas du JSON valide".to_owned()
    };
    let (line, column) = (error.line(), error.column());
    format!("{what} (ligne {line}, colonne {column})")
}

/// Reads one value and counts it.
#[derive(Clone, Copy)]
struct Seed<'c> {
    left: &'c Cell<usize>,
    depth: usize,
}

impl Seed<'_> {
    /// For what stands in a list or an object.
    fn inside<E: Error>(self) -> Result<Self, E> {
        if self.depth == MAX_DEPTH {
            return Err(E::custom(TOO_DEEP));
        }
        Ok(Self {
            depth: self.depth + 1,
            ..self
        })
    }
}

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Json<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Json<'de>, D::Error> {
        let left = self
            .left
            .get()
            .checked_sub(1)
            .ok_or_else(|| D::Error::custom(TOO_MANY_VALUES))?;
        self.left.set(left);
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Json<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Json<'de>, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, it: bool) -> Result<Json<'de>, E> {
        Ok(Json::Bool(it))
    }

    fn visit_i64<E>(self, it: i64) -> Result<Json<'de>, E> {
        Ok(Json::Number(it.into()))
    }

    fn visit_u64<E>(self, it: u64) -> Result<Json<'de>, E> {
        Ok(Json::Number(it.into()))
    }

    fn visit_f64<E: Error>(self, it: f64) -> Result<Json<'de>, E> {
        Number::from_f64(it)
            .map(Json::Number)
            .ok_or_else(|| E::custom("a number out of range"))
    }

    fn visit_borrowed_str<E>(self, it: &'de str) -> Result<Json<'de>, E> {
        Ok(Json::Text(Cow::Borrowed(it)))
    }

    fn visit_str<E>(self, it: &str) -> Result<Json<'de>, E> {
        Ok(Json::Text(Cow::Owned(it.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Json<'de>, A::Error> {
        let inside = self.inside()?;
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(inside)? {
            list.push(item);
        }
        Ok(Json::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Json<'de>, A::Error> {
        let inside = self.inside()?;
        let mut map = Vec::new();
        while let Some(key) = entries.next_key_seed(KeySeed)? {
            map.push((key, entries.next_value_seed(inside)?));
        }
        Ok(Json::Object(map))
    }
}

/// Reads a key, borrowed where it can be.
struct KeySeed;

impl<'de> DeserializeSeed<'de> for KeySeed {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for KeySeed {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_borrowed_str<E>(self, it: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(it))
    }

    fn visit_str<E>(self, it: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(it.to_owned()))
    }
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

    #[test]
    fn repeated_keys_are_found_at_any_depth() {
        let json = Json::parse(br#"{"a":1,"b":[{"c/d":1,"c/d":2}],"a":2,"a":3}"#).unwrap();
        assert_eq!(json.repeated_keys(), ["/b/0/c~1d", "/a"]);
        let many: Vec<String> = (0..100_000).map(|it| format!("\"{}\":0", it / 2)).collect();
        let many = format!("{{{}}}", many.join(","));
        let json = Json::parse(many.as_bytes()).unwrap();
        assert_eq!(json.repeated_keys().len(), MAX_REPEATED);
    }

    #[test]
    fn what_is_kept_can_be_read_again_inside_another() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        let text = nested(MAX_DEPTH);
        assert!(Json::parse(text.as_bytes()).is_ok());
        let around = format!("{}{text}{}", "[".repeat(10), "]".repeat(10));
        assert!(serde_json::from_str::<Value>(&around).is_ok());
        let error = Json::parse(nested(MAX_DEPTH + 1).as_bytes()).unwrap_err();
        assert!(error.contains("100 niveaux"), "{error}");
    }

    #[test]
    fn what_would_fill_the_memory_is_refused() {
        let wide = format!("[{}1]", "1,".repeat(MAX_VALUES));
        let error = Json::parse(wide.as_bytes()).unwrap_err();
        assert!(error.contains("200000 valeurs"), "{error}");
        let deep = "[".repeat(100_000);
        let error = Json::parse(deep.as_bytes()).unwrap_err();
        assert!(error.contains("imbrication"), "{error}");
        let error = Json::parse(b"[1e400]").unwrap_err();
        assert!(error.contains("trop grand"), "{error}");
        assert!(Json::parse(b"{} {}").is_err());
        assert!(Json::parse(b"\"\\ud83d\"").is_err());
    }
}
