//! Keys that are repeated within an object of a body, by their position.

use std::collections::HashSet;

use super::Json;
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

#[cfg(test)]
mod tests {
    use super::*;

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
