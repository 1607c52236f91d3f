//! What a body says of its values by their places: which keys come twice, and which numbers are
//! longer than what rules compute with.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap, HashSet};

use sha2::{Digest, Sha256};

use super::Json;
use super::digits::decimal;
use crate::domain::fault::pointer_to;

/// Keys that are given twice, and told of: a bound for memory alone.
const MAX_REPEATED: usize = 1_000;
/// Bytes of their pointers, after which no other is told of: each has all the keys around it, which may be long.
const MAX_POINTERS: usize = 1024 * 1024;

impl Json<'_> {
    /// Pointers of the keys that are given twice in the same object, at any depth: the first
    /// [`MAX_REPEATED`] of them, and fewer where those are long.
    #[must_use]
    pub fn repeated_keys(&self) -> Vec<String> {
        let mut found = Repeated::default();
        self.find_repeated(&mut Vec::new(), &mut found);
        found.pointers
    }

    fn find_repeated<'j>(&'j self, at: &mut Vec<Hashed<'j>>, found: &mut Repeated) {
        match self {
            Self::List(items) => {
                for (index, item) in items.iter().enumerate() {
                    at.push(Hashed::of(Step::Item(index)));
                    item.find_repeated(at, found);
                    at.pop();
                }
            }
            Self::Object(entries) => {
                // Each with whether it came twice: it may come a third time.
                let mut seen = HashMap::with_capacity(entries.len());
                for (key, value) in entries {
                    if found.is_full() {
                        return;
                    }
                    at.push(Hashed::of(Step::Key(key)));
                    value.find_repeated(at, found);
                    match seen.entry(key) {
                        Entry::Vacant(new) => drop(new.insert(false)),
                        Entry::Occupied(mut twice) => {
                            if !twice.insert(true) {
                                found.add(at);
                            }
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

/// Pointers of keys that are given twice.
#[derive(Default)]
struct Repeated {
    pointers: Vec<String>,
    bytes: usize,
    /// The same place is there twice itself where a key around it is.
    told: HashSet<Hash>,
}

impl Repeated {
    fn is_full(&self) -> bool {
        self.pointers.len() == MAX_REPEATED || self.bytes >= MAX_POINTERS
    }

    fn add(&mut self, way: &mut [Hashed<'_>]) {
        if !self.is_full() && self.told.insert(hash_of(way)) {
            let pointer: String = way.iter().map(|it| it.step.pointer()).collect();
            self.bytes += pointer.len();
            self.pointers.push(pointer);
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;

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
        let repeated = |text: &str| Json::parse(text.as_bytes()).unwrap().repeated_keys();
        let found = repeated(r#"{"a":1,"b":[{"c/d":1,"c/d":2}],"a":2,"a":3}"#);
        assert_eq!(found, ["/b/0/c~1d", "/a"]);
        let found = repeated(r#"{"a":{"b":1,"b":2},"a":{"b":1,"b":2}}"#);
        assert_eq!(found, ["/a/b", "/a"]);
        let many: Vec<String> = (0..100_000).map(|it| format!("\"{}\":0", it / 2)).collect();
        let found = repeated(&format!("{{{}}}", many.join(",")));
        assert_eq!(found.len(), MAX_REPEATED);
        let found = repeated(&format!("{{{}}}", many[..200].join(",")));
        assert_eq!(found.len(), 100);
    }

    #[test]
    fn repeated_keys_behind_a_long_one_take_little() {
        let objects = vec![r#"{"a":0,"a":0}"#; 10_000].join(",");
        let long = "k".repeat(MAX_POINTERS / 4);
        let text = format!(r#"{{"{long}":[{objects}]}}"#);
        let found = Json::parse(text.as_bytes()).unwrap().repeated_keys();
        assert_eq!(found.len(), 4);
    }
}
