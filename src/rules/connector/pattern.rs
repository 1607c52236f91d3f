//! A pattern that extracts a part of a value of an answer.

use regex_lite::Regex;

/// A regular expression of the file; two are equal if their sources are.
#[derive(Debug, Clone)]
pub(super) struct Pattern(Regex);

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_str() == other.0.as_str()
    }
}

impl Pattern {
    /// Compiles a pattern; `None` if it is not a valid regular expression.
    pub fn compile(source: &str) -> Option<Self> {
        Regex::new(source).ok().map(Self)
    }

    /// The first group of a match in a text, or the whole match if there is no group.
    pub fn find<'t>(&self, text: &'t str) -> Option<&'t str> {
        let found = self.0.captures(text)?;
        found.get(1).or(found.get(0)).map(|it| it.as_str())
    }
}
