//! JSON as it was received: strings are borrowed from the request, nothing is lost, and a key
//! that is given twice is noticed.

use std::borrow::Cow;
use std::cell::Cell;
use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::ops::Range;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};
use serde_json::value::RawValue;
use serde_json::{Number, Value};
use sha2::{Digest, Sha256};

use crate::domain::fault::pointer_to;
use crate::domain::signalement::hex;

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
    /// A number with more digits than that can hold: the nearest one, and what was sent.
    Long(Number, &'a str),
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

fn pointer(at: &[Step<'_>]) -> String {
    at.iter().map(Step::pointer).collect()
}

type Hash = [u8; 32];

/// A step, and the hash of the way up to it once somebody asked.
struct Hashed<'j> {
    step: Step<'j>,
    hash: Option<Hash>,
}

impl<'j> Hashed<'j> {
    fn of(step: Step<'j>) -> Self {
        Self { step, hash: None }
    }
}

/// The hash of a way. Each of its steps is hashed once, however many values stand behind it.
fn hash_of(way: &mut [Hashed<'_>]) -> Hash {
    way.iter_mut().fold(Hash::default(), |before, it| {
        *it.hash.get_or_insert_with(|| {
            let step = it.step.pointer();
            Sha256::new()
                .chain_update(before)
                .chain_update(step)
                .finalize()
                .into()
        })
    })
}

impl<'a> Json<'a> {
    /// Reads one document.
    ///
    /// # Errors
    /// The reason, in French, where it is not JSON in UTF-8, or holds more, or deeper, than can be kept.
    pub fn parse(body: &'a [u8]) -> Result<Self, String> {
        let way = Way::through(body);
        let mut deserializer = serde_json::Deserializer::from_slice(body);
        let seed = Seed {
            way: &way,
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
                        let pointer = pointer(at);
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

    /// The numbers that [`Json::to_value`] does not give exactly, each in one spelling, by a hash of
    /// the way to it: its keys may be long, and the numbers many.
    #[must_use]
    pub fn long_numbers(&self) -> BTreeMap<String, String> {
        let mut found = BTreeMap::new();
        self.find_long(&mut Vec::new(), &mut found);
        found
    }

    fn find_long<'j>(&'j self, at: &mut Vec<Hashed<'j>>, found: &mut BTreeMap<String, String>) {
        match self {
            Self::Long(_, digits) => {
                let exact = decimal(digits).unwrap_or_else(|| (*digits).to_owned());
                found.insert(hex(&hash_of(at)), exact);
            }
            Self::List(items) => {
                for (index, item) in items.iter().enumerate() {
                    at.push(Hashed::of(Step::Item(index)));
                    item.find_long(at, found);
                    at.pop();
                }
            }
            Self::Object(entries) => {
                for (key, value) in entries {
                    at.push(Hashed::of(Step::Key(key)));
                    value.find_long(at, found);
                    at.pop();
                }
            }
            _ => {}
        }
    }

    /// The value on its own, for what outlives the request. Rules compute with it, so that a number is the nearest
    /// one that they can compute with.
    #[must_use]
    pub fn to_value(&self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Bool(it) => Value::Bool(*it),
            Self::Number(it) | Self::Long(it, _) => Value::Number(it.clone()),
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

/// Where the part stands in the whole, if it does: a text that was written with escapes is a copy.
pub fn place(part: &str, whole: &[u8]) -> Option<Range<usize>> {
    let start = part.as_ptr().addr().checked_sub(whole.as_ptr().addr())?;
    let end = start.checked_add(part.len())?;
    (end <= whole.len()).then_some(start..end)
}

/// How far the parser came. It gives numbers as what the processor computes with, and not the digits; these are
/// looked up in the body, from the last text on, so that no photo is read twice.
struct Way<'a> {
    body: &'a [u8],
    /// Values that it may still hold.
    left: Cell<usize>,
    /// The parser was here,
    at: Cell<usize>,
    /// and came past so many numbers since.
    numbers: Cell<usize>,
}

impl<'a> Way<'a> {
    fn through(body: &'a [u8]) -> Self {
        Self {
            body,
            left: Cell::new(MAX_VALUES),
            at: Cell::new(0),
            numbers: Cell::new(0),
        }
    }

    fn past(&self, end: usize) {
        self.at.set(end);
        self.numbers.set(0);
    }

    fn past_text(&self, text: &str) {
        if let Some(place) = place(text, self.body) {
            // Behind the quote that ends it.
            self.past(place.end + 1);
        }
    }

    fn past_number(&self) {
        self.numbers.set(self.numbers.get() + 1);
    }

    /// The digits of the number that the parser has just read.
    fn digits(&self) -> Option<&'a str> {
        let mut number = self.at.get()..self.at.get();
        for _ in 0..=self.numbers.get() {
            number = next_number(self.body, number.end)?;
        }
        self.past(number.end);
        std::str::from_utf8(&self.body[number]).ok()
    }
}

/// The first number behind this place, which is in no text.
fn next_number(body: &[u8], mut at: usize) -> Option<Range<usize>> {
    loop {
        match body.get(at)? {
            b'"' => at = end_of_text(body, at + 1)?,
            b'-' | b'0'..=b'9' => break,
            _ => at += 1,
        }
    }
    let of_number = |it: &&u8| matches!(it, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E');
    let length = body[at..].iter().take_while(of_number).count();
    Some(at..at + length)
}

/// Behind the quote that ends the text.
fn end_of_text(body: &[u8], mut at: usize) -> Option<usize> {
    loop {
        match body.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

/// Whether the number stands for these very digits.
fn is_exact(number: &Number, digits: &str) -> bool {
    let printed = number.to_string();
    printed == digits || decimal(digits).is_some_and(|it| decimal(&printed) == Some(it))
}

/// One spelling for each number, whatever zeros and exponent it was written with; `None` where the exponent alone is
/// beyond counting.
fn decimal(number: &str) -> Option<String> {
    let (digits, exponent) = number.split_once(['e', 'E']).unwrap_or((number, "0"));
    let exponent: i64 = exponent.parse().ok()?;
    let (sign, digits) = match digits.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", digits),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let all = format!("{whole}{fraction}");
    let significant = all.trim_end_matches('0');
    let dropped = i64::try_from(all.len() - significant.len()).ok()?;
    let fraction = i64::try_from(fraction.len()).ok()?;
    let significant = significant.trim_start_matches('0');
    if significant.is_empty() {
        return Some(format!("{sign}0"));
    }
    let exponent = exponent.checked_sub(fraction)?.checked_add(dropped)?;
    Some(format!("{sign}{significant}e{exponent}"))
}

/// Reads one value and counts it.
#[derive(Clone, Copy)]
struct Seed<'w, 'a> {
    way: &'w Way<'a>,
    depth: usize,
}

impl Seed<'_, '_> {
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

impl<'de> DeserializeSeed<'de> for Seed<'_, 'de> {
    type Value = Json<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Json<'de>, D::Error> {
        let left = &self.way.left;
        let rest = left
            .get()
            .checked_sub(1)
            .ok_or_else(|| D::Error::custom(TOO_MANY_VALUES))?;
        left.set(rest);
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

/// Reads a key, borrowed where it can be.
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
    use proptest::prelude::*;
    use rstest::rstest;

    #[test]
    fn what_is_read_is_written_as_it_came() {
        let text = r#"{"z":[1,-2,3.5,null,true],"a":{"é":"L'été \"🚨\""}}"#;
        let json = Json::parse(text.as_bytes()).unwrap();
        assert_eq!(serde_json::to_string(&json).unwrap(), text);
    }

    #[rstest]
    #[case::beyond_64_bits("123456789012345678901")]
    #[case::below_64_bits("-9223372036854775809")]
    #[case::decimals("48.12345678901234567890")]
    #[case::nearly_nothing("1e-400")]
    #[case::exponent_beyond_counting("1e-99999999999999999999")]
    fn digits_beyond_a_double_are_kept(#[case] digits: &str) {
        let around = [
            digits.to_owned(),
            format!("[1,-2,0.5,{digits},3.5,{digits}]"),
            format!(r#"{{"photo":"\/9j\/","a\"1.5":["2.5\\",{digits},7],"b":{digits},"c":0}}"#),
        ];
        for text in around {
            let json = Json::parse(text.as_bytes()).unwrap();
            let spaced = text.replace(',', " ,\t").replace(':', " :\n");
            assert_eq!(Json::parse(spaced.as_bytes()).unwrap(), json);
            let written = serde_json::to_string(&json).unwrap();
            assert_eq!(written, text.replace("\\/", "/"));
        }
    }

    /// JSON as it is printed, in which long numbers, others, and texts that look like them stand anywhere.
    fn printed() -> impl Strategy<Value = String> {
        let text = r#"[-0-9e."\\\\ é]{0,5}"#.prop_map(|it| serde_json::to_string(&it).unwrap());
        let key = text.clone();
        let leaf = prop_oneof![
            text,
            "-?[1-9][0-9]{21,30}",
            "-?0\\.[0-9]{25}[1-9]",
            any::<i32>().prop_map(|it| it.to_string()),
            Just("0.5".to_owned()),
            Just("true".to_owned()),
        ];
        leaf.prop_recursive(4, 40, 6, move |inner| {
            let list = prop::collection::vec(inner.clone(), 0..6);
            let entries = prop::collection::vec((key.clone(), inner), 0..6);
            prop_oneof![
                list.prop_map(|it| format!("[{}]", it.join(","))),
                entries.prop_map(|entries| {
                    let entry = |(key, value)| format!("{key}:{value}");
                    let entries: Vec<String> = entries.into_iter().map(entry).collect();
                    format!("{{{}}}", entries.join(","))
                }),
            ]
        })
    }

    proptest! {
        #[test]
        fn digits_are_found_whatever_stands_around_them(text in printed()) {
            let json = Json::parse(text.as_bytes()).unwrap();
            prop_assert_eq!(serde_json::to_string(&json).unwrap(), text);
        }
    }

    #[rstest]
    #[case("49.10", "49.1")]
    #[case("1e2", "100.0")]
    #[case("-0", "-0.0")]
    #[case("0.10000000000000001", "0.10000000000000001")]
    #[case("49.119309999999996", "49.119309999999996")]
    #[case("18446744073709551615", "18446744073709551615")]
    #[case("1E22", "1e+22")]
    fn a_number_that_a_double_holds_is_written_as_ever(#[case] sent: &str, #[case] kept: &str) {
        let json = Json::parse(sent.as_bytes()).unwrap();
        assert_eq!(serde_json::to_string(&json).unwrap(), kept);
    }

    #[test]
    fn long_numbers_are_told_in_one_spelling() {
        let text =
            r#"{"a":[1,10000000000000000000001],"b/c":{"d":1.0000000000000000000001E22,"e":1.5}}"#;
        let found = Json::parse(text.as_bytes()).unwrap().long_numbers();
        let found: Vec<&str> = found.values().map(String::as_str).collect();
        assert_eq!(found, ["10000000000000000000001e0"; 2]);
    }

    #[test]
    fn long_numbers_are_told_apart_by_their_places_whatever_the_order_of_keys() {
        let found = |text: &str| Json::parse(text.as_bytes()).unwrap().long_numbers();
        let long = "1.0000000000000000000001";
        let here = found(&format!(r#"{{"a":{long},"b":{{"c":1,"d":{long}}}}}"#));
        let turned = found(&format!(r#"{{"b":{{"d":{long},"c":1}},"a":{long}}}"#));
        assert_eq!(here, turned);
        let elsewhere = found(&format!(r#"{{"a":{long},"b":{{"c":{long},"d":1}}}}"#));
        assert_ne!(here, elsewhere);
    }

    #[test]
    fn many_long_numbers_behind_a_long_key_take_little() {
        let numbers = vec!["1.0000000000000000000001"; 50_000].join(",");
        let text = format!(r#"{{"{}":[{numbers}]}}"#, "k".repeat(1024 * 1024));
        let found = Json::parse(text.as_bytes()).unwrap().long_numbers();
        assert_eq!(found.len(), 50_000);
        assert!(found.keys().all(|place| place.len() == 64));
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
