//! Records the outcome of a creation: *created* with all the rest, refused, withdrawn, or still waiting.

use sqlx::Row as _;

use super::super::{DbConnection, DbRow, demandes, failed, keys, livraisons};
use super::remove;
use crate::adapters::store::rows::{MotifColumns, millis, unreadable};
use crate::domain::livraison::{LivraisonEtat, NewLivraison};
use crate::domain::motif::Motif;
use crate::domain::ports::{
    CreationClaim, IdempotencyKey, Settled, SettledCreation, Settlement, StoreError, Wait,
};
use crate::domain::signalement::{Etat, SignalementId};

pub(super) async fn settle(
    connection: &mut DbConnection,
    claim: &CreationClaim,
    settlement: &Settlement,
) -> Result<Settled, StoreError> {
    let Some(row) = held(connection, claim).await? else {
        return lost_or_done(connection, claim, settlement).await;
    };
    match settlement {
        Settlement::Waits(wait) => keep_waiting(connection, claim, wait).await?,
        Settlement::Created(created) => {
            let owner = owner_of_uid(connection, created.creation.uid.as_str()).await?;
            if let Some(by) = owner {
                return Ok(Settled::Taken { by });
            }
            let key = key(&row)?;
            remove(connection, &claim.id).await?;
            create(connection, &claim.id, key.as_ref(), created).await?;
        }
        Settlement::Refused { motif } => {
            remove(connection, &claim.id).await?;
            set_etat(connection, &claim.id, Etat::Echec, motif).await?;
        }
        Settlement::Withdrawn { motif } => {
            remove(connection, &claim.id).await?;
            if row.get::<i64, _>("kept_before") == 1 {
                set_etat(connection, &claim.id, Etat::Echec, motif).await?;
            } else {
                forget(connection, &claim.id).await?;
            }
        }
    }
    Ok(Settled::Done)
}

/// The claimed row, if the claim still holds. An update and not only a read: on PostgreSQL another replica could
/// otherwise take it over and begin a call before the following writes. Either it waits until this is committed, or
/// this sees that the fence has changed.
async fn held(
    connection: &mut DbConnection,
    claim: &CreationClaim,
) -> Result<Option<DbRow>, StoreError> {
    sqlx::query(
        "UPDATE creations SET fence = fence WHERE signalement_id = $1 AND fence = $2 \
         RETURNING key_client, key_value, kept_before",
    )
    .bind(claim.id.as_str())
    .bind(claim.fence)
    .fetch_optional(connection)
    .await
    .map_err(failed)
}

/// A missing claim was lost to another worker, unless an earlier attempt of ours was committed and only its answer
/// was lost.
async fn lost_or_done(
    connection: &mut DbConnection,
    claim: &CreationClaim,
    settlement: &Settlement,
) -> Result<Settled, StoreError> {
    let bound = keys::load_bound(connection, claim.id.as_str()).await?;
    let ours = match settlement {
        Settlement::Created(created) => {
            bound.is_some_and(|it| it.uid == created.creation.uid.as_str())
        }
        _ => false,
    };
    Ok(if ours { Settled::Done } else { Settled::Lost })
}

async fn keep_waiting(
    connection: &mut DbConnection,
    claim: &CreationClaim,
    wait: &Wait,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE creations SET in_doubt = $1, stopped = $2, due_at = COALESCE($3, due_at), \
         known_at = COALESCE($5, known_at), \
         confirmed = CASE WHEN $6 = 1 THEN 1 ELSE confirmed END, leased_until = 0, attempts = attempts + 1 \
         WHERE signalement_id = $4",
    )
    .bind(i64::from(wait.in_doubt))
    .bind(i64::from(wait.due_at.is_none()))
    .bind(wait.due_at.map(millis))
    .bind(claim.id.as_str())
    .bind(wait.known_at.map(millis))
    .bind(i64::from(wait.confirmed))
    .execute(&mut *connection)
    .await
    .map_err(failed)?;
    set_etat(connection, &claim.id, wait.etat, &wait.motif).await
}

async fn owner_of_uid(
    connection: &mut DbConnection,
    uid: &str,
) -> Result<Option<SignalementId>, StoreError> {
    let owner: Option<String> =
        sqlx::query_scalar("SELECT signalement_id FROM demandes WHERE uid = $1")
            .bind(uid)
            .fetch_optional(connection)
            .await
            .map_err(failed)?;
    Ok(owner.map(SignalementId::from_stored))
}

async fn create(
    connection: &mut DbConnection,
    id: &SignalementId,
    key: Option<&IdempotencyKey>,
    created: &SettledCreation,
) -> Result<(), StoreError> {
    let creation = &created.creation;
    let uid = creation.uid.as_str();
    sqlx::query(
        "UPDATE signalements SET etat = 'transmis', bound = 1, uid = $1, answer = $2, \
         motif = NULL, motif_for_all = NULL, motif_reason = NULL, trace = $3 WHERE id = $4",
    )
    .bind(uid)
    .bind(&creation.answer)
    .bind(&created.trace)
    .bind(id.as_str())
    .execute(&mut *connection)
    .await
    .map_err(failed)?;
    demandes::insert(connection, &[(id, creation, created.at)]).await?;
    if let Some(key) = key {
        keys::insert(connection, &[(key, id)]).await?;
    }
    let livraisons: Vec<(&NewLivraison, Option<&str>)> = created
        .livraisons
        .iter()
        .map(|it| (it, Some(uid)))
        .collect();
    let waiting = LivraisonEtat::EnAttente;
    livraisons::insert(connection, &livraisons, None, waiting, created.at).await
}

/// Deletes a signalement that the client was told to send again; its photo files are swept later.
async fn forget(connection: &mut DbConnection, id: &SignalementId) -> Result<(), StoreError> {
    for statement in [
        "DELETE FROM fichiers WHERE signalement_id = $1",
        "DELETE FROM signalements WHERE id = $1",
    ] {
        sqlx::query(statement)
            .bind(id.as_str())
            .execute(&mut *connection)
            .await
            .map_err(failed)?;
    }
    Ok(())
}

async fn set_etat(
    connection: &mut DbConnection,
    id: &SignalementId,
    etat: Etat,
    motif: &Motif,
) -> Result<(), StoreError> {
    let written = MotifColumns::write(motif);
    sqlx::query(
        "UPDATE signalements SET etat = $1, motif = $2, motif_for_all = $3, motif_reason = $4 WHERE id = $5",
    )
    .bind(etat.as_str())
    .bind(written.motif)
    .bind(written.motif_for_all)
    .bind(written.motif_reason)
    .bind(id.as_str())
    .execute(connection)
    .await
    .map(|_| ())
    .map_err(failed)
}

fn key(row: &DbRow) -> Result<Option<IdempotencyKey>, StoreError> {
    let Some(value) = row.get::<Option<String>, _>("key_value") else {
        return Ok(None);
    };
    let client: String = row.get("key_client");
    let client = client.parse().map_err(|_| unreadable("key_client"))?;
    Ok(Some(IdempotencyKey { client, value }))
}
