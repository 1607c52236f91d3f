//! Daemons that share a database, as they announce themselves in it.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use crate::domain::ports::StoreError;

/// The part of the store through which the replicas know of each other.
#[async_trait]
pub trait Replicas: Send + Sync {
    /// Whether other daemons may use the same database.
    fn shared(&self) -> bool;

    /// Records that a replica is alive, and deletes those last seen before `gone`.
    async fn announce(&self, replica: Replica, gone: DateTime<Utc>) -> Result<(), StoreError>;

    /// Deletes a replica that shuts down cleanly.
    async fn leave(&self, id: &str) -> Result<(), StoreError>;

    /// Replicas seen since then, by name.
    async fn replicas(&self, since: DateTime<Utc>) -> Result<Vec<Replica>, StoreError>;

    /// Notifies the other replicas that the outbox has something to send. Only a hint: it may be lost.
    async fn tell_others(&self) -> Result<(), StoreError>;

    /// Returns once another replica has called [`Self::tell_others`]; never returns if the database is not
    /// shared.
    async fn told(&self) -> Result<(), StoreError>;
}

/// A daemon that shares its database with others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replica {
    /// The machine and the process.
    pub id: String,
    /// The version of the rules it has in force.
    pub version: String,
    /// When it last announced itself.
    pub seen_at: DateTime<Utc>,
}
