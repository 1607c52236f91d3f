//! A text that rules compare a value with, in a script or in a template: some can never come.

/// What is asked of the value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// Whether it is the text.
    Whole,
    /// Whether it begins with it.
    Beginning,
    /// Whether it ends with it.
    End,
    /// Whether it has it somewhere.
    Part,
}

impl Asked {
    /// Whether the answer is yes for a value.
    #[must_use]
    pub fn holds(self, value: &str, word: &str) -> bool {
        match self {
            Self::Whole => value == word,
            Self::Beginning => value.starts_with(word),
            Self::End => value.ends_with(word),
            Self::Part => value.contains(word),
        }
    }
}

/// The text, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compared {
    /// The script or the template.
    pub file: String,
    /// The value, as the contract names it: `signalement.priorite`.
    pub value: String,
    /// The text.
    pub word: String,
    /// What is asked of the value.
    pub asked: Asked,
    /// Line, from 1.
    pub line: u32,
    /// Column, from 1.
    pub column: u32,
}
