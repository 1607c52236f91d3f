//! Hashes of the clients' tokens; the tokens themselves are not stored.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use sqlx::Row as _;

use super::{DbConnection, DbPool, DbStore, dialect, failed};
use crate::adapters::store::rows::{millis, unreadable};
use crate::domain::ports::{Client, IfExists, StoreError, Tokens};

#[async_trait]
impl Tokens for DbStore {
    async fn tokens(&self) -> Result<Vec<(Client, String)>, StoreError> {
        dialect::in_time(all(&self.readers)).await
    }

    async fn put_token(
        &self,
        client: Client,
        hash: &str,
        if_exists: IfExists,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        self.writer
            .write(
                (client, hash.to_owned(), if_exists, now),
                |connection, (client, hash, if_exists, now)| {
                    Box::pin(put(connection, *client, hash, *if_exists, *now))
                },
            )
            .await
    }
}

/// Every stored hash.
async fn all(pool: &DbPool) -> Result<Vec<(Client, String)>, StoreError> {
    let rows = sqlx::query("SELECT client, hash FROM tokens")
        .fetch_all(pool)
        .await
        .map_err(failed)?;
    rows.iter()
        .map(|row| {
            let client: String = row.get("client");
            let client = client.parse().map_err(|_| unreadable("client"))?;
            Ok((client, row.get("hash")))
        })
        .collect()
}

/// Stores a hash; `false` if one exists and is kept.
async fn put(
    connection: &mut DbConnection,
    client: Client,
    hash: &str,
    if_exists: IfExists,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let stored = sqlx::query(
        "INSERT INTO tokens (client, hash, created_at) VALUES ($1, $2, $3) \
         ON CONFLICT (client) DO UPDATE SET hash = excluded.hash, \
         created_at = excluded.created_at WHERE $4",
    )
    .bind(client.as_str())
    .bind(hash)
    .bind(millis(now))
    .bind(if_exists == IfExists::Replace)
    .execute(connection)
    .await
    .map_err(failed)?;
    Ok(stored.rows_affected() > 0)
}
