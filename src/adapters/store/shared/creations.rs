//! Creations in a remote CRM between *received* and *created*.
//!
//! A row here is the lock of its signalement's keys: it is the first that a reservation writes, and
//! goes away in the transaction that says what became of the creation.

use async_trait::async_trait;
use chrono::{DateTime, Duration, Utc};
use rand::RngExt as _;
use sqlx::{Executor, Row as _};

use super::{
    Db, DbConnection, DbPool, DbRow, DbStore, demandes, dialect, failed, fichiers, keys,
    livraisons, signalements,
};
use crate::adapters::store::rows::{
    instant, millis, read_demande, read_texts, unreadable, write_demande, write_texts,
};
use crate::domain::livraison::{LivraisonEtat, NewLivraison};
use crate::domain::ports::{
    ApartCount, Client, CreateDemande, CreationClaim, IdempotencyKey, PendingCreation,
    PendingCreations, PendingKey, Reservation, Reserved, Settled, SettledCreation, Settlement,
    StoreError, Wait,
};
use crate::domain::signalement::{Etat, SignalementId};

#[async_trait]
impl PendingCreations for DbStore {
    async fn reserve(&self, reservation: Reservation) -> Result<Reserved, StoreError> {
        // Drawn outside of what may run twice: it tells the row of a first try whose commit held and
        // whose answer was lost from the row of anybody else.
        let fence = i64::from(rand::rng().random::<u32>());
        self.writer
            .write((reservation, fence), |connection, (reservation, fence)| {
                Box::pin(reserve(connection, reservation, *fence))
            })
            .await
    }

    async fn find_pending(
        &self,
        id: &SignalementId,
        key: Option<&IdempotencyKey>,
    ) -> Result<Option<PendingKey>, StoreError> {
        dialect::within(find_pending(&self.readers, id, key)).await
    }

    async fn any_in_doubt(&self) -> Result<bool, StoreError> {
        dialect::within(any_in_doubt(&self.readers)).await
    }

    async fn doubt_interrupted(&self, due_at: DateTime<Utc>) -> Result<u64, StoreError> {
        self.writer
            .write(due_at, |connection, due_at| {
                Box::pin(doubt_interrupted(connection, *due_at))
            })
            .await
    }

    async fn claim_creations(
        &self,
        limit: u32,
        now: DateTime<Utc>,
        lease: Duration,
    ) -> Result<Vec<PendingCreation>, StoreError> {
        self.writer
            .write((limit, now, lease), |connection, (limit, now, lease)| {
                Box::pin(claim_due(connection, *limit, *now, *lease))
            })
            .await
    }

    async fn claim_creation(
        &self,
        id: &SignalementId,
        now: DateTime<Utc>,
        lease: Duration,
    ) -> Result<Option<PendingCreation>, StoreError> {
        self.writer
            .write((id.clone(), now, lease), |connection, (id, now, lease)| {
                Box::pin(claim_one(connection, id, *now, *lease))
            })
            .await
    }

    async fn next_creation(&self) -> Result<Option<DateTime<Utc>>, StoreError> {
        dialect::within(next_due(&self.readers)).await
    }

    async fn begin_call(
        &self,
        claim: &CreationClaim,
        due_at: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        self.writer
            .write((claim.clone(), due_at), |connection, (claim, due_at)| {
                Box::pin(begin_call(connection, claim, *due_at))
            })
            .await
    }

    async fn settle(
        &self,
        claim: &CreationClaim,
        settlement: Settlement,
    ) -> Result<Settled, StoreError> {
        self.writer
            .write(
                (claim.clone(), settlement),
                |connection, (claim, settlement)| Box::pin(settle(connection, claim, settlement)),
            )
            .await
    }

    async fn count_apart(&self) -> Result<Vec<ApartCount>, StoreError> {
        dialect::within(count_apart(&self.readers)).await
    }
}

