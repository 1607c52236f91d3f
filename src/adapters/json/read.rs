//! Parses a body into a tree, within limits far above any signalement.

use std::borrow::Cow;
use std::cell::Cell;
use std::collections::HashSet;
use std::fmt;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::Number;
use serde_json::value::RawValue;

use super::digits::{Way, beyond_size, is_exact};
use super::slips::slip;
use super::{Json, Unreadable};
use crate::rules::place::{offset, place_of};

/// The byte order mark, which some programs put before a text; RFC 8259 lets a parser ignore it.
const MARK: &[u8] = "\u{feff}".as_bytes();
/// The most values in one body; a signalement has a few dozen. Limits memory for a body made of brackets.
const MAX_VALUES: usize = 200_000;
/// The parser's error for a body that exceeds it.
const TOO_MANY_VALUES: &str = "too many values";
/// The deepest nesting of objects and lists. Less than the 127 that serde_json accepts, since stored values are
/// embedded in another document and parsed again.
const MAX_DEPTH: usize = 100;
/// The parser's error for a body that exceeds it.
const TOO_DEEP: &str = "too deep";
/// The parser's error for a number too large for the processor.
const OUT_OF_RANGE: &str = "number out of range";

impl<'a> Json<'a> {
    /// Parses one document.
    ///
    /// # Errors
    /// Why it cannot be read: it is not JSON in UTF-8, or exceeds a limit.
    pub fn parse(body: &'a [u8]) -> Result<Self, Unreadable> {
        let body = body.strip_prefix(MARK).unwrap_or(body);
        if body.trim_ascii().is_empty() {
            return Err(Unreadable::Empty);
        }
        let mut parsed = read(body, &HashSet::new());
        if matches!(&parsed, Err(error) if error.to_string().starts_with(OUT_OF_RANGE)) {
            // This is still valid JSON: those numbers are read by their digits alone.
            parsed = read(body, &beyond_size(body));
        }
        parsed.map_err(|error| explain(&error, body))
    }
}

/// Parses one document; the values listed in `beyond` are numbers too large for the parser.
fn read<'a>(body: &'a [u8], beyond: &HashSet<usize>) -> serde_json::Result<Json<'a>> {
    let way = Way::through(body);
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    let seed = Seed {
        way: &way,
        beyond,
        left: &Cell::new(MAX_VALUES),
        depth: 0,
    };
    let value = seed.deserialize(&mut deserializer)?;
    deserializer.end().map(|()| value)
}

/// A number out of range: the nearest one, and its digits.
fn by_digits(digits: &str) -> Json<'_> {
    let nearest = if digits.starts_with('-') {
        f64::MIN
    } else {
        f64::MAX
    };
    // Both constants are finite, so there is a number for each.
    Number::from_f64(nearest).map_or(Json::Null, |it| Json::Long(it, digits))
}

/// Why a body was refused. Some of what is refused is valid JSON, so the message must not send people looking for a
/// missing bracket.
fn explain(error: &serde_json::Error, body: &[u8]) -> Unreadable {
    // To the parser, text in another encoding looks like a missing bracket.
    if is_utf16(body) {
        return Unreadable::Utf16;
    }
    let text = match std::str::from_utf8(body) {
        Ok(text) => text,
        Err(error) => {
            let (valid, _) = body.split_at(error.valid_up_to());
            let valid = String::from_utf8_lossy(valid);
            return Unreadable::NotUtf8(place_of(&valid, valid.len()));
        }
    };
    let at = stop(error, text);
    let words = error.to_string();
    if words.starts_with(TOO_DEEP) {
        let what = format!("a plus de {MAX_DEPTH} niveaux d'imbrication");
        Unreadable::TooMuch(what, place_of(text, at))
    } else if words.starts_with(TOO_MANY_VALUES) {
        let what = format!("a plus de {MAX_VALUES} valeurs");
        Unreadable::TooMuch(what, place_of(text, at))
    } else {
        let slip = slip(text, at, &words);
        let (at, remedy) = slip.map_or((at, None), |(at, remedy)| (at, Some(remedy)));
        Unreadable::not_json(text, (at, remedy))
    }
}

/// The offset of the character at which the parser stopped. It counts bytes within a line, and reports a line break
/// inside a text as part of the next line.
fn stop(error: &serde_json::Error, text: &str) -> usize {
    let line = u32::try_from(error.line()).unwrap_or(u32::MAX);
    let begin = offset(text, (line, 1)).unwrap_or(text.len());
    let at = (begin + error.column()).saturating_sub(1).min(text.len());
    if error.is_eof() {
        return text.len();
    }
    let before = |it: usize| (0..=it).rev().find(|it| text.is_char_boundary(*it));
    before(at).unwrap_or(0)
}

