//! Signalements, as stored and as looked up.

use std::cmp::Reverse;
use std::collections::HashSet;

use async_trait::async_trait;
use sqlx::{AssertSqlSafe, QueryBuilder, Row as _};

use super::{Db, DbConnection, DbPool, DbRow, DbStore, demandes, dialect, failed, fichiers, keys};
use crate::adapters::store::rows::{MotifColumns, instant, millis, unreadable};
use crate::domain::demande::{Demande, Uid};
use crate::domain::instant::in_utc;
use crate::domain::motif::Motif;
use crate::domain::ports::{
    BoundKey, IdempotencyKey, NewRecord, Recorded, SignalementSummary, SignalementView,
    Signalements, StatutView, StoreError, StoredSubmission, StoredTrace,
};
use crate::domain::signalement::{Etat, SignalementId};

#[async_trait]
impl Signalements for DbStore {
    async fn record(&self, record: NewRecord) -> Result<Recorded, StoreError> {
        self.writer.record(record).await
    }

    async fn find_bound(
        &self,
        id: &SignalementId,
        key: Option<&IdempotencyKey>,
    ) -> Result<Option<BoundKey>, StoreError> {
        dialect::in_time(keys::find_bound(&self.readers, id, key)).await
    }

    async fn find_signalement(
        &self,
        id_or_uid: &str,
    ) -> Result<Option<SignalementView>, StoreError> {
        dialect::in_time(find(&self.readers, id_or_uid)).await
    }

    async fn list_signalements(
        &self,
        etat: Option<Etat>,
        limit: u32,
    ) -> Result<Vec<SignalementSummary>, StoreError> {
        dialect::in_time(list(&self.readers, etat, limit)).await
    }

    async fn signalements_before(
        &self,
        etat: Etat,
        before: Option<&SignalementSummary>,
        limit: u32,
    ) -> Result<Vec<SignalementSummary>, StoreError> {
        dialect::in_time(self::before(&self.readers, etat, before, limit)).await
    }

    async fn find_traces(&self, id_or_uid: &str) -> Result<Vec<StoredTrace>, StoreError> {
        dialect::in_time(find_traces(&self.readers, id_or_uid)).await
    }

    async fn find_submission(
        &self,
        id: &SignalementId,
    ) -> Result<Option<StoredSubmission>, StoreError> {
        dialect::in_time(find_submission(&self.readers, id)).await
    }

    async fn find_demande(&self, uid: &Uid) -> Result<Option<Demande>, StoreError> {
        dialect::in_time(demandes::find(&self.readers, uid)).await
    }
}

/// Stores signalements, and returns the ids of those that were written: not one whose keys a creation owns, whether
/// complete or pending.
pub(super) async fn insert(
    connection: &mut DbConnection,
    records: &[&NewRecord],
) -> Result<HashSet<String>, StoreError> {
    if records.is_empty() {
        return Ok(HashSet::new());
    }
    let mut query = QueryBuilder::<Db>::default();
    push_rows(&mut query, records);
    query.push(
        " ON CONFLICT (id) DO UPDATE SET client = excluded.client, etat = excluded.etat, \
         bound = excluded.bound, uid = excluded.uid, motif = excluded.motif, \
         motif_for_all = excluded.motif_for_all, motif_reason = excluded.motif_reason, fingerprint = excluded.fingerprint, \
         payload = excluded.payload, version = excluded.version, trace = excluded.trace, answer = excluded.answer, \
         decided_at = excluded.decided_at WHERE signalements.bound = 0 \
         AND signalements.etat NOT IN ('recu', 'inconnu', 'differe') RETURNING id",
    );
    let ids = query
        .build_query_scalar::<String>()
        .fetch_all(connection)
        .await
        .map_err(failed)?;
    Ok(ids.into_iter().collect())
}

