//! The CRM's status events, in the order of acceptance.

use sqlx::{AssertSqlSafe, Row as _};

use super::{DbConnection, DbPool, DbRow, dialect, failed, livraisons};
use crate::adapters::store::rows::{
    instant as from_millis, millis, storable, unreadable, write_content,
};
use crate::domain::demande::Uid;
use crate::domain::instant;
use crate::domain::livraison::{Content, LivraisonEtat, NewLivraison};
use crate::domain::ports::{EventRecorded, NewEvent, Release, StoreError};
use crate::domain::statut::{ALREADY_RECEIVED, EventIssue, StatutEvent, StoredEvent};

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

/// An event that was received before.
struct Before {
    id: String,
    sequence: i64,
    issue: EventIssue,
    statut: String,
    resultat: Option<String>,
    canal: Option<String>,
    commentaire: Option<String>,
}

impl Before {
    /// Whether the CRM's event was refused, and is now sent again with a different status, result or channel, or a
    /// different comment if that decides.
    fn is_corrected_by(&self, new: &NewEvent) -> bool {
        let says_otherwise = self.statut != new.event.statut
            || self.resultat != new.event.resultat
            || self.canal != new.event.canal
            || (new.deciding_comment.as_deref())
                .is_some_and(|it| it != self.commentaire.as_deref().unwrap_or_default());
        self.issue == EventIssue::Retenu && says_otherwise
    }

    /// Whether this took effect, and may have become true again. With an id or a date, it is the same event.
    fn is_told_anew_by(&self, new: &NewEvent) -> bool {
        let nameless = new.event.evenement.is_none() && new.event.date.is_none();
        self.issue != EventIssue::Retenu && nameless
    }
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

/// The outcome of the event that the same message brought before, whatever came since: its sender may not have
/// received our answer.
async fn brought_by(
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
async fn seen(connection: &mut DbConnection, new: &NewEvent) -> Result<Option<Before>, StoreError> {
    let event = &new.event;
    let row = if event.evenement.is_some() {
        sqlx::query(
            "SELECT id, sequence, issue, statut, resultat, canal, commentaire FROM evenements \
             WHERE uid = $1 AND evenement = $2",
        )
        .bind(event.uid.as_str())
        .bind(&event.evenement)
        .fetch_optional(connection)
        .await
    } else if new.issue == EventIssue::Retenu && event.date.is_some() {
        // A refused event is sent again, whatever came meanwhile: its date identifies it.
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
    } else {
        // Without an id, only a repeat of the last event can be distinguished from a status that came back. One to
        // be held is compared with the last event, any other with the last one that took effect, and each within
        // its own channel.
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
    };
    let row = row.map_err(failed)?;
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
    row.map(before).transpose()
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

/// Events whose status the rules did not know, oldest first.
pub(super) async fn held(
    pool: &DbPool,
    after: i64,
    limit: u32,
) -> Result<Vec<StoredEvent>, StoreError> {
    let which = "WHERE issue = 'retenu' AND sequence > $1 ORDER BY sequence LIMIT $2";
    let rows = sqlx::query(AssertSqlSafe([STORED, which].concat()))
        .bind(after)
        .bind(i64::from(limit))
        .fetch_all(pool)
        .await
        .map_err(failed)?;
    rows.iter().map(stored).collect()
}

/// The statuses of held deliveries, the most frequent first. A status overtaken by a later one no longer holds
/// anything.
pub(super) async fn count_held(
    pool: &DbPool,
    limit: u32,
) -> Result<Vec<(String, i64)>, StoreError> {
    let rows = sqlx::query(
        "SELECT e.statut, COUNT(*) AS count FROM livraisons l \
         JOIN evenements e ON e.id = l.evenement_id \
         WHERE l.etat <> 'livree' AND l.etat = 'retenue' \
         GROUP BY e.statut ORDER BY count DESC, e.statut LIMIT $1",
    )
    .bind(i64::from(limit))
    .fetch_all(pool)
    .await
    .map_err(failed)?;
    let counted = rows.iter().map(|row| (row.get("statut"), row.get("count")));
    Ok(counted.collect())
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

/// Records the outcome of a held event; does nothing if someone else did so first.
pub(super) async fn release(
    connection: &mut DbConnection,
    release: &Release,
) -> Result<(), StoreError> {
    // Locks the demande first, in the same order as when an event is recorded.
    dialect::lock_demande(connection, &release.uid).await?;
    let row = sqlx::query(
        "UPDATE evenements SET issue = $1, statut_sowell = $2, motif = $3, version = $4, \
         trace = $5 WHERE id = $6 AND issue = 'retenu' RETURNING statut, sequence",
    )
    .bind(release.issue.as_str())
    .bind(&release.statut_sowell)
    .bind(release.motif.as_deref().map(storable))
    .bind(&release.version)
    .bind(&release.trace)
    .bind(&release.id)
    .fetch_optional(&mut *connection)
    .await
    .map_err(failed)?;
    let Some(row) = row else { return Ok(()) };
    let livraison: Option<String> = match &release.push {
        // Its place in the queue becomes a delivery, unless it has been overtaken.
        Some(push) => sqlx::query_scalar(
            "UPDATE livraisons SET content = $1, due_at = $2, waited_ms = 0, \
             etat = CASE etat WHEN 'retenue' THEN 'en_attente' ELSE etat END \
             WHERE evenement_id = $3 RETURNING etat",
        )
        .bind(write_content(&Content::Statut(push.clone())))
        .bind(millis(release.at)),
        None => sqlx::query_scalar("DELETE FROM livraisons WHERE evenement_id = $1 RETURNING etat"),
    }
    .bind(&release.id)
    .fetch_optional(&mut *connection)
    .await
    .map_err(failed)?;
    // The CRM has left this status, so e-mails about it are pointless.
    if livraison.as_deref() == Some(LivraisonEtat::Depassee.as_str()) {
        return Ok(());
    }
    let later: Vec<String> = sqlx::query_scalar(
        "SELECT issue FROM evenements WHERE uid = $1 AND sequence > $2 AND issue <> 'retenu'",
    )
    .bind(release.uid.as_str())
    .bind(row.get::<i64, _>("sequence"))
    .fetch_all(&mut *connection)
    .await
    .map_err(failed)?;
    if later.is_empty() {
        let statut: String = row.get("statut");
        set_statut(
            connection,
            &release.uid,
            &statut,
            release.statut_sowell.as_deref(),
        )
        .await?;
    }
    // E-mails about it are pointless after a later status.
    if later.iter().any(|it| it == EventIssue::Accepte.as_str()) {
        return Ok(());
    }
    insert_courriels(connection, &release.courriels, &release.uid, release.at).await
}
