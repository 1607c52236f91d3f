//! Deliveries for display: listed, or one by one with their attempts.

use chrono::{DateTime, Utc};
use sqlx::{AssertSqlSafe, Row as _};

use super::super::{DbPool, DbRow, failed};
use super::{attempts, destination, livraison_etat};
use crate::adapters::store::rows::{instant, millis, read_content};
use crate::domain::demande::Uid;
use crate::domain::livraison::{
    Attempt, Destination, LivraisonEtat, LivraisonSummary, LivraisonView,
};
use crate::domain::ports::StoreError;

/// Deliveries, newest first.
pub(in super::super) async fn list(
    pool: &DbPool,
    etat: Option<LivraisonEtat>,
    limit: u32,
) -> Result<Vec<LivraisonSummary>, StoreError> {
    let (ending, word) = match etat {
        None => (NEWEST, None),
        Some(LivraisonEtat::Livree) => (NEWEST_DELIVERED, None),
        Some(etat) => (NEWEST_APART, Some(etat.as_str())),
    };
    let query = sqlx::query(AssertSqlSafe(format!("{SUMMARY}{ending}"))).bind(i64::from(limit));
    let query = match word {
        Some(word) => query.bind(word),
        None => query,
    };
    let rows = query.fetch_all(pool).await.map_err(failed)?;
    rows.iter().map(summary).collect()
}

/// The delivery of a destination that has waited longest despite attempts, among those accepted before an instant.
pub(in super::super) async fn oldest_failing(
    pool: &DbPool,
    destination: Destination,
    before: DateTime<Utc>,
) -> Result<Option<LivraisonSummary>, StoreError> {
    let row = sqlx::query(
        "SELECT id, destination, uid, etat, attempts, last_error, created_at, due_at, content \
         FROM livraisons WHERE destination = $1 AND etat = 'en_attente' AND attempts > 0 \
         AND last_error IS NOT NULL AND created_at < $2 ORDER BY created_at, sequence LIMIT 1",
    )
    .bind(destination.as_str())
    .bind(millis(before))
    .fetch_optional(pool)
    .await
    .map_err(failed)?;
    row.as_ref().map(summary).transpose()
}

/// Selects the columns of a [`LivraisonSummary`].
const SUMMARY: &str = "SELECT id, destination, uid, etat, attempts, last_error, created_at, \
                       due_at, content FROM livraisons ";
const NEWEST: &str = "ORDER BY sequence DESC LIMIT $1";
const NEWEST_DELIVERED: &str = "WHERE etat = 'livree' ORDER BY sequence DESC LIMIT $1";
/// States the condition `<> 'livree'` explicitly: the planner cannot infer it before the state is bound, and the
/// index by state covers only these.
const NEWEST_APART: &str = "WHERE etat <> 'livree' AND etat = $2 ORDER BY sequence DESC LIMIT $1";

fn summary(row: &DbRow) -> Result<LivraisonSummary, StoreError> {
    Ok(LivraisonSummary {
        id: row.get("id"),
        destination: destination(row)?,
        uid: row.get("uid"),
        etat: livraison_etat(row)?,
        attempts: attempts(row),
        last_error: row.get("last_error"),
        created_at: instant(row.get("created_at")),
        due_at: instant(row.get("due_at")),
    })
}

/// A delivery with its attempts, read in one snapshot.
pub(in super::super) async fn find(
    pool: &DbPool,
    id: &str,
) -> Result<Option<LivraisonView>, StoreError> {
    let rows = sqlx::query(
        "SELECT id, destination, uid, etat, attempts, last_error, created_at, due_at, content, \
         at, status, error, excerpt, \
         (SELECT e.motif FROM evenements e WHERE e.id = evenement_id) AS motif \
         FROM livraisons LEFT JOIN tentatives ON livraison_id = id \
         WHERE id = $1 ORDER BY number",
    )
    .bind(id)
    .fetch_all(pool)
    .await
    .map_err(failed)?;
    Ok(views(&rows)?.pop())
}

/// The deliveries of a demande, oldest first, each with its attempts.
pub(in super::super) async fn of_demande(
    pool: &DbPool,
    uid: &Uid,
) -> Result<Vec<LivraisonView>, StoreError> {
    let rows = sqlx::query(
        "SELECT id, destination, uid, etat, attempts, last_error, created_at, due_at, content, \
         at, status, error, excerpt, \
         (SELECT e.motif FROM evenements e WHERE e.id = evenement_id) AS motif \
         FROM livraisons LEFT JOIN tentatives ON livraison_id = id \
         WHERE uid = $1 ORDER BY sequence, number",
    )
    .bind(uid.as_str())
    .fetch_all(pool)
    .await
    .map_err(failed)?;
    views(&rows)
}

/// One delivery for each run of rows with the same id, which hold one attempt each.
fn views(rows: &[DbRow]) -> Result<Vec<LivraisonView>, StoreError> {
    let attempt = |row: &DbRow| {
        Some(Attempt {
            at: instant(row.get::<Option<i64>, _>("at")?),
            status: row
                .get::<Option<i64>, _>("status")
                .and_then(|status| u16::try_from(status).ok()),
            error: row.get("error"),
            excerpt: row.get("excerpt"),
        })
    };
    let id = |row: &DbRow| row.get::<String, _>("id");
    let view = |rows: &[DbRow]| {
        Ok(LivraisonView {
            summary: summary(&rows[0])?,
            content: read_content(rows[0].get("content")).ok(),
            motif: rows[0].get("motif"),
            attempts: rows.iter().filter_map(attempt).collect(),
        })
    };
    rows.chunk_by(|one, next| id(one) == id(next))
        .map(view)
        .collect()
}
