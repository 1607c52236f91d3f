//! The canonical text of JSON values, by which the contents of two bodies are compared.

use std::collections::BTreeMap;

use serde::ser::{Serialize, Serializer};
use serde_json::value::RawValue;

use super::digits::decimal;
use super::{Json, without_nul};

impl Json<'_> {
    /// The value as JSON without white space, with the keys of each object sorted. Numbers keep all their digits, even
    /// those that [`Json::to_value`] drops.
    #[must_use]
    pub fn canonical(&self) -> String {
        // Strings, numbers, lists and maps with string keys: serialising them cannot fail.
        serde_json::to_string(&Canonical(self)).unwrap_or_default()
    }
}

struct Canonical<'j>(&'j Json<'j>);

impl Serialize for Canonical<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Json::Text(text) => serializer.serialize_str(&without_nul(text)),
            Json::Long(_, digits) => {
                let spelling = decimal(digits).unwrap_or_else(|| (*digits).to_owned());
                RawValue::from_string(spelling)
                    .map_err(serde::ser::Error::custom)?
                    .serialize(serializer)
            }
            Json::List(items) => serializer.collect_seq(items.iter().map(Canonical)),
            Json::Object(entries) => {
                let entries = entries.iter();
                let sorted: BTreeMap<String, Canonical<'_>> = entries
                    .map(|(key, value)| (without_nul(key), Canonical(value)))
                    .collect();
                sorted.serialize(serializer)
            }
            plain => plain.serialize(serializer),
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn canonical(text: &str) -> String {
        Json::parse(text.as_bytes()).unwrap().canonical()
    }

    #[rstest]
    #[case::order_of_keys(r#"{"a":1,"b":{"c":2,"d":3}}"#, r#" {"b":{"d":3, "c":2},"a":1}"#)]
    #[case::escapes(r#"["é/\n"]"#, r#"["\u00e9\/\n"]"#)]
    #[case::long_numbers("[10000000000000000000001]", "[1.0000000000000000000001E22]")]
    #[case::long_numbers_anywhere(
        r#"{"a":1.0000000000000000000001,"b":{"c":1}}"#,
        r#"{"b":{"c":1},"a":1.00000000000000000000010}"#
    )]
    fn equal_values_have_one_spelling(#[case] one: &str, #[case] other: &str) {
        assert_eq!(canonical(one), canonical(other));
    }

    #[rstest]
    #[case::last_digit("1.0000000000000000000001", "1.0000000000000000000002")]
    #[case::place(r#"{"a":1e999,"b":1}"#, r#"{"a":1,"b":1e999}"#)]
    #[case::beyond_counting("1e99999999999999999999", "1e99999999999999999998")]
    #[case::order_of_a_list("[1,2]", "[2,1]")]
    #[case::type_of_a_value("1", r#""1""#)]
    fn different_values_differ(#[case] one: &str, #[case] other: &str) {
        assert_ne!(canonical(one), canonical(other));
    }

    /// Stored fingerprints were computed from this text, so it must not change.
    #[rstest]
    #[case(r#"{"b":[1,-2,0.5,1e2,null,true],"a":{"d":"L'été","c":"\u0000"}}"#)]
    fn it_is_the_text_of_the_value_given_to_rules(#[case] text: &str) {
        let json = Json::parse(text.as_bytes()).unwrap();
        assert_eq!(json.canonical(), json.to_value().to_string());
    }
}
