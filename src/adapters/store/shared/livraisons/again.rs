//! Brings many deliveries back, some at a time, so that other writes need not wait for all of them.
//!
//! Each step continues after the places of the last one, so as not to meet again what failed meanwhile, and ends
//! when nothing is found: PostgreSQL leaves rows that someone else is changing out of a page.

use chrono::{DateTime, Utc};

use super::super::{DbConnection, DbStore, failed};
use super::AT_ONCE;
use crate::adapters::store::rows::millis;
use crate::domain::livraison::Destination;
use crate::domain::ports::{Resume, StoreError};

/// Ends the pause of a destination and makes what waits there for a retry due.
pub(in super::super) async fn resume(
    store: &DbStore,
    destination: Destination,
    which: Resume,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    store
        .writer
        .write(
            (destination, which, now),
            |connection, (destination, which, now)| {
                Box::pin(end_pause(connection, *destination, *which, *now))
            },
        )
        .await?;
    let mut after = 0;
    loop {
        let places = store.writer.write(
            (destination, which, now, after),
            |connection, (destination, which, now, after)| {
                Box::pin(resume_some(connection, *destination, *which, *now, *after))
            },
        );
        match places.await?.into_iter().max() {
            Some(last) => after = last,
            None => return Ok(()),
        }
    }
}

/// Queues every dead delivery of a destination again, and returns how many.
pub(in super::super) async fn retry_dead(
    store: &DbStore,
    destination: Destination,
    now: DateTime<Utc>,
) -> Result<u64, StoreError> {
    let (mut after, mut queued) = (0, 0);
    loop {
        let places = store.writer.write(
            (destination, now, after),
            |connection, (destination, now, after)| {
                Box::pin(retry_some(connection, *destination, *now, *after))
            },
        );
        let places = places.await?;
        queued += places.len() as u64;
        match places.into_iter().max() {
            Some(last) => after = last,
            None => return Ok(queued),
        }
    }
}

async fn end_pause(
    connection: &mut DbConnection,
    destination: Destination,
    which: Resume,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    // Not deleted: one delivery is sent as a probe before the others follow.
    sqlx::query(
        "UPDATE pauses SET until = $1, failures = 0 \
         WHERE destination = $2 AND ($3 OR refused = 1)",
    )
    .bind(millis(now))
    .bind(destination.as_str())
    .bind(which > Resume::Refused)
    .execute(connection)
    .await
    .map(|_| ())
    .map_err(failed)
}

/// Those after a place, in the order of acceptance; returns their places.
async fn resume_some(
    connection: &mut DbConnection,
    destination: Destination,
    which: Resume,
    now: DateTime<Utc>,
    after: i64,
) -> Result<Vec<i64>, StoreError> {
    sqlx::query_scalar(
        "UPDATE livraisons SET due_at = $1 WHERE sequence IN ( \
           SELECT l.sequence FROM livraisons l \
           WHERE l.etat <> 'livree' AND l.etat = 'en_attente' AND l.sequence > $6 \
           AND l.destination = $2 AND l.due_at > $1 AND ($3 OR ( \
             SELECT CASE WHEN $4 AND t.status IS NULL THEN 401 ELSE t.status END \
             FROM tentatives t WHERE t.livraison_id = l.id \
             ORDER BY t.number DESC LIMIT 1) IN (401, 403)) \
           ORDER BY l.sequence LIMIT $5) \
         AND etat = 'en_attente' RETURNING sequence",
    )
    .bind(millis(now))
    .bind(destination.as_str())
    .bind(which == Resume::All)
    .bind(which == Resume::Unanswered)
    .bind(i64::try_from(AT_ONCE).unwrap_or(i64::MAX))
    .bind(after)
    .fetch_all(connection)
    .await
    .map_err(failed)
}

/// Those after a place, in the order of acceptance; returns their places.
async fn retry_some(
    connection: &mut DbConnection,
    destination: Destination,
    now: DateTime<Utc>,
    after: i64,
) -> Result<Vec<i64>, StoreError> {
    sqlx::query_scalar(
        "UPDATE livraisons SET etat = 'en_attente', due_at = $1, waited_ms = 0, leased_until = 0, \
         finished_at = NULL WHERE sequence IN ( \
           SELECT sequence FROM livraisons WHERE etat <> 'livree' AND etat = 'morte' \
           AND destination = $2 AND sequence > $3 ORDER BY sequence LIMIT $4) \
         AND etat = 'morte' RETURNING sequence",
    )
    .bind(millis(now))
    .bind(destination.as_str())
    .bind(after)
    .bind(i64::try_from(AT_ONCE).unwrap_or(i64::MAX))
    .fetch_all(connection)
    .await
    .map_err(failed)
}
