//! Which photos came with a signalement, and which stored ones are being removed because nothing refers to them.
//!
//! A photo is stored before the commit that refers to it, so it may be sent again just when it is being removed as
//! unreferenced. Therefore a removal is recorded before it begins, and a commit may not refer to a photo whose
//! removal was recorded since its request arrived. Whichever commits second sees what the first did: `dialect`
//! never runs the two at the same time.

use std::collections::HashSet;

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::{Executor, QueryBuilder, Row as _};

use super::{Db, DbConnection, DbPool, dialect, execute, failed};
use crate::adapters::store::rows::millis;
use crate::domain::demande::Fichier;
use crate::domain::ports::{NewRecord, REMOVAL_WINDOW, StoreError};
use crate::domain::signalement::SignalementId;

/// How long a removal stays recorded: longer than any request takes from storing its photos to its commit.
const NOTED: TimeDelta = TimeDelta::days(1);
/// The most photos in one statement, whose variables are limited.
pub(in super::super) const AT_ONCE: usize = 1_000;

/// What a transaction does with photos.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum PhotoUse {
    /// It refers to some.
    Named,
    /// It records the removal of unreferenced ones.
    Removed,
}

/// The database's name, set to `fresh` if it has none yet.
pub(super) async fn identity(
    connection: &mut DbConnection,
    fresh: &str,
) -> Result<String, StoreError> {
    sqlx::query_scalar(
        "INSERT INTO identity (one, name) VALUES (1, $1) \
         ON CONFLICT (one) DO UPDATE SET name = identity.name RETURNING name",
    )
    .bind(fresh)
    .fetch_one(connection)
    .await
    .map_err(failed)
}

/// The names that no signalement's photo has.
pub(super) async fn unnamed(pool: &DbPool, names: Vec<String>) -> Result<Vec<String>, StoreError> {
    let mut named = HashSet::new();
    for some in names.chunks(AT_ONCE) {
        named.extend(named_among(pool, some).await?);
    }
    Ok(without(names, &named))
}

/// Records that these are about to be removed, except those that are referred to by now; returns the others.
pub(super) async fn begin_removal(
    connection: &mut DbConnection,
    names: &[String],
    at: DateTime<Utc>,
) -> Result<Vec<String>, StoreError> {
    dialect::lock_photos(connection, PhotoUse::Removed).await?;
    sqlx::query("DELETE FROM removals WHERE at < $1")
        .bind(millis(at - NOTED))
        .execute(&mut *connection)
        .await
        .map_err(failed)?;
    let mut begun = Vec::new();
    for some in names.chunks(AT_ONCE) {
        let named = named_among(&mut *connection, some).await?;
        let unnamed = without(some.to_vec(), &named);
        if unnamed.is_empty() {
            continue;
        }
        let mut query = QueryBuilder::<Db>::new("INSERT INTO removals (name, at) ");
        query.push_values(&unnamed, |mut row, name| {
            row.push_bind(name).push_bind(millis(at));
        });
        query.push(" ON CONFLICT (name) DO UPDATE SET at = excluded.at");
        let noted = query.build().execute(&mut *connection).await;
        noted.map_err(failed)?;
        begun.extend(unnamed);
    }
    Ok(begun)
}

/// Records which photos came with signalements.
pub(super) async fn insert(
    connection: &mut DbConnection,
    records: &[&NewRecord],
) -> Result<(), StoreError> {
    if records.is_empty() {
        return Ok(());
    }
    begin_naming(connection, records).await?;
    // A signalement that is decided again may have come with different photos.
    let mut query = QueryBuilder::<Db>::new("DELETE FROM fichiers WHERE signalement_id IN (");
    let mut ids = query.separated(", ");
    for record in records {
        ids.push_bind(record.id.as_str());
    }
    query.push(")");
    execute(&mut query, connection).await?;
    for some in rows(records).chunks(AT_ONCE) {
        let mut query = QueryBuilder::<Db>::default();
        push_rows(&mut query, some);
        execute(&mut query, connection).await?;
    }
    end_naming(connection, records).await
}

/// A photo of a signalement, with its position.
pub(in super::super) type FichierRow<'a> = (&'a SignalementId, i64, &'a Fichier);