/// Adds the insertion of records to a statement.
pub(in super::super) fn push_rows(query: &mut QueryBuilder<Db>, records: &[&NewRecord]) {
    query.push(
        "INSERT INTO signalements (id, lien_sowell, client, etat, bound, uid, motif, motif_for_all, \
         motif_reason, fingerprint, payload, version, trace, answer, received_at, decided_at) ",
    );
    query.push_values(records, |mut row, record| {
        let creation = record.creation.as_ref();
        let motif = record.motif.as_ref().map(MotifColumns::write);
        let motif = motif.unwrap_or_default();
        row.push_bind(record.id.as_str())
            .push_bind(&record.lien_sowell)
            .push_bind(record.client.as_str())
            .push_bind(record.etat.as_str())
            .push_bind(i64::from(creation.is_some()))
            .push_bind(creation.map(|it| it.uid.as_str()))
            .push_bind(motif.motif)
            .push_bind(motif.motif_for_all)
            .push_bind(motif.motif_reason)
            .push_bind(&record.fingerprint)
            .push_bind(&record.payload)
            .push_bind(&record.version)
            .push_bind(&record.trace)
            .push_bind(creation.map(|it| it.answer.as_str()))
            .push_bind(millis(record.received_at))
            .push_bind(millis(record.received_at));
    });
}

/// A signalement with the events of its demande.
async fn find(pool: &DbPool, id_or_uid: &str) -> Result<Option<SignalementView>, StoreError> {
    let row = sqlx::query(
        "SELECT id, etat, uid, motif, motif_for_all, motif_reason FROM signalements WHERE id = $1 \
         OR id = (SELECT signalement_id FROM demandes WHERE uid = $1)",
    )
    .bind(id_or_uid)
    .fetch_optional(pool)
    .await
    .map_err(failed)?;
    let Some(row) = row else { return Ok(None) };
    let uid: Option<String> = row.get("uid");
    let events = sqlx::query(
        // Only deliveries that succeeded long ago are deleted, so a missing one was delivered.
        "SELECT e.statut, e.statut_sowell, e.date, e.received_at, \
         CASE WHEN l.etat IS NULL AND e.issue = 'accepte' THEN 'livree' ELSE l.etat END AS etat \
         FROM evenements e \
         LEFT JOIN livraisons l ON l.evenement_id = e.id AND l.destination = 'sowell' \
         WHERE e.uid = $1 ORDER BY e.sequence",
    )
    .bind(&uid)
    .fetch_all(pool)
    .await
    .map_err(failed)?;
    Ok(Some(SignalementView {
        id: SignalementId::from_stored(row.get("id")),
        etat: etat(&row)?,
        uid,
        motif: motif(&row)?,
        statuts: events.iter().map(statut_view).collect::<Result<_, _>>()?,
    }))
}

fn statut_view(event: &DbRow) -> Result<StatutView, StoreError> {
    let date: Option<String> = event.get("date");
    let livraison: Option<String> = event.get("etat");
    let livraison = livraison
        .map(|word| word.parse().map_err(|_| unreadable("etat")))
        .transpose()?;
    Ok(StatutView {
        statut: event.get("statut"),
        statut_sowell: event.get("statut_sowell"),
        date: date.unwrap_or_else(|| in_utc(instant(event.get("received_at")))),
        livraison,
    })
}

/// The state of a signalement, from the column of that name.
pub(super) fn etat(row: &DbRow) -> Result<Etat, StoreError> {
    let word: String = row.get("etat");
    word.parse().map_err(|_| unreadable("etat"))
}

fn motif(row: &DbRow) -> Result<Option<Motif>, StoreError> {
    let stored = MotifColumns {
        motif: row.get("motif"),
        motif_for_all: row.get("motif_for_all"),
        motif_reason: row.get("motif_reason"),
    };
    Ok(stored.read(etat(row)?))
}

/// Selects the columns of a [`SignalementSummary`].
const SUMMARY: &str = "SELECT id, lien_sowell, etat, uid, motif, motif_for_all, motif_reason, received_at \
                       FROM signalements ";
const BEFORE: &str = "WHERE bound = 0 AND etat = $1 AND (received_at, id) < ($2, $3) \
                      ORDER BY received_at DESC, id DESC LIMIT $4";
const NEWEST_IN_STATE: &str = "WHERE bound = 0 AND etat = $2 ORDER BY received_at DESC LIMIT $1";
/// In the order of arrival, which is the table's own: nearly all signalements are bound, and an index on them would
/// be one more write for each.
const NEWEST_BOUND: &str = "WHERE bound = 1 ORDER BY rowid DESC LIMIT $1";

