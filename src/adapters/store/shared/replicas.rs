//! The daemons that share this database, each with the rules that it has in force.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use sqlx::Row as _;

use super::{DbConnection, DbPool, DbStore, dialect, failed};
use crate::adapters::store::rows::{instant, millis};
use crate::domain::ports::{Replica, Replicas, StoreError};

#[async_trait]
impl Replicas for DbStore {
    fn shared(&self) -> bool {
        dialect::SHARED
    }

    async fn announce(&self, replica: Replica, gone: DateTime<Utc>) -> Result<(), StoreError> {
        self.writer
            .write((replica, gone), |connection, (replica, gone)| {
                Box::pin(announce(connection, replica, *gone))
            })
            .await
    }

    async fn leave(&self, id: &str) -> Result<(), StoreError> {
        self.writer
            .write(id.to_owned(), |connection, id| {
                Box::pin(leave(connection, id))
            })
            .await
    }

    async fn replicas(&self, since: DateTime<Utc>) -> Result<Vec<Replica>, StoreError> {
        dialect::in_time(seen(&self.readers, since)).await
    }

    async fn tell_others(&self) -> Result<(), StoreError> {
        dialect::tell_others(self).await
    }

    async fn told(&self) -> Result<(), StoreError> {
        dialect::told(self).await
    }
}

/// Records that a replica is alive, and deletes those that are gone.
async fn announce(
    connection: &mut DbConnection,
    replica: &Replica,
    gone: DateTime<Utc>,
) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM replicas WHERE seen_at < $1")
        .bind(millis(gone))
        .execute(&mut *connection)
        .await
        .map_err(failed)?;
    sqlx::query(
        "INSERT INTO replicas (id, version, seen_at) VALUES ($1, $2, $3) \
         ON CONFLICT (id) DO UPDATE SET version = excluded.version, seen_at = excluded.seen_at",
    )
    .bind(&replica.id)
    .bind(&replica.version)
    .bind(millis(replica.seen_at))
    .execute(connection)
    .await
    .map(|_| ())
    .map_err(failed)
}

/// Deletes a replica.
async fn leave(connection: &mut DbConnection, id: &str) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM replicas WHERE id = $1")
        .bind(id)
        .execute(connection)
        .await
        .map(|_| ())
        .map_err(failed)
}

/// Replicas seen since then, by id.
async fn seen(pool: &DbPool, since: DateTime<Utc>) -> Result<Vec<Replica>, StoreError> {
    let rows =
        sqlx::query("SELECT id, version, seen_at FROM replicas WHERE seen_at >= $1 ORDER BY id")
            .bind(millis(since))
            .fetch_all(pool)
            .await
            .map_err(failed)?;
    let read = |row: &super::DbRow| Replica {
        id: row.get("id"),
        version: row.get("version"),
        seen_at: instant(row.get("seen_at")),
    };
    Ok(rows.iter().map(read).collect())
}