/// The photos of these signalements.
pub(in super::super) fn rows<'a>(records: &[&'a NewRecord]) -> Vec<FichierRow<'a>> {
    let of = |record: &&'a NewRecord| {
        let record = *record;
        let files = (0..).zip(&record.fichiers);
        files.map(|(at, file)| (&record.id, at, file))
    };
    records.iter().flat_map(of).collect()
}

/// Adds the insertion of photos to a statement.
pub(in super::super) fn push_rows(query: &mut QueryBuilder<Db>, rows: &[FichierRow<'_>]) {
    query.push("INSERT INTO fichiers (signalement_id, position, nom, type, taille, sha256) ");
    query.push_values(rows, |mut row, (id, position, file)| {
        row.push_bind(id.as_str())
            .push_bind(*position)
            .push_bind(&file.nom)
            .push_bind(&file.r#type)
            .push_bind(i64::try_from(file.taille).unwrap_or(i64::MAX))
            .push_bind(&file.sha256);
    });
}

/// The photos of a signalement, in order.
pub(super) async fn of(
    executor: impl Executor<'_, Database = Db>,
    id: &str,
) -> Result<Vec<Fichier>, StoreError> {
    let rows = sqlx::query(
        "SELECT nom, type, taille, sha256 FROM fichiers WHERE signalement_id = $1 ORDER BY position",
    )
    .bind(id)
    .fetch_all(executor)
    .await
    .map_err(failed)?;
    Ok(rows
        .iter()
        .map(|row| Fichier {
            nom: row.get("nom"),
            r#type: row.get("type"),
            taille: u64::try_from(row.get::<i64, _>("taille")).unwrap_or(0),
            sha256: row.get("sha256"),
        })
        .collect())
}

/// Allows photos to be referred to from here to the commit; called before they are.
async fn begin_naming(
    connection: &mut DbConnection,
    records: &[&NewRecord],
) -> Result<(), StoreError> {
    if records.iter().all(|it| it.fichiers.is_empty()) {
        return Ok(());
    }
    dialect::lock_photos(connection, PhotoUse::Named).await
}

/// Refuses, for now, records whose photos may have been removed since they were stored.
async fn end_naming(
    connection: &mut DbConnection,
    records: &[&NewRecord],
) -> Result<(), StoreError> {
    let Some(received) = first_received(records) else {
        return Ok(());
    };
    for some in rows(records).chunks(AT_ONCE) {
        let mut query = QueryBuilder::<Db>::default();
        push_removals(&mut query, received, some);
        let found = query.build_query_scalar::<i64>();
        let found = found.fetch_one(&mut *connection).await;
        if found.map_err(failed)? > 0 {
            let why = "a photo is being removed and must be sent again later";
            return Err(StoreError::Busy(why.into()));
        }
    }
    Ok(())
}

/// When the earliest record was received. The requests of a batch arrive together, so one limit serves all.
pub(in super::super) fn first_received(records: &[&NewRecord]) -> Option<DateTime<Utc>> {
    records.iter().map(|it| it.received_at).min()
}

/// Adds a query for how many of these photos may have been removed since they were stored.
pub(in super::super) fn push_removals(
    query: &mut QueryBuilder<Db>,
    received: DateTime<Utc>,
    rows: &[FichierRow<'_>],
) {
    query.push("SELECT COUNT(*) FROM removals WHERE at > ");
    query.push_bind(millis(received - REMOVAL_WINDOW));
    query.push(" AND name IN (");
    let mut list = query.separated(", ");
    for (_, _, file) in rows {
        list.push_bind(&file.sha256);
    }
    query.push(")");
}

async fn named_among(
    executor: impl Executor<'_, Database = Db>,
    names: &[String],
) -> Result<HashSet<String>, StoreError> {
    let mut query = QueryBuilder::<Db>::new("WITH asked (name) AS (");
    query.push_values(names, |mut row, name| {
        row.push_bind(name);
    });
    // One row is enough: the same photo may have been received a thousand times.
    query.push(
        ") SELECT name FROM asked \
         WHERE EXISTS (SELECT 1 FROM fichiers f WHERE f.sha256 = asked.name)",
    );
    let found = query.build_query_scalar::<String>().fetch_all(executor);
    let found = found.await.map_err(failed)?;
    Ok(found.into_iter().collect())
}

fn without(names: Vec<String>, named: &HashSet<String>) -> Vec<String> {
    let unnamed = names.into_iter().filter(|name| !named.contains(name));
    unnamed.collect()
}
