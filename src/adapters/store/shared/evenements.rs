//! The CRM's status events, in the order of acceptance.

mod before;
mod held;

use sqlx::{AssertSqlSafe, Row as _};

use super::{DbConnection, DbPool, DbRow, dialect, failed, livraisons};
use crate::adapters::store::rows::{instant as from_millis, millis, storable, unreadable};
use crate::domain::demande::Uid;
use crate::domain::instant;
use crate::domain::livraison::{LivraisonEtat, NewLivraison};
use crate::domain::ports::{EventRecorded, NewEvent, StoreError};
use crate::domain::statut::{ALREADY_RECEIVED, EventIssue, StatutEvent, StoredEvent};

use before::{Before, brought_by, seen};
pub(super) use held::{count_held, held, release};

/// Stores a decided event, unless it was received before.
pub(super) async fn record(
    connection: &mut DbConnection,
    new: &NewEvent,
) -> Result<EventRecorded, StoreError> {
    dialect::lock_demande(connection, &new.event.uid).await?;
    if let Some(issue) = brought_by(connection, new).await? {
        return Ok(EventRecorded::Seen(issue));
    }
    let before = seen(connection, new).await?;
    match &before {
        // Our own commit held although its answer was lost: this is its second attempt.
        Some(before) if before.id == new.id && before.issue == new.issue => {
            return Ok(EventRecorded::Written(before.sequence));
        }
        Some(before) if !before.is_corrected_by(new) => {
            if before.is_told_anew_by(new) && is_followed(connection, new, before.sequence).await? {
                tell_anew(connection, new, before.sequence).await?;
            }
            return Ok(EventRecorded::Seen(before.issue));
        }
        _ => {}
    }
    if let Some(place) = new.unless_after
        && is_followed(connection, new, place).await?
    {
        // Another event was accepted that the poll behind this one may not have seen.
        return Ok(EventRecorded::Overtaken);
    }
    if let Some(before) = before {
        // The first one had no effect, and the CRM has now corrected it.
        withdraw(connection, &before).await?;
    }
    write(connection, new).await
}

/// Stores an event with all that follows from it.
async fn write(connection: &mut DbConnection, new: &NewEvent) -> Result<EventRecorded, StoreError> {
    let event = &new.event;
    let inserted = sqlx::query_scalar(
        "INSERT INTO evenements (id, uid, evenement, statut, date, date_at, resultat, commentaire, \
         canal, issue, statut_sowell, motif, version, trace, received_at, message) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16) \
         ON CONFLICT (id) DO NOTHING RETURNING sequence",
    )
    .bind(&new.id)
    .bind(event.uid.as_str())
    .bind(&event.evenement)
    .bind(&event.statut)
    .bind(&event.date)
    .bind(date_at(event))
    .bind(&event.resultat)
    .bind(&event.commentaire)
    .bind(&event.canal)
    .bind(new.issue.as_str())
    .bind(&new.statut_sowell)
    .bind(new.motif.as_deref().map(storable))
    .bind(&new.version)
    .bind(&new.trace)
    .bind(millis(new.received_at))
    .bind(&event.message)
    .fetch_optional(&mut *connection)
    .await
    .map_err(failed)?;
    let Some(sequence) = inserted else {
        return written_before(connection, &new.id).await;
    };
    if new.issue != EventIssue::Retenu {
        set_statut(
            connection,
            &event.uid,
            &event.statut,
            new.statut_sowell.as_deref(),
        )
        .await?;
    }
    if let Some(push) = &new.push {
        let etat = match new.issue {
            EventIssue::Retenu => LivraisonEtat::Retenue,
            _ => LivraisonEtat::EnAttente,
        };
        let rows = [(push, Some(event.uid.as_str()))];
        livraisons::insert(connection, &rows, Some(&new.id), etat, new.received_at).await?;
    }
    insert_courriels(connection, &new.courriels, &event.uid, new.received_at).await?;
    Ok(EventRecorded::Written(sequence))
}

/// The place in the order that its first attempt got.
async fn written_before(
    connection: &mut DbConnection,
    id: &str,
) -> Result<EventRecorded, StoreError> {
    sqlx::query_scalar("SELECT sequence FROM evenements WHERE id = $1")
        .bind(id)
        .fetch_one(connection)
        .await
        .map(EventRecorded::Written)
        .map_err(failed)
}

