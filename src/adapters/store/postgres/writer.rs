//! Writes: each one a transaction of its own on one of the pool's connections.
//!
//! PostgreSQL itself lets concurrent transactions share a sync, so there is no batch to build here. A write that
//! fails is retried on a different connection: the server may have restarted or failed over to its standby, or
//! another replica was first. If the answer to a commit is lost, its outcome is unknown, so every body may find its
//! own work already done and must then change nothing.

use std::slice;
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use sqlx::{Connection, PgConnection, PgPool};

use crate::adapters::store::postgres::{failed, shared};
use crate::crash;
use crate::domain::ports::{NewRecord, Recorded, StoreError};
use crate::domain::reason::Phrase;

/// How long a write is retried while the server is unavailable: a restart takes less.
const PATIENCE: Duration = Duration::from_secs(8);
/// The pause between two attempts.
const PAUSE: Duration = Duration::from_millis(100);
/// Time allowed for one attempt; a server that has disappeared would block it for ever.
const TRY_LIMIT: Duration = Duration::from_secs(15);

/// Runs the writes, with retries.
pub(super) struct Writer {
    pool: PgPool,
}

impl Writer {
    pub(super) fn new(pool: PgPool) -> Self {
        Self { pool }
    }

    /// Writes a signalement; returns after the commit.
    pub(super) async fn record(&self, record: NewRecord) -> Result<Recorded, StoreError> {
        let uid = record.creation.as_ref().map(|it| it.uid.clone());
        let recorded = self.write(record, |connection, record| {
            Box::pin(async move {
                let mut all = shared::batch::record(connection, slice::from_ref(record)).await?;
                all.pop()
                    .ok_or_else(|| StoreError::Fault("a record was not written".into()))
            })
        });
        Ok(match recorded.await? {
            // An earlier attempt of ours was committed, and its answer lost.
            Recorded::Bound(owner) if uid.is_some_and(|uid| uid.as_str() == owner.uid) => {
                Recorded::Written
            }
            recorded => recorded,
        })
    }

    /// Runs `body` inside a transaction; returns after the commit.
    ///
    /// `body` may run again after a commit whose answer was lost.
    pub(super) async fn write<I, T, F>(&self, input: I, body: F) -> Result<T, StoreError>
    where
        I: Send + Sync + 'static,
        T: Send + 'static,
        F: for<'c> Fn(&'c mut PgConnection, &'c I) -> BoxFuture<'c, Result<T, StoreError>>
            + Send
            + Sync
            + 'static,
    {
        let begun = Instant::now();
        let mut first = true;
        loop {
            let attempt = tokio::time::timeout(TRY_LIMIT, self.attempt(&input, &body)).await;
            let error = match attempt {
                Ok(Ok(value)) => return Ok(value),
                Ok(Err(error)) => error,
                Err(_) => StoreError::Unavailable(Phrase::NoAnswer.to_string()),
            };
            match &error {
                StoreError::Unavailable(_) if begun.elapsed() < PATIENCE => {
                    tokio::time::sleep(PAUSE).await;
                }
                // What another replica did first is visible to the second attempt; a real fault stays one.
                StoreError::Fault(_) if first => first = false,
                _ => return Err(error),
            }
            tracing::debug!(%error, "a write is retried");
        }
    }

    /// The same as [`Self::write`]: the server itself lets commits share a sync.
    pub(super) async fn write_along<I, T, F>(&self, input: I, body: F) -> Result<T, StoreError>
    where
        I: Send + Sync + 'static,
        T: Send + 'static,
        F: for<'c> Fn(&'c mut PgConnection, &'c I) -> BoxFuture<'c, Result<T, StoreError>>
            + Send
            + Sync
            + 'static,
    {
        self.write(input, body).await
    }

    async fn attempt<I, T, F>(&self, input: &I, body: &F) -> Result<T, StoreError>
    where
        F: for<'c> Fn(&'c mut PgConnection, &'c I) -> BoxFuture<'c, Result<T, StoreError>>,
    {
        let acquired = self.pool.acquire().await;
        let mut connection = acquired.map_err(failed)?;
        let written = transact(&mut connection, input, body).await;
        if matches!(written, Err(StoreError::Unavailable(_))) {
            // It may lead to a server that has become a standby, so a new one is opened next time.
            connection.close_on_drop();
        }
        written
    }
}

async fn transact<I, T, F>(
    connection: &mut PgConnection,
    input: &I,
    body: &F,
) -> Result<T, StoreError>
where
    F: for<'c> Fn(&'c mut PgConnection, &'c I) -> BoxFuture<'c, Result<T, StoreError>>,
{
    let begun = connection.begin().await;
    let mut transaction = begun.map_err(failed)?;
    let value = body(&mut transaction, input).await?;
    crash::point("postgres.commit.before");
    transaction.commit().await.map_err(failed)?;
    crash::point("postgres.commit.after");
    Ok(value)
}
