//! Accepted versions of the folders that the landlord edits.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use crate::domain::ports::{FileSet, StoreError};

/// The part of the store that keeps accepted versions.
#[async_trait]
pub trait Versions: Send + Sync {
    /// Stores an accepted version.
    async fn save_version(&self, version: StoredVersion) -> Result<(), StoreError>;

    /// Whether this version is stored.
    async fn has_version(&self, version: &str) -> Result<bool, StoreError>;

    /// The most recently accepted version.
    async fn last_version(&self) -> Result<Option<StoredVersion>, StoreError>;

    /// Accepted versions, most recently accepted first.
    async fn list_versions(&self, limit: u32) -> Result<Vec<VersionSummary>, StoreError>;

    /// The names of the versions with this prefix, and the rule files of the first of them.
    async fn find_version(&self, begin: &str) -> Result<(Vec<String>, FileSet), StoreError>;
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