/// Whether the demande has an event after this place.
async fn is_followed(
    connection: &mut DbConnection,
    new: &NewEvent,
    place: i64,
) -> Result<bool, StoreError> {
    sqlx::query("SELECT 1 FROM evenements WHERE uid = $1 AND sequence > $2 LIMIT 1")
        .bind(new.event.uid.as_str())
        .bind(place)
        .fetch_optional(connection)
        .await
        .map(|row| row.is_some())
        .map_err(failed)
}

/// Records that the CRM came back to a status that SoWell was sent at `place`: it is newer than everything after
/// that. Held deliveries from in between would take SoWell back to what the CRM has left.
async fn tell_anew(
    connection: &mut DbConnection,
    new: &NewEvent,
    place: i64,
) -> Result<(), StoreError> {
    let anew = NewEvent {
        issue: EventIssue::Ignore,
        statut_sowell: None,
        motif: Some(ALREADY_RECEIVED.into()),
        push: None,
        courriels: Vec::new(),
        ..new.clone()
    };
    write(connection, &anew).await?;
    sqlx::query(
        "UPDATE livraisons SET etat = 'depassee' WHERE queue = $1 AND etat = 'retenue' \
         AND evenement_id IN (SELECT id FROM evenements \
           WHERE uid = $1 AND sequence > $2 AND canal = $3)",
    )
    .bind(new.event.uid.as_str())
    .bind(place)
    .bind(&new.event.canal)
    .execute(connection)
    .await
    .map(|_| ())
    .map_err(failed)
}

/// Removes an event that had no effect, with the place that it held in the queue.
async fn withdraw(connection: &mut DbConnection, held: &Before) -> Result<(), StoreError> {
    for statement in [
        "DELETE FROM livraisons WHERE evenement_id = $1",
        "DELETE FROM evenements WHERE id = $1",
    ] {
        sqlx::query(statement)
            .bind(&held.id)
            .execute(&mut *connection)
            .await
            .map_err(failed)?;
    }
    Ok(())
}

fn date_at(event: &StatutEvent) -> Option<i64> {
    let date = instant::parse(event.date.as_deref()?)?;
    Some(date.timestamp_millis())
}

fn issue(row: &DbRow) -> Result<EventIssue, StoreError> {
    let word: String = row.get("issue");
    word.parse().map_err(|_| unreadable("issue"))
}

async fn set_statut(
    connection: &mut DbConnection,
    uid: &Uid,
    statut: &str,
    statut_sowell: Option<&str>,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE demandes SET statut = $1, statut_sowell = COALESCE($2, statut_sowell) \
         WHERE uid = $3",
    )
    .bind(statut)
    .bind(statut_sowell)
    .bind(uid.as_str())
    .execute(connection)
    .await
    .map(|_| ())
    .map_err(failed)
}

async fn insert_courriels(
    connection: &mut DbConnection,
    courriels: &[NewLivraison],
    uid: &Uid,
    at: chrono::DateTime<chrono::Utc>,
) -> Result<(), StoreError> {
    let rows: Vec<(&NewLivraison, Option<&str>)> = courriels
        .iter()
        .map(|it| (it, Some(uid.as_str())))
        .collect();
    livraisons::insert(connection, &rows, None, LivraisonEtat::EnAttente, at).await
}

/// Selects the columns of a [`StoredEvent`].
const STORED: &str = "SELECT id, sequence, uid, evenement, statut, date, resultat, commentaire, \
                      canal, issue, received_at FROM evenements ";

/// The event of a demande that was received last.
pub(super) async fn last(pool: &DbPool, uid: &Uid) -> Result<Option<StoredEvent>, StoreError> {
    let which = "WHERE uid = $1 ORDER BY sequence DESC LIMIT 1";
    let row = sqlx::query(AssertSqlSafe([STORED, which].concat()))
        .bind(uid.as_str())
        .fetch_optional(pool)
        .await
        .map_err(failed)?;
    row.as_ref().map(stored).transpose()
}

fn stored(row: &DbRow) -> Result<StoredEvent, StoreError> {
    Ok(StoredEvent {
        id: row.get("id"),
        sequence: row.get("sequence"),
        event: read(row, "statut", "canal"),
        issue: issue(row)?,
        received_at: from_millis(row.get("received_at")),
    })
}

/// The event as the CRM sent it. A demande also has a status and a channel: in a join, these columns have other
/// names.
pub(super) fn read(row: &DbRow, statut: &str, canal: &str) -> StatutEvent {
    StatutEvent {
        uid: Uid::new(row.get("uid")),
        statut: row.get(statut),
        date: row.get("date"),
        resultat: row.get("resultat"),
        commentaire: row.get("commentaire"),
        canal: row.get(canal),
        evenement: row.get("evenement"),
        message: None,
    }
}