async fn any_in_doubt(pool: &DbPool) -> Result<bool, StoreError> {
    let found: Option<i64> =
        sqlx::query_scalar("SELECT in_doubt FROM creations WHERE in_doubt = 1 LIMIT 1")
            .fetch_optional(pool)
            .await
            .map_err(|error| failed(&error))?;
    Ok(found.is_some())
}

async fn next_due(pool: &DbPool) -> Result<Option<DateTime<Utc>>, StoreError> {
    let due: Option<i64> = sqlx::query_scalar(
        "SELECT CASE WHEN due_at > leased_until THEN due_at ELSE leased_until END AS due \
         FROM creations WHERE stopped = 0 ORDER BY due_at LIMIT 1",
    )
    .fetch_optional(pool)
    .await
    .map_err(|error| failed(&error))?;
    Ok(due.map(instant))
}

async fn reserve(
    connection: &mut DbConnection,
    new: &Reservation,
    fence: i64,
) -> Result<Reserved, StoreError> {
    let record = &new.record;
    let key = record.key.as_ref();
    let reserved = sqlx::query(
        "INSERT INTO creations (signalement_id, key_client, key_value, kept_before, demande, \
         avertissements, in_doubt, due_at, leased_until, fence) \
         SELECT $1, $2, $3, (SELECT COUNT(*) FROM signalements WHERE id = $1), $4, $5, 1, $6, $7, $8 \
         WHERE true ON CONFLICT DO NOTHING",
    )
    .bind(record.id.as_str())
    .bind(key.map(|it| it.client.as_str()))
    .bind(key.map(|it| it.value.as_str()))
    .bind(write_demande(&new.demande))
    .bind(write_texts(&new.avertissements))
    .bind(millis(new.due_at))
    .bind(millis(new.leased_until))
    .bind(fence)
    .execute(&mut *connection)
    .await
    .map_err(|error| failed(&error))?;
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
    // Only now: while the row was fought for, its last owner may have bound the keys.
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
            .map_err(|error| failed(&error))?;
    Ok(held.is_some())
}

/// The pending creation that holds the identity or the key; the key's counts where both do.
pub(super) async fn find_pending(
    executor: impl Executor<'_, Database = Db>,
    id: &SignalementId,
    key: Option<&IdempotencyKey>,
) -> Result<Option<PendingKey>, StoreError> {
    let row = sqlx::query(
        "SELECT s.id, s.fingerprint, s.etat FROM creations c \
         JOIN signalements s ON s.id = c.signalement_id \
         WHERE c.signalement_id = $1 OR (c.key_client = $2 AND c.key_value = $3) \
         ORDER BY CASE WHEN c.key_value = $3 THEN 0 ELSE 1 END LIMIT 1",
    )
    .bind(id.as_str())
    .bind(key.map(|it| it.client.as_str()))
    .bind(key.map(|it| it.value.as_str()))
    .fetch_optional(executor)
    .await
    .map_err(|error| failed(&error))?;
    row.map(|row| {
        Ok(PendingKey {
            id: SignalementId::from_stored(row.get("id")),
            fingerprint: row.get("fingerprint"),
            etat: signalements::etat(&row)?,
        })
    })
    .transpose()
}

async fn doubt_interrupted(
    connection: &mut DbConnection,
    due_at: DateTime<Utc>,
) -> Result<u64, StoreError> {
    // The fences stay: should the one who made the call be alive after all, its word still counts.
    let found = sqlx::query(
        "UPDATE creations SET leased_until = 0, due_at = $1 \
         WHERE in_doubt = 1 AND leased_until > 0 AND stopped = 0",
    )
    .bind(millis(due_at))
    .execute(&mut *connection)
    .await
    .map_err(|error| failed(&error))?;
    // A claim of which no call was made is simply free again.
    for statement in [
        "UPDATE creations SET leased_until = 0 WHERE leased_until > 0",
        "UPDATE signalements SET etat = 'inconnu' WHERE etat IN ('recu', 'differe') AND id IN \
         (SELECT signalement_id FROM creations WHERE in_doubt = 1)",
    ] {
        sqlx::query(statement)
            .execute(&mut *connection)
            .await
            .map_err(|error| failed(&error))?;
    }
    Ok(found.rows_affected())
}

