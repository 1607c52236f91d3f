//! A text that rules compare a value with, in a script or in a template: some can never come.

/// The text, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compared {
    /// The script or the template.
    pub file: String,
    /// The value, as the contract names it: `signalement.priorite`.
    pub value: String,
    /// The text.
    pub word: String,
    /// Line, from 1.
    pub line: u32,
    /// Column, from 1.
    pub column: u32,
}
