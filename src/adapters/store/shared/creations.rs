//! Creations in a remote CRM between *received* and *created*.
//!
//! A row here locks the keys of its signalement: it is the first thing that a reservation writes, and is deleted in
//! the transaction that records the outcome of the creation.

mod claim;
mod reserve;
mod settle;

use async_trait::async_trait;
use chrono::{DateTime, Duration, Utc};
use rand::RngExt as _;
use sqlx::{Executor, Row as _};

use super::{Db, DbConnection, DbPool, DbStore, dialect, failed, signalements};
use crate::adapters::store::rows::{instant, millis};
use crate::domain::ports::{
    ApartCount, CreationClaim, IdempotencyKey, Moment, PendingCreation, PendingCreations,
    PendingKey, Reservation, Reserved, Settled, Settlement, StoreError,
};
use crate::domain::signalement::SignalementId;

use claim::{begin_call, claim_due, claim_one, doubt_interrupted, resume};
use reserve::reserve;
use settle::settle;

#[async_trait]
impl PendingCreations for DbStore {
    async fn reserve(&self, reservation: Reservation) -> Result<Reserved, StoreError> {
        // Drawn outside the part that may run twice: if the commit of a first attempt held but its answer was lost,
        // the fence distinguishes its row from anyone else's.
        let fence = i64::from(rand::rng().random::<u32>());
        self.writer
            .write((reservation, fence), |connection, (reservation, fence)| {
                Box::pin(reserve(connection, reservation, *fence))
            })
            .await
    }

    async fn find_pending(
        &self,
        id: &SignalementId,
        key: Option<&IdempotencyKey>,
    ) -> Result<Option<PendingKey>, StoreError> {
        dialect::in_time(find_pending(&self.readers, id, key)).await
    }

    async fn any_in_doubt(&self) -> Result<bool, StoreError> {
        dialect::in_time(any_in_doubt(&self.readers)).await
    }

    async fn doubt_interrupted(&self, known_at: DateTime<Utc>) -> Result<u64, StoreError> {
        self.writer
            .write(known_at, |connection, known_at| {
                Box::pin(doubt_interrupted(connection, *known_at))
            })
            .await
    }

    async fn claim_creations(
        &self,
        limit: u32,
        at: Moment,
        lease: Duration,
    ) -> Result<Vec<PendingCreation>, StoreError> {
        self.writer
            .write((limit, at, lease), |connection, (limit, at, lease)| {
                Box::pin(claim_due(connection, *limit, *at, *lease))
            })
            .await
    }

    async fn claim_creation(
        &self,
        id: &SignalementId,
        now: DateTime<Utc>,
        lease: Duration,
    ) -> Result<Option<PendingCreation>, StoreError> {
        self.writer
            .write((id.clone(), now, lease), |connection, (id, now, lease)| {
                Box::pin(claim_one(connection, id, *now, *lease))
            })
            .await
    }

    async fn next_creation(&self, at: Moment) -> Result<Option<DateTime<Utc>>, StoreError> {
        dialect::in_time(next_due(&self.readers, at)).await
    }

    async fn begin_call(
        &self,
        claim: &CreationClaim,
        known_at: DateTime<Utc>,
        confirmed: bool,
    ) -> Result<bool, StoreError> {
        self.writer
            .write(
                (claim.clone(), known_at, confirmed),
                |connection, (claim, known_at, confirmed)| {
                    Box::pin(begin_call(connection, claim, *known_at, *confirmed))
                },
            )
            .await
    }

    async fn settle(
        &self,
        claim: &CreationClaim,
        settlement: Settlement,
    ) -> Result<Settled, StoreError> {
        self.writer
            .write(
                (claim.clone(), settlement),
                |connection, (claim, settlement)| Box::pin(settle(connection, claim, settlement)),
            )
            .await
    }

    async fn resume_creations(
        &self,
        motif: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let motif = motif.map(str::to_owned);
        self.writer
            .write((motif, now), |connection, (motif, now)| {
                Box::pin(resume(connection, motif.as_deref(), *now))
            })
            .await
    }

    async fn count_apart(&self) -> Result<Vec<ApartCount>, StoreError> {
        dialect::in_time(count_apart(&self.readers)).await
    }
}

/// The pending creation that holds the identity or the key; the key takes precedence.
pub(super) async fn find_pending(
    executor: impl Executor<'_, Database = Db>,
    id: &SignalementId,
    key: Option<&IdempotencyKey>,
) -> Result<Option<PendingKey>, StoreError> {
    let row = sqlx::query(
        "SELECT s.id, s.fingerprint, s.etat FROM creations c \
         JOIN signalements s ON s.id = c.signalement_id \
         WHERE c.signalement_id = $1 OR (c.key_client = $2 AND c.key_value = $3) \
         ORDER BY CASE WHEN c.key_value = $3 THEN 0 ELSE 1 END LIMIT 1",
    )
    .bind(id.as_str())
    .bind(key.map(|it| it.client.as_str()))
    .bind(key.map(|it| it.value.as_str()))
    .fetch_optional(executor)
    .await
    .map_err(failed)?;
    row.map(|row| {
        Ok(PendingKey {
            id: SignalementId::from_stored(row.get("id")),
            fingerprint: row.get("fingerprint"),
            etat: signalements::etat(&row)?,
        })
    })
    .transpose()
}

async fn any_in_doubt(pool: &DbPool) -> Result<bool, StoreError> {
    let found: Option<i64> =
        sqlx::query_scalar("SELECT in_doubt FROM creations WHERE in_doubt = 1 LIMIT 1")
            .fetch_optional(pool)
            .await
            .map_err(failed)?;
    Ok(found.is_some())
}

async fn next_due(pool: &DbPool, at: Moment) -> Result<Option<DateTime<Utc>>, StoreError> {
    let due: Option<i64> = sqlx::query_scalar(
        "SELECT due_at FROM creations WHERE stopped = 0 AND leased_until <= $1 \
         ORDER BY due_at LIMIT 1",
    )
    .bind(millis(at.leases_over))
    .fetch_optional(pool)
    .await
    .map_err(failed)?;
    Ok(due.map(instant))
}

/// The total is counted in an index, and only pending rows are read.
async fn count_apart(pool: &DbPool) -> Result<Vec<ApartCount>, StoreError> {
    let rows = sqlx::query(
        "SELECT etat, CAST(0 AS BIGINT) AS stopped, COUNT(*) AS count FROM signalements \
         WHERE bound = 0 GROUP BY etat \
         UNION ALL SELECT s.etat, CAST(1 AS BIGINT), COUNT(*) FROM creations c \
         JOIN signalements s ON s.id = c.signalement_id WHERE c.stopped = 1 GROUP BY s.etat",
    )
    .fetch_all(pool)
    .await
    .map_err(failed)?;
    rows.iter()
        .map(|row| {
            Ok(ApartCount {
                etat: signalements::etat(row)?,
                stopped: row.get::<i64, _>("stopped") == 1,
                count: row.get("count"),
            })
        })
        .collect()
}

async fn remove(connection: &mut DbConnection, id: &SignalementId) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM creations WHERE signalement_id = $1")
        .bind(id.as_str())
        .execute(connection)
        .await
        .map(|_| ())
        .map_err(failed)
}
