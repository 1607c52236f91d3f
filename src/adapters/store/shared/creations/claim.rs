//! A waiting creation is claimed by a single worker, which records a call before making it.

use chrono::{DateTime, Duration, Utc};
use sqlx::Row as _;

use super::super::{DbConnection, DbRow, failed, fichiers, signalements};
use crate::adapters::store::rows::{instant, millis, read_demande, read_texts};
use crate::domain::ports::{CreateDemande, CreationClaim, Moment, PendingCreation, StoreError};
use crate::domain::signalement::SignalementId;

pub(super) async fn doubt_interrupted(
    connection: &mut DbConnection,
    known_at: DateTime<Utc>,
) -> Result<u64, StoreError> {
    // The fences stay: if the maker of the call is alive after all, its result still counts.
    let found = sqlx::query(
        "UPDATE creations SET leased_until = 0, due_at = $1, known_at = $1 \
         WHERE in_doubt = 1 AND leased_until > 0 AND stopped = 0",
    )
    .bind(millis(known_at))
    .execute(&mut *connection)
    .await
    .map_err(failed)?;
    // A claim without a call is simply released.
    for statement in [
        "UPDATE creations SET leased_until = 0 WHERE leased_until > 0",
        "UPDATE signalements SET etat = 'inconnu' WHERE etat IN ('recu', 'differe') AND id IN \
         (SELECT signalement_id FROM creations WHERE in_doubt = 1)",
    ] {
        sqlx::query(statement)
            .execute(&mut *connection)
            .await
            .map_err(failed)?;
    }
    Ok(found.rows_affected())
}

pub(super) async fn claim_due(
    connection: &mut DbConnection,
    limit: u32,
    at: Moment,
    lease: Duration,
) -> Result<Vec<PendingCreation>, StoreError> {
    // The conditions are repeated: on PostgreSQL another replica may have claimed and postponed a chosen row.
    let rows = sqlx::query(
        "UPDATE creations SET leased_until = $1, fence = fence + 1 \
         WHERE leased_until <= $4 AND stopped = 0 AND due_at <= $2 AND signalement_id IN ( \
           SELECT signalement_id FROM creations \
           WHERE stopped = 0 AND due_at <= $2 AND leased_until <= $4 \
           ORDER BY due_at LIMIT $3) \
         RETURNING signalement_id, fence, in_doubt, confirmed, stopped, demande, avertissements, \
         attempts, COALESCE(known_at, due_at) AS known_at",
    )
    .bind(millis(at.now + lease))
    .bind(millis(at.now))
    .bind(i64::from(limit))
    .bind(millis(at.leases_over))
    .fetch_all(&mut *connection)
    .await
    .map_err(failed)?;
    let mut claimed = Vec::with_capacity(rows.len());
    for row in &rows {
        claimed.push(load(&mut *connection, row).await?);
    }
    Ok(claimed)
}

pub(super) async fn claim_one(
    connection: &mut DbConnection,
    id: &SignalementId,
    now: DateTime<Utc>,
    lease: Duration,
) -> Result<Option<PendingCreation>, StoreError> {
    let row = sqlx::query(
        "UPDATE creations SET leased_until = $1, fence = fence + 1 \
         WHERE signalement_id = $2 AND leased_until <= $3 \
         RETURNING signalement_id, fence, in_doubt, confirmed, stopped, demande, avertissements, \
         attempts, COALESCE(known_at, due_at) AS known_at",
    )
    .bind(millis(now + lease))
    .bind(id.as_str())
    .bind(millis(now))
    .fetch_optional(&mut *connection)
    .await
    .map_err(failed)?;
    match row {
        Some(row) => load(connection, &row).await.map(Some),
        None => Ok(None),
    }
}

pub(super) async fn resume(
    connection: &mut DbConnection,
    motif: Option<&str>,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    // For a creation left in doubt by an earlier version, only due_at tells when its outcome can be known.
    sqlx::query(
        "UPDATE creations SET due_at = $1 \
         WHERE stopped = 0 AND due_at > $1 AND (in_doubt = 0 OR known_at <= $1) \
         AND ($2 OR (SELECT motif FROM signalements WHERE id = signalement_id) = $3)",
    )
    .bind(millis(now))
    .bind(motif.is_none())
    .bind(motif)
    .execute(connection)
    .await
    .map(|_| ())
    .map_err(failed)
}

pub(super) async fn begin_call(
    connection: &mut DbConnection,
    claim: &CreationClaim,
    known_at: DateTime<Utc>,
    confirmed: bool,
) -> Result<bool, StoreError> {
    let begun = sqlx::query(
        "UPDATE creations SET in_doubt = 1, stopped = 0, due_at = $1, known_at = $1, confirmed = $4 \
         WHERE signalement_id = $2 AND fence = $3",
    )
    .bind(millis(known_at))
    .bind(claim.id.as_str())
    .bind(claim.fence)
    .bind(i64::from(confirmed))
    .execute(connection)
    .await
    .map_err(failed)?;
    Ok(begun.rows_affected() == 1)
}

/// Reads a claimed creation; one in doubt is shown as such from now on.
async fn load(connection: &mut DbConnection, row: &DbRow) -> Result<PendingCreation, StoreError> {
    let id: String = row.get("signalement_id");
    let in_doubt = row.get::<i64, _>("in_doubt") == 1;
    let signalement = sqlx::query(
        "UPDATE signalements SET etat = CASE WHEN $2 = 1 THEN 'inconnu' ELSE etat END \
         WHERE id = $1 RETURNING etat, payload, trace",
    )
    .bind(&id)
    .bind(i64::from(in_doubt))
    .fetch_one(&mut *connection)
    .await
    .map_err(failed)?;
    let fichiers = fichiers::of(&mut *connection, &id).await?;
    let reference = SignalementId::from_stored(id);
    Ok(PendingCreation {
        claim: CreationClaim {
            id: reference.clone(),
            fence: row.get("fence"),
        },
        etat: signalements::etat(&signalement)?,
        in_doubt,
        confirmed: row.get::<i64, _>("confirmed") == 1,
        stopped: row.get::<i64, _>("stopped") == 1,
        request: CreateDemande {
            reference,
            demande: read_demande(row.get("demande"))?,
            fichiers,
        },
        avertissements: read_texts(row.get("avertissements"))?,
        payload: signalement.get("payload"),
        trace: signalement
            .get::<Option<String>, _>("trace")
            .unwrap_or_default(),
        attempts: u32::try_from(row.get::<i64, _>("attempts")).unwrap_or(u32::MAX),
        known_at: instant(row.get("known_at")),
    })
}
