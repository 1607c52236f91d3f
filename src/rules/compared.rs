//! A text that rules compare a value with, in a script or in a template. Some of these texts can never occur.

/// How the value is compared with the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// Whether it equals the text.
    Whole,
    /// Whether it begins with the text.
    Beginning,
    /// Whether it ends with the text.
    End,
    /// Whether it contains the text.
    Part,
}

impl Asked {
    /// Whether the comparison is true for a value.
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

/// A comparison operator with its sides swapped.
#[must_use]
pub fn turned(sign: &str) -> &str {
    match sign {
        "<" => ">",
        "<=" => ">=",
        ">" => "<",
        ">=" => "<=",
        same => same,
    }
}

/// The whole numbers, at least two with commas between them, at the beginning of a text; `None` if anything else is
/// between the commas.
#[must_use]
pub fn whole_numbers(text: &str) -> Option<Vec<&str>> {
    let mut all = Vec::new();
    for part in text.split(',') {
        let part = part.trim_start();
        let end = part.find(|it: char| !it.is_ascii_digit());
        let (number, behind) = part.split_at(end.unwrap_or(part.len()));
        if number.is_empty() {
            return None;
        }
        all.push(number);
        if !behind.trim().is_empty() {
            break;
        }
    }
    (all.len() > 1).then_some(all)
}

/// A comparison, and where it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compared {
    /// The file of the script or template.
    pub file: String,
    /// The value, under its name in the contract: `signalement.priorite`.
    pub value: String,
    /// The text it is compared with.
    pub word: String,
    /// The kind of comparison.
    pub asked: Asked,
    /// Line, from 1.
    pub line: u32,
    /// Column, from 1.
    pub column: u32,
}
