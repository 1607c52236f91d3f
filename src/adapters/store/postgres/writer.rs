//! Writes: each a transaction of its own on one of the pool's connections.
//!
//! PostgreSQL lets many transactions share one sync by itself, so there is no batch to make here.
//! A write that fails is tried again on another connection: the server may have restarted or handed
//! over to its standby, or another replica was first. Whether a commit held whose answer was lost is
//! not known, so every body may find its own work done and must then change nothing.

use std::slice;
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use sqlx::{Connection, PgConnection, PgPool};

use crate::adapters::store::postgres::{failed, shared};
use crate::crash;
use crate::domain::ports::{NewRecord, Recorded, StoreError};
use crate::domain::reason::Phrase;

/// How long a write is tried anew while the server is away: a restart is over before.
const PATIENCE: Duration = Duration::from_secs(8);
/// The rest between two tries.
const PAUSE: Duration = Duration::from_millis(100);
/// How long one try may take; a server that is gone without a word would hold it for ever.
const TRY_LIMIT: Duration = Duration::from_secs(15);

/// The way to the connections that write.
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
            // An earlier try of ours was committed, and its answer lost.
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
                // What another replica did first is seen at the second try; a fault stays one.
                StoreError::Fault(_) if first => first = false,
                _ => return Err(error),
            }
            tracing::debug!(%error, "a write is tried again");
        }
    }

    /// The same: the server lets commits share a sync by itself.
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
            // It may lead to a server that has become a standby: the next one is made anew.
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
