//! Keys that are repeated within an object of a body, by their position.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

use super::Json;
use crate::domain::fault::pointer_to;

/// The most repeated keys that are reported. Bounds memory: no sender means that many.
const MAX_REPEATED: usize = 1_000;
/// The most bytes of pointers that are built: each names all the keys around it, which may be long.
const MAX_POINTERS: usize = 1024 * 1024;

impl Json<'_> {
    /// Pointers of the keys that are repeated within an object, at any depth: the first [`MAX_REPEATED`] of them,
    /// or fewer if they are very long.
    #[must_use]
    pub fn repeated_keys(&self) -> Vec<String> {
        let mut found = Repeated::default();
        self.find_repeated(&mut Vec::new(), &mut found);
        found.pointers
    }

    fn find_repeated<'j>(&'j self, at: &mut Vec<Step<'j>>, found: &mut Repeated) {
        match self {
            Self::List(items) => {
                for (index, item) in items.iter().enumerate() {
                    at.push(Step::Item(index));
                    item.find_repeated(at, found);
                    at.pop();
                }
            }
            Self::Object(entries) => {
                // Each key with whether it was already reported: it may appear a third time.
                let mut seen = HashMap::with_capacity(entries.len());
                for (key, value) in entries {
                    if found.is_full() {
                        return;
                    }
                    at.push(Step::Key(key));
                    value.find_repeated(at, found);
                    match seen.entry(key) {
                        Entry::Vacant(first) => drop(first.insert(false)),
                        Entry::Occupied(mut reported) => {
                            if !reported.insert(true) {
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
}

/// Pointers of repeated keys.
#[derive(Default)]
struct Repeated {
    pointers: Vec<String>,
    /// The same pointers: an object under a repeated key has the pointers of its namesake.
    known: HashSet<String>,
    /// Bytes of all pointers that were built.
    bytes: usize,
}

impl Repeated {
    fn is_full(&self) -> bool {
        self.pointers.len() == MAX_REPEATED || self.bytes >= MAX_POINTERS
    }

    fn add(&mut self, at: &[Step<'_>]) {
        if self.is_full() {
            return;
        }
        let pointer: String = at.iter().map(Step::pointer).collect();
        self.bytes += pointer.len();
        if self.known.insert(pointer.clone()) {
            self.pointers.push(pointer);
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

#[cfg(test)]
mod tests {
    use super::*;

    fn repeated(text: &str) -> Vec<String> {
        Json::parse(text.as_bytes()).unwrap().repeated_keys()
    }

    #[test]
    fn repeated_keys_are_found_at_any_depth() {
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
    fn few_pointers_are_built_inside_a_long_key() {
        let long = "k".repeat(MAX_POINTERS / 4);
        let objects = vec![r#"{"a":0,"a":0}"#; 10_000].join(",");
        let found = repeated(&format!(r#"{{"{long}":[{objects}]}}"#));
        assert_eq!(found.len(), 4);
        let namesakes = vec![r#""b":{"a":0,"a":0}"#; 10_000].join(",");
        let found = repeated(&format!(r#"{{"{long}":{{{namesakes}}}}}"#));
        assert!((1..=2).contains(&found.len()));
    }
}