async fn claim_due(
    connection: &mut DbConnection,
    limit: u32,
    now: DateTime<Utc>,
    lease: Duration,
) -> Result<Vec<PendingCreation>, StoreError> {
    let rows = sqlx::query(
        "UPDATE creations SET leased_until = $1, fence = fence + 1 \
         WHERE leased_until <= $2 AND stopped = 0 AND signalement_id IN ( \
           SELECT signalement_id FROM creations \
           WHERE stopped = 0 AND due_at <= $2 AND leased_until <= $2 \
           ORDER BY due_at LIMIT $3) \
         RETURNING signalement_id, fence, in_doubt, demande, avertissements, \
         attempts, due_at",
    )
    .bind(millis(now + lease))
    .bind(millis(now))
    .bind(i64::from(limit))
    .fetch_all(&mut *connection)
    .await
    .map_err(|error| failed(&error))?;
    let mut claimed = Vec::with_capacity(rows.len());
    for row in &rows {
        claimed.push(load(&mut *connection, row).await?);
    }
    Ok(claimed)
}

async fn claim_one(
    connection: &mut DbConnection,
    id: &SignalementId,
    now: DateTime<Utc>,
    lease: Duration,
) -> Result<Option<PendingCreation>, StoreError> {
    let row = sqlx::query(
        "UPDATE creations SET leased_until = $1, fence = fence + 1 \
         WHERE signalement_id = $2 AND leased_until <= $3 RETURNING signalement_id, fence, in_doubt, demande, avertissements, \
         attempts, due_at",
    )
    .bind(millis(now + lease))
    .bind(id.as_str())
    .bind(millis(now))
    .fetch_optional(&mut *connection)
    .await
    .map_err(|error| failed(&error))?;
    match row {
        Some(row) => load(connection, &row).await.map(Some),
        None => Ok(None),
    }
}

/// Reads a claimed creation; one that is in doubt shows it from now on.
async fn load(connection: &mut DbConnection, row: &DbRow) -> Result<PendingCreation, StoreError> {
    let id: String = row.get("signalement_id");
    let in_doubt = row.get::<i64, _>("in_doubt") == 1;
    let signalement = sqlx::query(
        "UPDATE signalements SET etat = CASE WHEN $2 = 1 THEN 'inconnu' ELSE etat END \
         WHERE id = $1 RETURNING etat, payload, trace",
    )
    .bind(&id)
    .bind(i64::from(in_doubt))
    .fetch_one(&mut *connection)
    .await
    .map_err(|error| failed(&error))?;
    let fichiers = fichiers::of(&mut *connection, &id).await?;
    let reference = SignalementId::from_stored(id);
    Ok(PendingCreation {
        claim: CreationClaim {
            id: reference.clone(),
            fence: row.get("fence"),
        },
        etat: signalements::etat(&signalement)?,
        in_doubt,
        request: CreateDemande {
            reference,
            demande: read_demande(row.get("demande"))?,
            fichiers,
        },
        avertissements: read_texts(row.get("avertissements"))?,
        payload: signalement.get("payload"),
        trace: signalement
            .get::<Option<String>, _>("trace")
            .unwrap_or_default(),
        attempts: u32::try_from(row.get::<i64, _>("attempts")).unwrap_or(u32::MAX),
        due_at: instant(row.get("due_at")),
    })
}

async fn begin_call(
    connection: &mut DbConnection,
    claim: &CreationClaim,
    due_at: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let begun = sqlx::query(
        "UPDATE creations SET in_doubt = 1, stopped = 0, due_at = $1 \
         WHERE signalement_id = $2 AND fence = $3",
    )
    .bind(millis(due_at))
    .bind(claim.id.as_str())
    .bind(claim.fence)
    .execute(connection)
    .await
    .map_err(|error| failed(&error))?;
    Ok(begun.rows_affected() == 1)
}