/// Whether a JSON body is in UTF-16, with or without a byte order mark: its first character is ASCII.
fn is_utf16(body: &[u8]) -> bool {
    matches!(
        body,
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [0, _, ..] | [_, 0, ..]
    )
}

/// Reads one value and counts it.
#[derive(Clone, Copy)]
struct Seed<'w, 'a> {
    way: &'w Way<'a>,
    /// Which values are numbers that are read by their digits alone.
    beyond: &'w HashSet<usize>,
    /// How many more values the body may hold.
    left: &'w Cell<usize>,
    depth: usize,
}

impl Seed<'_, '_> {
    /// The seed for the values of a list or an object.
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

impl<'de> DeserializeSeed<'de> for Seed<'_, 'de> {
    type Value = Json<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Json<'de>, D::Error> {
        let rest = self
            .left
            .get()
            .checked_sub(1)
            .ok_or_else(|| D::Error::custom(TOO_MANY_VALUES))?;
        self.left.set(rest);
        if self.beyond.contains(&(MAX_VALUES - rest - 1)) {
            let digits = <&RawValue>::deserialize(deserializer)?.get();
            self.way.past_digits(digits);
            return Ok(by_digits(digits));
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_, 'de> {
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
        self.way.past_number();
        Ok(Json::Number(it.into()))
    }

    fn visit_u64<E>(self, it: u64) -> Result<Json<'de>, E> {
        self.way.past_number();
        Ok(Json::Number(it.into()))
    }

    fn visit_f64<E: Error>(self, it: f64) -> Result<Json<'de>, E> {
        let digits = self.way.digits();
        let number = Number::from_f64(it).ok_or_else(|| E::custom("a number out of range"))?;
        Ok(match digits {
            Some(digits) if !is_exact(&number, digits) => Json::Long(number, digits),
            _ => Json::Number(number),
        })
    }

    fn visit_borrowed_str<E>(self, it: &'de str) -> Result<Json<'de>, E> {
        self.way.past_text(it);
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
        while let Some(key) = entries.next_key_seed(KeySeed(self.way))? {
            map.push((key, entries.next_value_seed(inside)?));
        }
        Ok(Json::Object(map))
    }
}

/// Reads a key, borrowed if possible.
struct KeySeed<'w, 'a>(&'w Way<'a>);

impl<'de> DeserializeSeed<'de> for KeySeed<'_, 'de> {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for KeySeed<'_, 'de> {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_borrowed_str<E>(self, it: &'de str) -> Result<Self::Value, E> {
        self.0.past_text(it);
        Ok(Cow::Borrowed(it))
    }

    fn visit_str<E>(self, it: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(it.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    #[test]
    fn the_deepest_document_can_be_parsed_inside_another() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        let text = nested(MAX_DEPTH);
        assert!(Json::parse(text.as_bytes()).is_ok());
        let around = format!("{}{text}{}", "[".repeat(10), "]".repeat(10));
        assert!(serde_json::from_str::<Value>(&around).is_ok());
        let error = Json::parse(nested(MAX_DEPTH + 1).as_bytes()).unwrap_err();
        assert!(error.to_string().contains("100 niveaux"), "{error}");
    }

    #[test]
    fn a_single_byte_order_mark_is_ignored() {
        let marked = "\u{feff}{\"a\": 1.00000000000000000001}";
        let plain = marked.trim_start_matches('\u{feff}');
        let json = Json::parse(marked.as_bytes()).unwrap();
        assert_eq!(Json::parse(plain.as_bytes()).unwrap(), json);
        let twice = format!("\u{feff}{marked}");
        assert!(Json::parse(twice.as_bytes()).is_err());
        assert!(Json::parse(" \u{feff}{}".as_bytes()).is_err());
    }

    #[test]
    fn an_empty_body_is_reported_as_empty() {
        for empty in ["", " \r\n", "\u{feff}"] {
            let error = Json::parse(empty.as_bytes()).unwrap_err();
            assert_eq!(error, Unreadable::Empty);
        }
    }

    #[test]
    fn a_body_that_would_fill_the_memory_is_refused() {
        let wide = format!("[{}1]", "1,".repeat(MAX_VALUES));
        let error = Json::parse(wide.as_bytes()).unwrap_err();
        assert!(error.to_string().contains("200000 valeurs"), "{error}");
        let deep = "[".repeat(100_000);
        let error = Json::parse(deep.as_bytes()).unwrap_err();
        assert!(error.to_string().contains("imbrication"), "{error}");
        assert!(Json::parse(b"{} {}").is_err());
        assert!(Json::parse(b"\"\\ud83d\"").is_err());
    }
}