/// Signalements in a state, or all those without a demande.
async fn list(
    pool: &DbPool,
    etat: Option<Etat>,
    limit: u32,
) -> Result<Vec<SignalementSummary>, StoreError> {
    if let Some(etat) = etat {
        return newest(pool, etat, limit).await;
    }
    // Each state is sorted in the index; sorting across states would read all rows.
    let mut found = Vec::new();
    for etat in Etat::APART {
        found.extend(newest(pool, etat, limit).await?);
    }
    found.sort_by_key(|it| Reverse(it.received_at));
    found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    Ok(found)
}

async fn newest(
    pool: &DbPool,
    wanted: Etat,
    limit: u32,
) -> Result<Vec<SignalementSummary>, StoreError> {
    let bound = wanted == Etat::Transmis;
    let ending = if bound { NEWEST_BOUND } else { NEWEST_IN_STATE };
    let query = sqlx::query(AssertSqlSafe(format!("{SUMMARY}{ending}"))).bind(i64::from(limit));
    let query = if bound {
        query
    } else {
        query.bind(wanted.as_str())
    };
    let rows = query.fetch_all(pool).await.map_err(failed)?;
    rows.iter().map(summary).collect()
}

fn summary(row: &DbRow) -> Result<SignalementSummary, StoreError> {
    Ok(SignalementSummary {
        id: SignalementId::from_stored(row.get("id")),
        lien_sowell: row.get("lien_sowell"),
        etat: etat(row)?,
        uid: row.get("uid"),
        motif: motif(row)?,
        received_at: instant(row.get("received_at")),
    })
}

/// Signalements without a demande in a state, after one of them.
async fn before(
    pool: &DbPool,
    etat: Etat,
    before: Option<&SignalementSummary>,
    limit: u32,
) -> Result<Vec<SignalementSummary>, StoreError> {
    let rows = sqlx::query(AssertSqlSafe(format!("{SUMMARY}{BEFORE}")))
        .bind(etat.as_str())
        .bind(before.map_or(i64::MAX, |it| millis(it.received_at)))
        .bind(before.map_or("", |it| it.id.as_str()))
        .bind(i64::from(limit))
        .fetch_all(pool)
        .await
        .map_err(failed)?;
    rows.iter().map(summary).collect()
}

/// The traces of a signalement and of its demande's events.
async fn find_traces(pool: &DbPool, id_or_uid: &str) -> Result<Vec<StoredTrace>, StoreError> {
    let rows = sqlx::query(
        "SELECT 'signalement' AS subject, decided_at AS at, version, trace, 0 AS position \
         FROM signalements WHERE id = $1 \
         OR id = (SELECT signalement_id FROM demandes WHERE uid = $1) \
         UNION ALL \
         SELECT statut, received_at, version, trace, sequence FROM evenements \
         WHERE uid = $1 OR uid = (SELECT uid FROM signalements WHERE id = $1) \
         ORDER BY position",
    )
    .bind(id_or_uid)
    .fetch_all(pool)
    .await
    .map_err(failed)?;
    Ok(rows
        .iter()
        .map(|row| StoredTrace {
            subject: row.get("subject"),
            at: instant(row.get("at")),
            version: row.get("version"),
            trace: row.get("trace"),
        })
        .collect())
}

/// What was received under an identity.
async fn find_submission(
    pool: &DbPool,
    id: &SignalementId,
) -> Result<Option<StoredSubmission>, StoreError> {
    let row = sqlx::query(
        "SELECT client, etat, payload, fingerprint, bound FROM signalements WHERE id = $1",
    )
    .bind(id.as_str())
    .fetch_optional(pool)
    .await
    .map_err(failed)?;
    let Some(row) = row else { return Ok(None) };
    let client: String = row.get("client");
    Ok(Some(StoredSubmission {
        client: client.parse().map_err(|_| unreadable("client"))?,
        etat: etat(&row)?,
        payload: row.get("payload"),
        fingerprint: row.get("fingerprint"),
        fichiers: fichiers::of(pool, id.as_str()).await?,
        bound: row.get::<i64, _>("bound") == 1,
    }))
}
