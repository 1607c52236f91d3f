//! The past, page by page: what was received and is still stored, to see what other rules would make of it.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use sqlx::Row as _;

use super::{DbPool, DbRow, DbStore, demandes, dialect, evenements, failed};
use crate::adapters::store::rows::millis;
use crate::domain::ports::{History, Page, PastEvent, PastPayload, PastSignalement, StoreError};

#[async_trait]
impl History for DbStore {
    async fn past_signalements(&self, page: Page) -> Result<Vec<PastSignalement>, StoreError> {
        dialect::in_time(signalements(&self.readers, page)).await
    }

    async fn past_events(&self, page: Page) -> Result<Vec<PastEvent>, StoreError> {
        dialect::in_time(events(&self.readers, page)).await
    }

    async fn count_past(&self, since: Option<DateTime<Utc>>) -> Result<(u64, u64), StoreError> {
        dialect::in_time(count(&self.readers, since)).await
    }
}

/// Signalements, the newest first.
async fn signalements(pool: &DbPool, page: Page) -> Result<Vec<PastSignalement>, StoreError> {
    let rows = sqlx::query(
        "SELECT s.rowid AS position, COALESCE(s.uid, s.id) AS name, s.payload, \
         (SELECT COUNT(*) FROM fichiers f WHERE f.signalement_id = s.id) AS photos \
         FROM signalements s WHERE s.rowid < $1 AND s.received_at >= $2 AND s.payload <> '' \
         ORDER BY s.rowid DESC LIMIT $3",
    )
    .bind(page.before.unwrap_or(i64::MAX))
    .bind(page.since.map_or(i64::MIN, millis))
    .bind(i64::from(page.limit))
    .fetch_all(pool)
    .await
    .map_err(failed)?;
    let read = |row: &DbRow| PastSignalement {
        position: row.get("position"),
        name: row.get("name"),
        received: payload(row),
    };
    Ok(rows.iter().map(read).collect())
}

/// Status events with their demandes, the newest first.
async fn events(pool: &DbPool, page: Page) -> Result<Vec<PastEvent>, StoreError> {
    let rows = sqlx::query(
        "SELECT d.uid, d.statut, d.statut_sowell, d.canal, d.qualification, d.workflow, \
         d.residence, d.bien, d.priorite, d.gestionnaire_concerne, d.acteur_en_charge, d.auteur, \
         d.email_auteur, d.contexte, d.lien_sowell, e.sequence AS position, e.evenement, e.statut AS e_statut, e.date, \
         e.resultat, e.commentaire, e.canal AS e_canal, s.payload, \
         (SELECT COUNT(*) FROM fichiers f WHERE f.signalement_id = s.id) AS photos \
         FROM evenements e JOIN demandes d ON d.uid = e.uid \
         JOIN signalements s ON s.id = d.signalement_id \
         WHERE e.sequence < $1 AND e.received_at >= $2 AND s.payload <> '' \
         ORDER BY e.sequence DESC LIMIT $3",
    )
    .bind(page.before.unwrap_or(i64::MAX))
    .bind(page.since.map_or(i64::MIN, millis))
    .bind(i64::from(page.limit))
    .fetch_all(pool)
    .await
    .map_err(failed)?;
    let read = |row: &DbRow| {
        Ok(PastEvent {
            position: row.get("position"),
            event: evenements::read(row, "e_statut", "e_canal"),
            demande: demandes::read(row)?,
            received: payload(row),
        })
    };
    rows.iter().map(read).collect()
}

fn payload(row: &DbRow) -> PastPayload {
    PastPayload {
        json: row.get("payload"),
        photos: usize::try_from(row.get::<i64, _>("photos")).unwrap_or(0),
    }
}

/// How many signalements and status events were received, including those whose content is no longer stored:
/// checking whether each event still has its signalement would take as long as reading some of them.
async fn count(pool: &DbPool, since: Option<DateTime<Utc>>) -> Result<(u64, u64), StoreError> {
    let row = sqlx::query(
        "SELECT (SELECT COUNT(*) FROM signalements WHERE received_at >= $1) AS signalements, \
         (SELECT COUNT(*) FROM evenements WHERE received_at >= $1) AS evenements",
    )
    .bind(since.map_or(i64::MIN, millis))
    .fetch_one(pool)
    .await
    .map_err(failed)?;
    let number = |column| u64::try_from(row.get::<i64, _>(column)).unwrap_or(0);
    Ok((number("signalements"), number("evenements")))
}
