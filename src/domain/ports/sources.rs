//! The folders that the landlord edits, and their accepted versions.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

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

/// An accepted version in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionSummary {
    /// Its name.
    pub version: String,
    /// When it was first accepted.
    pub accepted_at: DateTime<Utc>,
    /// How many rule files it has.
    pub files: usize,
}

/// An accepted version with everything needed to run it again.
#[derive(Debug, Clone)]
pub struct StoredVersion {
    /// Its name.
    pub version: String,
    /// When it was first accepted.
    pub accepted_at: DateTime<Utc>,
    /// The rule files.
    pub rules: FileSet,
    /// The reference data last accepted.
    pub referentiel: FileSet,
}
