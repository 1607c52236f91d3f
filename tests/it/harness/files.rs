//! A photo store that a test can intercept.

use std::time::Instant;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use passerelle::domain::ports::{Files, FilesError};
use passerelle::domain::signalement::Photo;

/// What a test does in place of a photo store; the store behind it does the rest.
#[async_trait]
pub trait Interceptor: Send + Sync {
    /// The store behind it.
    fn files(&self) -> &dyn Files;

    async fn put(&self, photo: Photo) -> Result<(), FilesError> {
        self.files().put(photo).await
    }

    async fn remove_settled(
        &self,
        shard: u8,
        name: &str,
        before: DateTime<Utc>,
    ) -> Result<bool, FilesError> {
        self.files().remove_settled(shard, name, before).await
    }
}

/// The photo store that a test gives to the daemon. Every photo reaches [`Interceptor::put`], since
/// [`Files::put_new`] keeps its default here, which stores nothing.
pub struct Intercepted<T>(pub T);

#[async_trait]
impl<T: Interceptor> Files for Intercepted<T> {
    async fn put(&self, photo: Photo) -> Result<(), FilesError> {
        self.0.put(photo).await
    }

    async fn read(&self, sha256: &str) -> Result<Vec<u8>, FilesError> {
        self.0.files().read(sha256).await
    }

    async fn owner(&self) -> Result<Option<String>, FilesError> {
        self.0.files().owner().await
    }

    async fn set_owner(&self, owner: &str) -> Result<(), FilesError> {
        self.0.files().set_owner(owner).await
    }

    async fn settled(&self, shard: u8, before: DateTime<Utc>) -> Result<Vec<String>, FilesError> {
        self.0.files().settled(shard, before).await
    }

    async fn remove_settled(
        &self,
        shard: u8,
        name: &str,
        before: DateTime<Utc>,
    ) -> Result<bool, FilesError> {
        self.0.remove_settled(shard, name, before).await
    }

    async fn ping(&self) -> Result<(), FilesError> {
        self.0.files().ping().await
    }

    fn still_holds(&self, asked: Instant) -> bool {
        self.0.files().still_holds(asked)
    }
}
