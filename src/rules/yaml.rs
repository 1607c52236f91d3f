//! A YAML text as a tree in which every key and value knows its line and column.
//!
//! serde alone stops at the first fault of a file; admins need all of them at once, each at its
//! place. So the text becomes a tree first and [`super::source`] reads its shape.

mod stumbles;

use std::fmt;

use serde::de::{self, Deserialize, MapAccess, SeqAccess, Visitor};
use serde_yaml::{DuplicateKeyPolicy, Location, Spanned};

use crate::rules::diagnostic::{Diagnostic, code};

/// A value and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// Whether it is a scalar that YAML reads as a number or as true or false: one without quotes.
    pub plain: bool,
    /// The value.
    pub value: Value,
}

/// What a node holds. Scalars are kept as they are written: a code `012` stays `012`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Nothing, or `null`.
    Null,
    /// Any scalar.
    Text(String),
    /// A list.
    List(Vec<Node>),
    /// A mapping, in the order of the file.
    Map(Vec<(Key, Node)>),
}

/// A key of a mapping and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// The key as it is written.
    pub name: String,
}

impl Node {
    /// The value as JSON; a number that JSON cannot write stays the text that it is.
    #[must_use]
    pub fn json(&self) -> serde_json::Value {
        use serde_json::Value as Json;
        match &self.value {
            Value::Null => Json::Null,
            Value::Text(text) if self.plain => {
                serde_json::from_str(text).unwrap_or_else(|_| Json::from(text.as_str()))
            }
            Value::Text(text) => Json::from(text.as_str()),
            Value::List(items) => items.iter().map(Self::json).collect(),
            Value::Map(entries) => {
                let entries = entries.iter();
                let entries = entries.map(|(key, node)| (key.name.clone(), node.json()));
                Json::Object(entries.collect())
            }
        }
    }

    /// The value under a key of a mapping, unless there is none or nothing.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Self> {
        let Value::Map(entries) = &self.value else {
            return None;
        };
        let found = entries.iter().find(|(key, _)| key.name == name);
        found
            .map(|(_, node)| node)
            .filter(|it| it.value != Value::Null)
    }
}

/// What is missing in a text that was meant to be a name and its value, `nom:valeur`.
#[must_use]
pub fn glued(text: &str) -> Option<String> {
    let first = text.split_whitespace().next()?;
    stumbles::glued(first)?;
    let (name, value) = first.split_once(':')?;
    Some(format!(
        "il manque une espace après les deux-points : « {name}: {value} »"
    ))
}

/// Reads one YAML 1.2 document.
///
/// # Errors
/// One diagnostic for a text that is not YAML, or one for every key that is given twice.
pub fn parse(file: &str, text: &str) -> Result<Node, Vec<Diagnostic>> {
    let options = serde_yaml::options! {
        // Without these two, `no` becomes false and `012` becomes 12 (YAML 1.1).
        strict_booleans: true,
        leading_zero_numbers_as_strings: true,
        // Duplicates are reported below, all of them.
        duplicate_keys: DuplicateKeyPolicy::PassThrough,
        with_snippet: false,
    };
    let raw: Spanned<Raw> = serde_yaml::from_str_with_options(text, options).map_err(|error| {
        let at = error.location().map_or((0, 0), |at| position(&at));
        vec![stumbles::diagnose(file, text, at, &error)]
    })?;
    let mut faults = Vec::new();
    let node = locate(file, text, raw, &mut faults);
    if faults.is_empty() {
        Ok(node)
    } else {
        Err(faults)
    }
}

/// The tree as serde delivers it; a number or boolean is looked up in the text afterwards.
#[derive(Debug)]
enum Raw {
    Null,
    AsWritten,
    Text(String),
    List(Vec<Spanned<Raw>>),
    Map(Vec<(Spanned<String>, Spanned<Raw>)>),
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct RawVisitor;

        impl<'de> Visitor<'de> for RawVisitor {
            type Value = Raw;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a YAML value")
            }

            fn visit_unit<E>(self) -> Result<Raw, E> {
                Ok(Raw::Null)
            }

            fn visit_none<E>(self) -> Result<Raw, E> {
                Ok(Raw::Null)
            }

            fn visit_bool<E>(self, _: bool) -> Result<Raw, E> {
                Ok(Raw::AsWritten)
            }

