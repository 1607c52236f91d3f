//! Deletes what is no longer needed, in small batches: each is one commit beside other traffic.

use chrono::{DateTime, Utc};
use sqlx::{AssertSqlSafe, QueryBuilder};

use super::{Db, DbConnection, DbPool, failed};
use crate::adapters::store::rows::millis;
use crate::domain::ports::{Kept, StoreError};

/// Selects what may be deleted if older than `$1`, by the key of its table.
pub(in super::super) const SIGNALEMENT_TRACES: &str =
    "SELECT id FROM signalements WHERE trace IS NOT NULL AND decided_at < $1";
pub(in super::super) const EVENEMENT_TRACES: &str =
    "SELECT id FROM evenements WHERE trace IS NOT NULL AND received_at < $1";
/// Only of demandes: any other signalement may be decided again. A later status would need the payload for its
/// e-mails, so the last one must be as old, and no delivery may be waiting. Uses COUNT, since PostgreSQL may read
/// all events for a NOT EXISTS at each batch.
pub(in super::super) const PAYLOADS: &str = "SELECT s.id FROM signalements s WHERE s.bound = 1 AND s.payload <> '' AND s.received_at < $1 \
     AND (SELECT COUNT(*) FROM evenements e WHERE e.uid = s.uid \
       AND (e.received_at >= $1 OR e.issue = 'retenu')) = 0 \
     AND s.uid NOT IN (SELECT l.uid FROM livraisons l WHERE l.uid IS NOT NULL \
       AND l.etat <> 'livree' AND l.etat IN ('en_attente', 'retenue', 'morte'))";
pub(in super::super) const DELIVERIES: &str =
    "SELECT id FROM livraisons WHERE etat = 'livree' AND finished_at < $1";

/// Deletes at most `limit` items of a kind from before an instant; returns how many.
pub(super) async fn purge(
    connection: &mut DbConnection,
    what: Kept,
    before: DateTime<Utc>,
    limit: u32,
) -> Result<u64, StoreError> {
    match what {
        Kept::Traces => {
            let sql = "UPDATE signalements SET trace = NULL WHERE id IN (";
            let first = forget(connection, sql, SIGNALEMENT_TRACES, before, limit).await?;
            let left = limit.saturating_sub(u32::try_from(first).unwrap_or(limit));
            if left == 0 {
                return Ok(first);
            }
            let sql = "UPDATE evenements SET trace = NULL WHERE id IN (";
            let second = forget(connection, sql, EVENEMENT_TRACES, before, left).await?;
            Ok(first + second)
        }
        Kept::Payloads => {
            let sql = "UPDATE signalements SET payload = '' WHERE id IN (";
            forget(connection, sql, PAYLOADS, before, limit).await
        }
        Kept::Deliveries => deliveries(connection, before, limit).await,
    }
}

async fn forget(
    connection: &mut DbConnection,
    update: &'static str,
    which: &'static str,
    before: DateTime<Utc>,
    limit: u32,
) -> Result<u64, StoreError> {
    let statement = format!("{update}{which} LIMIT $2)");
    let done = sqlx::query(AssertSqlSafe(statement))
        .bind(millis(before))
        .bind(i64::from(limit))
        .execute(connection)
        .await
        .map_err(failed)?;
    Ok(done.rows_affected())
}

async fn deliveries(
    connection: &mut DbConnection,
    before: DateTime<Utc>,
    limit: u32,
) -> Result<u64, StoreError> {
    let ids: Vec<String> = sqlx::query_scalar(AssertSqlSafe(format!("{DELIVERIES} LIMIT $2")))
        .bind(millis(before))
        .bind(i64::from(limit))
        .fetch_all(&mut *connection)
        .await
        .map_err(failed)?;
    if ids.is_empty() {
        return Ok(0);
    }
    for start in [
        "DELETE FROM tentatives WHERE livraison_id IN (",
        "DELETE FROM livraisons WHERE id IN (",
    ] {
        let mut query = QueryBuilder::<Db>::new(start);
        let mut list = query.separated(", ");
        for id in &ids {
            list.push_bind(id);
        }
        query.push(")");
        let done = query.build().execute(&mut *connection).await;
        done.map_err(failed)?;
    }
    Ok(u64::try_from(ids.len()).unwrap_or(0))
}

/// How many items of a kind from before an instant may be deleted.
pub(super) async fn count(
    pool: &DbPool,
    what: Kept,
    before: DateTime<Utc>,
) -> Result<u64, StoreError> {
    let parts: &[&str] = match what {
        Kept::Traces => &[SIGNALEMENT_TRACES, EVENEMENT_TRACES],
        Kept::Payloads => &[PAYLOADS],
        Kept::Deliveries => &[DELIVERIES],
    };
    let mut total = 0;
    for part in parts {
        let statement = format!("SELECT COUNT(*) FROM ({part}) AS found");
        let count: i64 = sqlx::query_scalar(AssertSqlSafe(statement))
            .bind(millis(before))
            .fetch_one(pool)
            .await
            .map_err(failed)?;
        total += u64::try_from(count).unwrap_or(0);
    }
    Ok(total)
}