async fn settle(
    connection: &mut DbConnection,
    claim: &CreationClaim,
    settlement: &Settlement,
) -> Result<Settled, StoreError> {
    let row = sqlx::query(
        "SELECT key_client, key_value, kept_before FROM creations \
         WHERE signalement_id = $1 AND fence = $2",
    )
    .bind(claim.id.as_str())
    .bind(claim.fence)
    .fetch_optional(&mut *connection)
    .await
    .map_err(|error| failed(&error))?;
    let Some(row) = row else {
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

/// A claim that is gone was lost to another, unless an earlier try of ours was committed and only its
/// answer was lost.
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
         leased_until = 0, attempts = attempts + 1 WHERE signalement_id = $4",
    )
    .bind(i64::from(wait.in_doubt))
    .bind(i64::from(wait.due_at.is_none()))
    .bind(wait.due_at.map(millis))
    .bind(claim.id.as_str())
    .execute(&mut *connection)
    .await
    .map_err(|error| failed(&error))?;
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
            .map_err(|error| failed(&error))?;
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
         motif = NULL, trace = $3 WHERE id = $4",
    )
    .bind(uid)
    .bind(&creation.answer)
    .bind(&created.trace)
    .bind(id.as_str())
    .execute(&mut *connection)
    .await
    .map_err(|error| failed(&error))?;
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

async fn remove(connection: &mut DbConnection, id: &SignalementId) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM creations WHERE signalement_id = $1")
        .bind(id.as_str())
        .execute(connection)
        .await
        .map(|_| ())
        .map_err(|error| failed(&error))
}

/// Nothing is kept of what the client was told to send again; the photos' files are swept later.
async fn forget(connection: &mut DbConnection, id: &SignalementId) -> Result<(), StoreError> {
    for statement in [
        "DELETE FROM fichiers WHERE signalement_id = $1",
        "DELETE FROM signalements WHERE id = $1",
    ] {
        sqlx::query(statement)
            .bind(id.as_str())
            .execute(&mut *connection)
            .await
            .map_err(|error| failed(&error))?;
    }
    Ok(())
}

async fn set_etat(
    connection: &mut DbConnection,
    id: &SignalementId,
    etat: Etat,
    motif: &str,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE signalements SET etat = $1, motif = $2 WHERE id = $3")
        .bind(etat.as_str())
        .bind(motif)
        .bind(id.as_str())
        .execute(connection)
        .await
        .map(|_| ())
        .map_err(|error| failed(&error))
}

/// All are counted in an index, and only those that are pending are looked at.
async fn count_apart(pool: &DbPool) -> Result<Vec<ApartCount>, StoreError> {
    let rows = sqlx::query(
        "SELECT etat, CAST(0 AS BIGINT) AS stopped, COUNT(*) AS count FROM signalements \
         WHERE bound = 0 GROUP BY etat \
         UNION ALL SELECT s.etat, CAST(1 AS BIGINT), COUNT(*) FROM creations c \
         JOIN signalements s ON s.id = c.signalement_id WHERE c.stopped = 1 GROUP BY s.etat",
    )
    .fetch_all(pool)
    .await
    .map_err(|error| failed(&error))?;
    rows.iter()
        .map(|row| {
            Ok(ApartCount {
                etat: signalements::etat(row)?,
                stopped: row.get::<i64, _>("stopped") == 1,
                count: row.get("count"),
            })
        })
        .collect()
}

fn key(row: &DbRow) -> Result<Option<IdempotencyKey>, StoreError> {
    let Some(value) = row.get::<Option<String>, _>("key_value") else {
        return Ok(None);
    };
    let client: String = row.get("key_client");
    let client = Client::parse(&client).ok_or_else(|| unreadable("key_client"))?;
    Ok(Some(IdempotencyKey { client, value }))
}
