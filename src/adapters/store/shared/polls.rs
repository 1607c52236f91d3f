//! How far the CRM's list of changes has been read.

use async_trait::async_trait;
use chrono::{DateTime, Duration, Utc};
use sqlx::Row as _;

use super::{DbConnection, DbStore, dialect, evenements, failed};
use crate::adapters::store::rows::{instant, millis};
use crate::domain::demande::Uid;
use crate::domain::ports::{PollClaim, Polls, StoreError};
use crate::domain::statut::StoredEvent;

#[async_trait]
impl Polls for DbStore {
    async fn claim_poll(
        &self,
        now: DateTime<Utc>,
        lease: Duration,
    ) -> Result<Option<PollClaim>, StoreError> {
        self.writer
            .write((now, lease), |connection, (now, lease)| {
                Box::pin(claim(connection, *now, *lease))
            })
            .await
    }

    async fn renew_poll(
        &self,
        claim: &PollClaim,
        now: DateTime<Utc>,
        lease: Duration,
    ) -> Result<bool, StoreError> {
        self.writer
            .write((claim.fence, now + lease), |connection, (fence, until)| {
                Box::pin(renew(connection, *fence, *until))
            })
            .await
    }

    async fn finish_poll(
        &self,
        claim: &PollClaim,
        seen_until: Option<DateTime<Utc>>,
    ) -> Result<bool, StoreError> {
        self.writer
            .write((claim.fence, seen_until), |connection, (fence, seen)| {
                Box::pin(finish(connection, *fence, *seen))
            })
            .await
    }

    async fn last_event(&self, uid: &Uid) -> Result<Option<StoredEvent>, StoreError> {
        dialect::in_time(evenements::last(&self.readers, uid)).await
    }
}

async fn claim(
    connection: &mut DbConnection,
    now: DateTime<Utc>,
    lease: Duration,
) -> Result<Option<PollClaim>, StoreError> {
    let row = sqlx::query(
        "INSERT INTO polls (name, leased_until, fence) VALUES ('crm', $1, 1) \
         ON CONFLICT (name) DO UPDATE SET leased_until = excluded.leased_until, \
         fence = polls.fence + 1 WHERE polls.leased_until <= $2 RETURNING fence, seen_until",
    )
    .bind(millis(now + lease))
    .bind(millis(now))
    .fetch_optional(&mut *connection)
    .await
    .map_err(failed)?;
    let Some(row) = row else { return Ok(None) };
    let seen_until: Option<i64> = row.get("seen_until");
    // Needed only for the first poll. No demande is older than the first signalement that has one.
    let first: Option<i64> = match seen_until {
        Some(_) => None,
        None => sqlx::query_scalar(
            "SELECT received_at FROM signalements WHERE bound = 1 ORDER BY rowid LIMIT 1",
        )
        .fetch_optional(&mut *connection)
        .await
        .map_err(failed)?,
    };
    let newest_event: Option<i64> = sqlx::query_scalar("SELECT MAX(sequence) FROM evenements")
        .fetch_one(connection)
        .await
        .map_err(failed)?;
    Ok(Some(PollClaim {
        newest_event: newest_event.unwrap_or_default(),
        fence: row.get("fence"),
        seen_until: seen_until.map(instant),
        first_demande: first.map(instant),
    }))
}

async fn renew(
    connection: &mut DbConnection,
    fence: i64,
    until: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let kept = sqlx::query("UPDATE polls SET leased_until = $1 WHERE name = 'crm' AND fence = $2")
        .bind(millis(until))
        .bind(fence)
        .execute(connection)
        .await
        .map_err(failed)?;
    Ok(kept.rows_affected() == 1)
}

/// Ends the claim of a process that is gone; its late result is then ignored.
pub(super) async fn release(connection: &mut DbConnection) -> Result<(), StoreError> {
    sqlx::query("UPDATE polls SET leased_until = 0, fence = fence + 1 WHERE leased_until > 0")
        .execute(connection)
        .await
        .map(|_| ())
        .map_err(failed)
}

async fn finish(
    connection: &mut DbConnection,
    fence: i64,
    seen_until: Option<DateTime<Utc>>,
) -> Result<bool, StoreError> {
    let kept = sqlx::query(
        "UPDATE polls SET leased_until = 0, seen_until = $1 WHERE name = 'crm' AND fence = $2",
    )
    .bind(seen_until.map(millis))
    .bind(fence)
    .execute(connection)
    .await
    .map_err(failed)?;
    Ok(kept.rows_affected() == 1)
}
