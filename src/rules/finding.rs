//! What a check found in a text, not yet tied to a file or a severity.

use crate::rules::diagnostic::Diagnostic;
use crate::rules::place::place_of;

/// A message about a place in a text. The place is a line and a column, both from 1, or the parser's position, or a
/// byte offset.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding<At = (u32, u32)> {
    /// The place.
    pub at: At,
    /// What is wrong there, in French.
    pub message: String,
}

impl<At> Finding<At> {
    /// A message about this place.
    pub fn new(at: At, message: impl Into<String>) -> Self {
        let message = message.into();
        Self { at, message }
    }
}

impl Finding<usize> {
    /// The same with its line and column in `text`, instead of its byte offset.
    #[must_use]
    pub fn within(self, text: &str) -> Finding {
        Finding::new(place_of(text, self.at), self.message)
    }
}

impl Finding {
    /// As a fault of a file, which refuses its edit.
    pub fn into_fault(self, code: &'static str, file: impl Into<String>) -> Diagnostic {
        let (line, column) = self.at;
        Diagnostic::at(code, file, line, column, self.message)
    }

    /// As a remark on a file, which refuses nothing.
    pub fn into_remark(self, code: &'static str, file: impl Into<String>) -> Diagnostic {
        self.into_fault(code, file).as_warning()
    }
}
