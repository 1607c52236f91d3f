//! Facts about a body's values by their position: which keys are repeated, and which numbers have more digits than
//! rules can compute with.

use std::collections::{BTreeMap, HashSet};

use sha2::{Digest, Sha256};

use super::Json;
use super::digits::decimal;
use crate::domain::fault::pointer_to;

/// The most repeated keys that are reported. Someone who sends more has to check them all anyway.
const MAX_REPEATED: usize = 20;

impl Json<'_> {
    /// Pointers of the keys that are repeated within an object, at any depth: the first [`MAX_REPEATED`] of them.
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
                        // It may appear a third time.
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

    /// The numbers that [`Json::to_value`] does not give exactly, in canonical spelling, each under a hash of its
    /// path: the keys on it may be long, and the numbers many.
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
                found.insert(hex::encode(hash_of(at)), exact);
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
}

/// One step on the path to a value.
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

/// A step, with the hash of the path up to it once it has been computed.
struct Hashed<'j> {
    step: Step<'j>,
    hash: Option<Hash>,
}

impl<'j> Hashed<'j> {
    fn of(step: Step<'j>) -> Self {
        Self { step, hash: None }
    }
}

/// The hash of a path. Each of its steps is hashed once, however many values follow it.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_numbers_have_one_spelling() {
        let text =
            r#"{"a":[1,10000000000000000000001],"b/c":{"d":1.0000000000000000000001E22,"e":1.5}}"#;
        let found = Json::parse(text.as_bytes()).unwrap().long_numbers();
        let found: Vec<&str> = found.values().map(String::as_str).collect();
        assert_eq!(found, ["10000000000000000000001e0"; 2]);
    }

    #[test]
    fn long_numbers_are_identified_by_path_whatever_the_order_of_keys() {
        let found = |text: &str| Json::parse(text.as_bytes()).unwrap().long_numbers();
        let long = "1.0000000000000000000001";
        let here = found(&format!(r#"{{"a":{long},"b":{{"c":1,"d":{long}}}}}"#));
        let turned = found(&format!(r#"{{"b":{{"d":{long},"c":1}},"a":{long}}}"#));
        assert_eq!(here, turned);
        let elsewhere = found(&format!(r#"{{"a":{long},"b":{{"c":{long},"d":1}}}}"#));
        assert_ne!(here, elsewhere);
    }

    #[test]
    fn many_long_numbers_under_a_long_key_take_little_memory() {
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
}
