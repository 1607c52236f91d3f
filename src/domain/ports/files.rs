//! The store of photos.

use std::time::Instant;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use crate::domain::reason::Phrase;
use crate::domain::signalement::Photo;

/// The store of photos, each under its SHA-256.
#[async_trait]
pub trait Files: Send + Sync {
    /// Stores a photo; once this returns, it survives a power cut. Storing it twice is harmless.
    ///
    /// # Errors
    /// When it could not be written completely and synced.
    async fn put(&self, photo: Photo) -> Result<(), FilesError>;

    /// Stores a photo as [`Files::put`] does, unless its name is already taken; returns whether it did. A store
    /// that cannot check this more cheaply than writing returns `false`.
    ///
    /// # Errors
    /// When it could not be written completely and synced.
    async fn put_new(&self, _photo: &Photo) -> Result<bool, FilesError> {
        Ok(false)
    }

    /// Reads a photo back.
    ///
    /// # Errors
    /// When it does not exist or cannot be read.
    async fn read(&self, sha256: &str) -> Result<Vec<u8>, FilesError>;

    /// The owner of these photos, as set by [`Files::set_owner`]; `None` if not yet set.
    ///
    /// # Errors
    /// When the store cannot be read.
    async fn owner(&self) -> Result<Option<String>, FilesError>;

    /// Sets the owner of these photos, a [`crate::domain::ports::Upkeep::identity`], replacing any previous one.
    ///
    /// # Errors
    /// When it could not be written.
    async fn set_owner(&self, owner: &str) -> Result<(), FilesError>;

    /// The names of files untouched since `before`, in the part of the store whose SHA-256 begin with this
    /// byte. Leftovers of interrupted writes are included, under their own names.
    ///
    /// # Errors
    /// When the store cannot be listed.
    async fn settled(&self, shard: u8, before: DateTime<Utc>) -> Result<Vec<String>, FilesError>;

    /// Removes a file named by [`Files::settled`], unless it was written again since; returns whether it did. A
    /// file being written at this very moment may be removed too: see
    /// [`crate::domain::ports::Upkeep::begin_removal`].
    ///
    /// # Errors
    /// When it exists and cannot be removed.
    async fn remove_settled(
        &self,
        shard: u8,
        name: &str,
        before: DateTime<Utc>,
    ) -> Result<bool, FilesError>;

    /// Whether photos can be written now. See [`crate::domain::ports::PING_LIMIT`].
    ///
    /// # Errors
    /// Why they cannot.
    async fn ping(&self) -> Result<(), FilesError>;

    /// Whether the result of a [`Files::ping`] made at this instant is still valid. A store that charges for pings
    /// answers `true` for a while, unless a photo could not be stored since.
    fn still_holds(&self, _asked: Instant) -> bool {
        false
    }
}

/// A photo could not be stored or read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{we_say}{0}", we_say = Phrase::PhotoStore)]
pub struct FilesError(pub String);
