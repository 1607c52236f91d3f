//! The folders that the landlord edits.

use std::collections::BTreeMap;

/// Raw files of one folder, by their path in it, with `/` as the separator.
pub type FileSet = BTreeMap<String, Vec<u8>>;

/// A folder of files that the landlord edits.
pub trait Source: Send + Sync {
    /// Reads every relevant file.
    ///
    /// # Errors
    /// When the folder or one of its files cannot be read.
    fn read(&self) -> Result<FileSet, SourceError>;

    /// Whether a relevant file is known to be half written.
    fn being_written(&self) -> bool {
        false
    }

    /// The folder's name, for messages.
    fn name(&self) -> String;
}

/// A folder of rules or reference data could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {reason}")]
pub struct SourceError {
    /// The file or folder.
    pub path: String,
    /// Why, in French or in the operating system's words.
    pub reason: String,
}