            fn visit_i64<E>(self, _: i64) -> Result<Raw, E> {
                Ok(Raw::AsWritten)
            }

            fn visit_u64<E>(self, _: u64) -> Result<Raw, E> {
                Ok(Raw::AsWritten)
            }

            fn visit_i128<E>(self, _: i128) -> Result<Raw, E> {
                Ok(Raw::AsWritten)
            }

            fn visit_u128<E>(self, _: u128) -> Result<Raw, E> {
                Ok(Raw::AsWritten)
            }

            fn visit_f64<E>(self, _: f64) -> Result<Raw, E> {
                Ok(Raw::AsWritten)
            }

            fn visit_str<E>(self, text: &str) -> Result<Raw, E> {
                Ok(Raw::Text(text.to_owned()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Raw, A::Error> {
                let mut list = Vec::new();
                while let Some(item) = items.next_element()? {
                    list.push(item);
                }
                Ok(Raw::List(list))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Raw, A::Error> {
                let mut map = Vec::new();
                while let Some(entry) = entries.next_entry()? {
                    map.push(entry);
                }
                Ok(Raw::Map(map))
            }
        }

        deserializer.deserialize_any(RawVisitor)
    }
}

fn locate(file: &str, text: &str, raw: Spanned<Raw>, faults: &mut Vec<Diagnostic>) -> Node {
    let (line, column) = position(&raw.referenced);
    let plain = matches!(raw.value, Raw::AsWritten);
    let value = match raw.value {
        Raw::Null => Value::Null,
        Raw::AsWritten => Value::Text(as_written(text, &raw.defined)),
        Raw::Text(text) => Value::Text(text),
        Raw::List(items) => Value::List(
            items
                .into_iter()
                .map(|item| locate(file, text, item, faults))
                .collect(),
        ),
        Raw::Map(entries) => {
            let mut map: Vec<(Key, Node)> = Vec::with_capacity(entries.len());
            let mut lines = std::collections::HashMap::with_capacity(entries.len());
            for (key, value) in entries {
                let (line, column) = position(&key.referenced);
                let key = Key {
                    line,
                    column,
                    name: key.value,
                };
                let value = locate(file, text, value, faults);
                if let Some(first) = lines.insert(key.name.clone(), line) {
                    faults.push(Diagnostic::at(
                        code::KEY_TWICE,
                        file,
                        line,
                        column,
                        format!(
                            "la clé « {} » est donnée deux fois (déjà à la ligne {first})",
                            key.name
                        ),
                    ));
                }
                map.push((key, value));
            }
            Value::Map(map)
        }
    };
    Node {
        line,
        column,
        plain,
        value,
    }
}

fn as_written(text: &str, at: &Location) -> String {
    let span = at.span();
    text.chars()
        .skip(usize::try_from(span.offset()).unwrap_or(usize::MAX))
        .take(usize::try_from(span.len()).unwrap_or(0))
        .collect()
}

fn position(at: &Location) -> (u32, u32) {
    let clamp = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
    (clamp(at.line()), clamp(at.column()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn text(node: &Node) -> &str {
        match &node.value {
            Value::Text(text) => text,
            other => panic!("not a text: {other:?}"),
        }
    }

    #[test]
    fn scalars_stay_as_they_are_written() {
        let node = parse("f.yaml", "é: [no, 012, 1.10, 1e3, true, 'x y']").unwrap();
        let Value::Map(map) = node.value else {
            panic!("not a map")
        };
        let Value::List(list) = &map[0].1.value else {
            panic!("not a list")
        };
        let seen: Vec<&str> = list.iter().map(text).collect();
        assert_eq!(seen, ["no", "012", "1.10", "1e3", "true", "x y"]);
        assert_eq!((list[1].line, list[1].column), (1, 9));
    }

    #[test]
    fn every_repeated_key_is_reported_at_its_line() {
        let faults = parse("f.yaml", "a: 1\nb: {c: 1, c: 2}\na: 2\n").unwrap_err();
        let at: Vec<(u32, u32)> = faults.iter().map(|it| (it.line, it.column)).collect();
        assert_eq!(at, [(2, 11), (3, 1)]);
    }

    #[rstest]
    #[case("a:\n  b: 1\n\tc: 2\n", 3)]
    #[case("a:\n  b 1\n  c: 2\n", 2)]
    #[case("a:\n  b = 1\n  # c\n  d: 2\n", 2)]
    #[case("a: 1\n---\nb: 2\n", 2)]
    #[case("a:\n  b: 1\n   c: 2\n", 3)]
    #[case("a:\n  b:1\n  c: 2\n", 2)]
    #[case("a:\n  b:1\n  c:2\n\n  d: 2\n", 2)]
    #[case("a:\n  b: 1\n  c:2\n", 3)]
    #[case("a:\n  b: \"1\n  c: \"2\"\n", 2)]
    #[case("a:\n  b: 'x\n  c: y\n  d: l'eau\n", 2)]
    #[case("a:\n  b: 'l'eau'\n", 2)]
    fn a_mistake_is_told_on_its_own_line(#[case] text: &str, #[case] line: u32) {
        let faults = parse("f.yaml", text).unwrap_err();
        assert_eq!(faults[0].line, line, "{faults:?}");
    }

    #[rstest]
    #[case("a:\n  b: 1\n   c: 2\n", "alignez la ligne")]
    #[case("a:\n  b: 1\n c: 2\n", "n'est pas alignée")]
    #[case("a: 'b'c'\n", "apostrophe")]
    #[case("a: \"b\" c\"\n", "guillemet")]
    #[case("a: - b\n", "tiret")]
    #[case("a: | b\n", "ligne suivante")]
    #[case("a: \"C:\\Users\"\n", "barre")]
    #[case("a: [b,, c]\n", "crochets")]
    #[case("a: {{ b }}\n", "")]
    #[case("null: a\n", "rien")]
    #[case("a: 1\nb 2\nc: 3\n", "deux-points")]
    #[case("a:\n  b:1\n  c: 2\n", "il manque une espace après les deux-points")]
    #[case("a: 1\nb:2\n", "il manque une espace après les deux-points")]
    #[case("a:\n  b: \"1\n  c: \"2\"\n", "ouvert ici n'est pas refermé")]
    #[case("a: 1\nb\n", "deux-points")]
    #[case("a:\n  b: 1\n  - c\n", "n'est pas alignée")]
    #[case("a:\n  - b\n  c: 1\n", "mêlés")]
    #[case("a: [b, c\nd: 1\n", "la fermeture")]
    #[case("a: {b: 1 c: 2}\n", "")]
    #[case("a: [b c: d: e]\n", "")]
    #[case("a: 'b\nc: 1\n", "guillemet")]
    #[case("a: \"b\\z\"\n", "barre")]
    #[case("a: b: c\n", "deux-points")]
    #[case("a:\n\tb: 1\n", "tabulation")]
    #[case("a: @b\n", "guillemets")]
    #[case("a: `b`\n", "guillemets")]
    #[case("a: %b\n", "guillemets")]
    #[case("a: *b\n", "guillemets")]
    #[case("a: !b c\n", "")]
    #[case("a: 1\0\n", "")]
    #[case("}\n", "")]
    #[case("- a\nb: 1\n", "")]
    #[case("a: {- b}\n", "virgules")]
    #[case("a: [b}\n", "refermé par")]
    #[case("<<: a\n", "à part")]
    #[case("a: ? b\n", "« ? »")]
    #[case("%a\n---\nb: 1\n%c: 2\n", "« % »")]
    #[case("a: [#b]\n", "commentaire")]
    #[case(
        "a: 1\nb:\u{a0}2\nc: 3\n",
        "à la colonne 3, il y a une espace insécable"
    )]
    fn what_happens_in_an_editor_is_told_in_french(#[case] text: &str, #[case] words: &str) {
        let Err(faults) = parse("f.yaml", text) else {
            assert_eq!(words, "", "{text}");
            return;
        };
        let message = &faults[0].message;
        assert!(message.contains(words), "{text}: {message}");
        assert!(!message.contains("valide ("), "{text}: {message}");
    }

    #[test]
    fn a_text_that_is_no_yaml_is_located_and_explained() {
        let faults = parse("f.yaml", "modes: [\n").unwrap_err();
        assert_eq!((faults[0].line, faults[0].column), (1, 8));
        assert!(
            faults[0].message.contains("refermé"),
            "{}",
            faults[0].message
        );
    }
}
