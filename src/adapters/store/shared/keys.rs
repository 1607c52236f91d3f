//! Which creation owns a link or an `Idempotency-Key`: checked before anything could be created twice.

use std::collections::HashMap;

use sqlx::{Executor, QueryBuilder, Row as _};

use super::{Db, DbConnection, DbPool, execute, failed};
use crate::domain::ports::{BoundKey, IdempotencyKey, NewRecord, StoreError};
use crate::domain::signalement::SignalementId;

/// The creation that owns the identity or the key. If they have different owners, the key's is returned, since it
/// makes the request a conflict.
pub(super) async fn find_bound(
    pool: &DbPool,
    id: &SignalementId,
    key: Option<&IdempotencyKey>,
) -> Result<Option<BoundKey>, StoreError> {
    if let Some(key) = key
        && let Some(owner) = owner_of_key(pool, key).await?
    {
        return load_bound(pool, &owner).await;
    }
    load_bound(pool, id.as_str()).await
}

/// The signalement whose creation bound an `Idempotency-Key`.
pub(super) async fn owner_of_key(
    executor: impl Executor<'_, Database = Db>,
    key: &IdempotencyKey,
) -> Result<Option<String>, StoreError> {
    sqlx::query_scalar(
        "SELECT signalement_id FROM idempotency_keys WHERE client = $1 AND value = $2",
    )
    .bind(key.client.as_str())
    .bind(&key.value)
    .fetch_optional(executor)
    .await
    .map_err(failed)
}

/// The creation that owns an identity.
pub(super) async fn load_bound(
    executor: impl Executor<'_, Database = Db>,
    id: &str,
) -> Result<Option<BoundKey>, StoreError> {
    let row = sqlx::query(
        "SELECT id, uid, fingerprint, answer FROM signalements WHERE id = $1 AND bound = 1",
    )
    .bind(id)
    .fetch_optional(executor)
    .await
    .map_err(failed)?;
    Ok(row.map(|row| BoundKey {
        id: SignalementId::from_stored(row.get("id")),
        uid: row.get("uid"),
        fingerprint: row.get("fingerprint"),
        answer: row.get("answer"),
    }))
}

/// The creations that own an `Idempotency-Key` of the batch, by the record that sent it.
pub(super) async fn bound_by_key(
    connection: &mut DbConnection,
    records: &[NewRecord],
) -> Result<HashMap<SignalementId, BoundKey>, StoreError> {
    let keyed: Vec<(&IdempotencyKey, &SignalementId)> = records
        .iter()
        .filter_map(|record| Some((record.key.as_ref()?, &record.id)))
        .collect();
    let mut bound = HashMap::new();
    if keyed.is_empty() {
        return Ok(bound);
    }
    let mut query = QueryBuilder::<Db>::new("WITH sent (client, value) AS (");
    query.push_values(&keyed, |mut row, (key, _)| {
        row.push_bind(key.client.as_str()).push_bind(&key.value);
    });
    // A join, since SQLite would scan the whole table for `(client, value) IN (VALUES …)`.
    query.push(
        ") SELECT k.client, k.value, k.signalement_id FROM sent CROSS JOIN idempotency_keys k \
         WHERE k.client = sent.client AND k.value = sent.value",
    );
    let rows = query.build().fetch_all(&mut *connection).await;
    for row in rows.map_err(failed)? {
        let (client, value): (String, String) = (row.get("client"), row.get("value"));
        let sent = |key: &IdempotencyKey| key.client.as_str() == client && key.value == value;
        let Some((_, id)) = keyed.iter().find(|(key, _)| sent(key)) else {
            continue;
        };
        let owner = load_bound(&mut *connection, row.get("signalement_id")).await?;
        bound.extend(owner.map(|owner| (SignalementId::clone(id), owner)));
    }
    Ok(bound)
}

/// Binds keys to the signalements whose demandes were created.
pub(super) async fn insert(
    connection: &mut DbConnection,
    keyed: &[(&IdempotencyKey, &SignalementId)],
) -> Result<(), StoreError> {
    if keyed.is_empty() {
        return Ok(());
    }
    let mut query = QueryBuilder::<Db>::default();
    push_rows(&mut query, keyed);
    execute(&mut query, connection).await
}

/// Adds the insertion of keys to a statement.
pub(in super::super) fn push_rows(
    query: &mut QueryBuilder<Db>,
    keyed: &[(&IdempotencyKey, &SignalementId)],
) {
    query.push("INSERT INTO idempotency_keys (client, value, signalement_id) ");
    query.push_values(keyed, |mut row, (key, id)| {
        row.push_bind(key.client.as_str())
            .push_bind(&key.value)
            .push_bind(id.as_str());
    });
}
