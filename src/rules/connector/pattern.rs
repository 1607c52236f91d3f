//! The pattern that takes a part out of a value of an answer.

use regex_lite::Regex;

/// A regular expression of the file, equal to another by how it is written.
#[derive(Debug, Clone)]
pub(super) struct Pattern(Regex);

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_str() == other.0.as_str()
    }
}

impl Pattern {
    /// `None` where it is no regular expression.
    pub fn compile(source: &str) -> Option<Self> {
        Regex::new(source).ok().map(Self)
    }

    /// Its first group in a text, or all that it matches.
    pub fn find<'t>(&self, text: &'t str) -> Option<&'t str> {
        let found = self.0.captures(text)?;
        found.get(1).or(found.get(0)).map(|it| it.as_str())
    }
}
