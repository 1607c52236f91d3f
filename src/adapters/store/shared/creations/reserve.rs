//! Records *received*: the keys of a creation are reserved before its call begins.

use super::super::{DbConnection, failed, fichiers, keys, signalements};
use super::{find_pending, remove};
use crate::adapters::store::rows::{millis, write_demande, write_texts};
use crate::domain::ports::{CreationClaim, Reservation, Reserved, StoreError};

pub(super) async fn reserve(
    connection: &mut DbConnection,
    new: &Reservation,
    fence: i64,
) -> Result<Reserved, StoreError> {
    let record = &new.record;
    let key = record.key.as_ref();
    let reserved = sqlx::query(
        "INSERT INTO creations (signalement_id, key_client, key_value, kept_before, demande, \
         avertissements, in_doubt, due_at, known_at, leased_until, fence) \
         SELECT $1, $2, $3, (SELECT COUNT(*) FROM signalements WHERE id = $1), $4, $5, 1, $6, $6, $7, $8 \
         WHERE true ON CONFLICT DO NOTHING",
    )
    .bind(record.id.as_str())
    .bind(key.map(|it| it.client.as_str()))
    .bind(key.map(|it| it.value.as_str()))
    .bind(write_demande(&new.demande))
    .bind(write_texts(&new.avertissements))
    .bind(millis(new.known_at))
    .bind(millis(new.leased_until))
    .bind(fence)
    .execute(&mut *connection)
    .await
    .map_err(failed)?;
    let claim = CreationClaim {
        id: record.id.clone(),
        fence,
    };
    if reserved.rows_affected() == 0 {
        if is_held(&mut *connection, &claim).await? {
            return Ok(Reserved::Taken(claim));
        }
        let owner = find_pending(&mut *connection, &record.id, key).await?;
        let owner = owner.ok_or_else(|| StoreError::Fault("a pending row is gone".into()))?;
        return Ok(Reserved::Pending(owner));
    }
    // Only now: while this waited for the row, its last owner may have bound the keys.
    let owner = match key {
        Some(key) => keys::owner_of_key(&mut *connection, key).await?,
        None => None,
    };
    let owner = owner.unwrap_or_else(|| record.id.as_str().to_owned());
    if let Some(bound) = keys::load_bound(&mut *connection, &owner).await? {
        remove(connection, &record.id).await?;
        return Ok(Reserved::Bound(bound));
    }
    signalements::insert(&mut *connection, &[record]).await?;
    fichiers::insert(connection, &[record]).await?;
    Ok(Reserved::Taken(claim))
}

async fn is_held(connection: &mut DbConnection, claim: &CreationClaim) -> Result<bool, StoreError> {
    let held: Option<i64> =
        sqlx::query_scalar("SELECT fence FROM creations WHERE signalement_id = $1 AND fence = $2")
            .bind(claim.id.as_str())
            .bind(claim.fence)
            .fetch_optional(connection)
            .await
            .map_err(failed)?;
    Ok(held.is_some())
}
