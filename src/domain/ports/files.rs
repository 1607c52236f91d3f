//! Where photos are kept.

use std::time::Instant;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use crate::domain::reason::Phrase;
use crate::domain::signalement::Photo;

/// Where photos are kept, each under its SHA-256.
#[async_trait]
pub trait Files: Send + Sync {
    /// Stores a photo; once this returns, it survives a power cut. Storing it twice is harmless.
    ///
    /// # Errors
    /// When it could not be written and synced whole.
    async fn put(&self, photo: Photo) -> Result<(), FilesError>;

    /// Stores a photo as [`Files::put`] does, unless its name is taken already; whether it did. A store that
    /// could not tell for less than it costs to write says no.
    ///
    /// # Errors
    /// When it could not be written and synced whole.
    async fn put_new(&self, _photo: &Photo) -> Result<bool, FilesError> {
        Ok(false)
    }

    /// Reads a photo back.
    ///
    /// # Errors
    /// When it is not there or cannot be read.
    async fn read(&self, sha256: &str) -> Result<Vec<u8>, FilesError>;

    /// Whose photos these are, as [`Files::set_owner`] noted it; nobody's yet where it is none.
    ///
    /// # Errors
    /// When the store cannot be read.
    async fn owner(&self) -> Result<Option<String>, FilesError>;

    /// Notes whose photos these are, by [`crate::domain::ports::Store::identity`]; whoever owned them before
    /// does no longer.
    ///
    /// # Errors
    /// When it could not be written.
    async fn set_owner(&self, owner: &str) -> Result<(), FilesError>;

    /// The names of what has lain there untouched since `before`, in the part of the store whose
    /// SHA-256 begin with this byte. Remains of writes that broke off count, under their own names.
    ///
    /// # Errors
    /// When the store cannot be listed.
    async fn settled(&self, shard: u8, before: DateTime<Utc>) -> Result<Vec<String>, FilesError>;

    /// Removes what [`Files::settled`] named, unless it was put there again since; tells which.
    /// What is put there in this very moment may go, too: see [`crate::domain::ports::Store::begin_removal`].
    ///
    /// # Errors
    /// When it is there and cannot be removed.
    async fn remove_settled(
        &self,
        shard: u8,
        name: &str,
        before: DateTime<Utc>,
    ) -> Result<bool, FilesError>;

    /// Whether photos can be written now.
    ///
    /// # Errors
    /// Why not.
    async fn ping(&self) -> Result<(), FilesError>;

    /// Whether there is no need to ask again what [`Files::ping`] found when it was asked then: a store whose
    /// pings are paid for says so for a while, unless a photo could not be stored since.
    fn still_holds(&self, _asked: Instant) -> bool {
        false
    }
}

/// A photo could not be stored or read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{we_say}{0}", we_say = Phrase::PhotoStore)]
pub struct FilesError(pub String);
