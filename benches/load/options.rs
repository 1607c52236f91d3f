//! Parses what follows `--` on the command line: `--name value`, or `--name` for a switch.

use std::collections::BTreeMap;
use std::str::FromStr;

/// The options of one run.
pub struct Options {
    /// A short run that only shows that everything works; its results are not kept.
    pub quick: bool,
    given: BTreeMap<String, String>,
}

impl Options {
    /// Parses the command line.
    pub fn read() -> Self {
        let mut given = BTreeMap::new();
        let mut words = std::env::args().skip(1).peekable();
        while let Some(word) = words.next() {
            let Some(name) = word.strip_prefix("--") else {
                panic!("not an option: {word}");
            };
            let value = words.next_if(|next| !next.starts_with("--"));
            given.insert(name.to_owned(), value.unwrap_or_default());
        }
        // Cargo adds this one.
        given.remove("bench");
        let quick = given.remove("quick").is_some();
        Self { quick, given }
    }

    /// An optional value, with its defaults for a full and a quick run.
    pub fn value<T: FromStr>(&mut self, name: &str, full: T, quick: T) -> T {
        let Some(text) = self.given.remove(name) else {
            return if self.quick { quick } else { full };
        };
        let value = text.parse();
        value.unwrap_or_else(|_| panic!("--{name} {text}: not understood"))
    }

    /// A value without a default.
    pub fn optional(&mut self, name: &str) -> Option<String> {
        self.given.remove(name)
    }

    /// Fails on an unknown option: a mistyped one must not go unnoticed.
    pub fn finish(&self) {
        let unknown = self.given.keys().next();
        assert!(unknown.is_none(), "unknown option: --{}", unknown.unwrap());
    }
}
