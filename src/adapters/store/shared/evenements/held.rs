//! Events whose status the rules did not know: they keep their place until an edit decides them.

use sqlx::{AssertSqlSafe, Row as _};

use super::super::{DbConnection, DbPool, dialect, failed};
use super::{STORED, insert_courriels, set_statut, stored};
use crate::adapters::store::rows::{millis, storable, write_content};
use crate::domain::livraison::{Content, LivraisonEtat};
use crate::domain::ports::{HeldCount, Release, StoreError};
use crate::domain::statut::{EventIssue, StoredEvent};

/// Events whose status the rules did not know, oldest first.
pub(in super::super) async fn held(
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
pub(in super::super) async fn count_held(
    pool: &DbPool,
    limit: u32,
) -> Result<Vec<HeldCount>, StoreError> {
    let rows = sqlx::query(
        "SELECT e.statut, COUNT(*) AS count, COUNT(e.resultat) AS with_resultat, \
         COUNT(e.commentaire) AS with_commentaire FROM livraisons l \
         JOIN evenements e ON e.id = l.evenement_id \
         WHERE l.etat <> 'livree' AND l.etat = 'retenue' \
         GROUP BY e.statut ORDER BY count DESC, e.statut LIMIT $1",
    )
    .bind(i64::from(limit))
    .fetch_all(pool)
    .await
    .map_err(failed)?;
    let counted = rows.iter().map(|row| {
        let count: i64 = row.get("count");
        HeldCount {
            statut: row.get("statut"),
            count,
            without_resultat: count - row.get::<i64, _>("with_resultat"),
            without_commentaire: count - row.get::<i64, _>("with_commentaire"),
        }
    });
    Ok(counted.collect())
}

/// Records the outcome of a held event; does nothing if someone else did so first.
pub(in super::super) async fn release(
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
    let livraison = free_place(connection, release).await?;
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

/// Makes the place that a held event has in the queue a delivery, or removes it if there is nothing to send; returns
/// its state, if it exists. Once overtaken, it stays so.
async fn free_place(
    connection: &mut DbConnection,
    release: &Release,
) -> Result<Option<String>, StoreError> {
    match &release.push {
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
    .fetch_optional(connection)
    .await
    .map_err(failed)
}
