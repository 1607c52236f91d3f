//! Whether an event was received before.

use sqlx::Row as _;

use super::super::{DbConnection, DbRow, failed};
use super::{date_at, issue};
use crate::domain::ports::{NewEvent, StoreError};
use crate::domain::statut::{EventIssue, StatutEvent};

/// An event that was received before.
pub(super) struct Before {
    pub(super) id: String,
    pub(super) sequence: i64,
    pub(super) issue: EventIssue,
    statut: String,
    resultat: Option<String>,
    canal: Option<String>,
    commentaire: Option<String>,
}

impl Before {
    /// Whether the CRM's event was refused, and is now sent again with a different status, result or channel, or a
    /// different comment if that decides.
    pub(super) fn is_corrected_by(&self, new: &NewEvent) -> bool {
        let says_otherwise = self.statut != new.event.statut
            || self.resultat != new.event.resultat
            || self.canal != new.event.canal
            || (new.deciding_comment.as_deref())
                .is_some_and(|it| it != self.commentaire.as_deref().unwrap_or_default());
        self.issue == EventIssue::Retenu && says_otherwise
    }

    /// Whether this took effect, and may have become true again. With an id or a date, it is the same event.
    pub(super) fn is_told_anew_by(&self, new: &NewEvent) -> bool {
        let nameless = new.event.evenement.is_none() && new.event.date.is_none();
        self.issue != EventIssue::Retenu && nameless
    }
}

/// The outcome of the event that the same message brought before, whatever came since: its sender may not have
/// received our answer.
pub(super) async fn brought_by(
    connection: &mut DbConnection,
    new: &NewEvent,
) -> Result<Option<EventIssue>, StoreError> {
    if new.event.message.is_none() {
        return Ok(None);
    }
    let row = sqlx::query(
        "SELECT issue FROM evenements WHERE uid = $1 AND message = $2 AND id <> $3 LIMIT 1",
    )
    .bind(new.event.uid.as_str())
    .bind(&new.event.message)
    .bind(&new.id)
    .fetch_optional(connection)
    .await
    .map_err(failed)?;
    row.as_ref().map(issue).transpose()
}

/// The same event, if it was received before, with its outcome.
pub(super) async fn seen(
    connection: &mut DbConnection,
    new: &NewEvent,
) -> Result<Option<Before>, StoreError> {
    let row = if new.event.evenement.is_some() {
        named(connection, &new.event).await
    } else if new.issue == EventIssue::Retenu && new.event.date.is_some() {
        dated(connection, new).await
    } else {
        repeated(connection, new).await
    };
    let before = |row: DbRow| {
        Ok(Before {
            id: row.get("id"),
            sequence: row.get("sequence"),
            issue: issue(&row)?,
            statut: row.get("statut"),
            resultat: row.get("resultat"),
            canal: row.get("canal"),
            commentaire: row.get("commentaire"),
        })
    };
    row.map_err(failed)?.map(before).transpose()
}

/// The event with the CRM's id of this one.
async fn named(
    connection: &mut DbConnection,
    event: &StatutEvent,
) -> Result<Option<DbRow>, sqlx::Error> {
    sqlx::query(
        "SELECT id, sequence, issue, statut, resultat, canal, commentaire FROM evenements \
         WHERE uid = $1 AND evenement = $2",
    )
    .bind(event.uid.as_str())
    .bind(&event.evenement)
    .fetch_optional(connection)
    .await
}

/// The same event as one to be held. A refused event is sent again, whatever came meanwhile: its date identifies it.
async fn dated(
    connection: &mut DbConnection,
    new: &NewEvent,
) -> Result<Option<DbRow>, sqlx::Error> {
    let event = &new.event;
    sqlx::query(
        "SELECT id, sequence, issue, statut, resultat, canal, commentaire FROM evenements \
         WHERE uid = $1 AND canal = $2 AND statut = $3 \
         AND resultat IS NOT DISTINCT FROM $4 AND date_at = $5 \
         AND coalesce(commentaire, '') = coalesce($6, commentaire, '') \
         ORDER BY sequence DESC LIMIT 1",
    )
    .bind(event.uid.as_str())
    .bind(&event.canal)
    .bind(&event.statut)
    .bind(&event.resultat)
    .bind(date_at(event))
    .bind(&new.deciding_comment)
    .fetch_optional(connection)
    .await
}

/// The last event, if this one repeats it: without an id, only that can be distinguished from a status that came back.
/// One to be held is compared with the last event, any other with the last one that took effect, and each within its
/// own channel.
async fn repeated(
    connection: &mut DbConnection,
    new: &NewEvent,
) -> Result<Option<DbRow>, sqlx::Error> {
    let event = &new.event;
    sqlx::query(
        "SELECT id, sequence, issue, statut, resultat, canal, commentaire FROM (SELECT id, \
         sequence, issue, statut, resultat, canal, commentaire, date_at FROM evenements \
         WHERE uid = $1 AND (issue <> 'retenu' OR $2) AND canal = $3 \
         ORDER BY sequence DESC LIMIT 1) last \
         WHERE statut = $4 AND resultat IS NOT DISTINCT FROM $5 \
         AND date_at IS NOT DISTINCT FROM $6 \
         AND coalesce(commentaire, '') = coalesce($7, commentaire, '')",
    )
    .bind(event.uid.as_str())
    .bind(new.issue == EventIssue::Retenu)
    .bind(&event.canal)
    .bind(&event.statut)
    .bind(&event.resultat)
    .bind(date_at(event))
    .bind(&new.deciding_comment)
    .fetch_optional(connection)
    .await
}
