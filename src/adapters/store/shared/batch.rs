//! A batch of decided signalements and all that follows from them, in one transaction.
//!
//! Written table by table: a few statements, however many requests.

use std::collections::{HashMap, HashSet};

use super::demandes::NewDemandeRow;
use super::livraisons::LivraisonRow;
use super::{
    DbConnection, creations, demandes, dialect, failed, fichiers, keys, livraisons, signalements,
};
use crate::domain::livraison::LivraisonEtat;
use crate::domain::ports::{IdempotencyKey, NewRecord, Recorded, StoreError};
use crate::domain::signalement::{Etat, SignalementId};

/// Writes the records of one batch, whose keys are all different.
pub(in super::super) async fn record(
    connection: &mut DbConnection,
    records: &[NewRecord],
) -> Result<Vec<Recorded>, StoreError> {
    if records.is_empty() {
        return Ok(Vec::new());
    }
    let mut bound = keys::bound_by_key(connection, records).await?;
    let candidates: Vec<&NewRecord> = records
        .iter()
        .filter(|record| !bound.contains_key(&record.id))
        .collect();
    let told = told_already(connection, &candidates).await?;
    let written = signalements::insert(connection, &candidates).await?;
    let mut pending = HashMap::new();
    for record in &candidates {
        if written.contains(record.id.as_str()) {
            continue;
        }
        if let Some(owner) = keys::load_bound(&mut *connection, record.id.as_str()).await? {
            bound.insert(record.id.clone(), owner);
        } else {
            let owner = creations::find_pending(&mut *connection, &record.id, None).await?;
            let owner = owner.ok_or_else(|| StoreError::Fault("an owned row is gone".into()))?;
            pending.insert(record.id.clone(), owner);
        }
    }
    let winners: Vec<&NewRecord> = records
        .iter()
        .filter(|it| !bound.contains_key(&it.id) && !pending.contains_key(&it.id))
        .collect();
    fichiers::insert(connection, &winners).await?;
    insert_creations(connection, &winners, &told).await?;
    Ok(records
        .iter()
        .map(|record| match bound.remove(&record.id) {
            Some(owner) => Recorded::Bound(owner),
            None => match pending.remove(&record.id) {
                Some(owner) => Recorded::Pending(owner),
                None => Recorded::Written,
            },
        })
        .collect())
}

/// The records that are set aside again with the same content as before, when their e-mails were written: nobody
/// wants the same e-mail twice, however often that content arrives.
async fn told_already(
    connection: &mut DbConnection,
    records: &[&NewRecord],
) -> Result<HashSet<String>, StoreError> {
    let mut told = HashSet::new();
    let tells = |it: &&&NewRecord| it.etat == Etat::Ecarte && !it.livraisons.is_empty();
    for record in records.iter().filter(tells) {
        dialect::lock_signalement(connection, &record.id).await?;
        let before: Option<String> = sqlx::query_scalar(
            "SELECT id FROM signalements WHERE id = $1 AND etat = 'ecarte' AND fingerprint = $2",
        )
        .bind(record.id.as_str())
        .bind(&record.fingerprint)
        .fetch_optional(&mut *connection)
        .await
        .map_err(failed)?;
        told.extend(before);
    }
    Ok(told)
}

async fn insert_creations(
    connection: &mut DbConnection,
    records: &[&NewRecord],
    told: &HashSet<String>,
) -> Result<(), StoreError> {
    demandes::insert(connection, &demandes_of(records)).await?;
    keys::insert(connection, &keys_of(records)).await?;
    let mut untold = records.to_vec();
    untold.retain(|record| !told.contains(record.id.as_str()));
    let livraisons = livraisons_of(&untold);
    let at = records.iter().map(|record| record.received_at).max();
    let Some(at) = at else { return Ok(()) };
    livraisons::insert(connection, &livraisons, None, LivraisonEtat::EnAttente, at).await
}

/// The demandes that the records create.
pub(in super::super) fn demandes_of<'a>(records: &[&'a NewRecord]) -> Vec<NewDemandeRow<'a>> {
    let created = records.iter().filter_map(|record| {
        let creation = record.creation.as_ref()?;
        Some((&record.id, creation, record.received_at))
    });
    created.collect()
}

/// The keys that those creations bind.
pub(in super::super) fn keys_of<'a>(
    records: &[&'a NewRecord],
) -> Vec<(&'a IdempotencyKey, &'a SignalementId)> {
    let created = records.iter().filter(|record| record.creation.is_some());
    let keyed = created.filter_map(|record| Some((record.key.as_ref()?, &record.id)));
    keyed.collect()
}

/// The deliveries that follow from the records.
pub(in super::super) fn livraisons_of<'a>(records: &[&'a NewRecord]) -> Vec<LivraisonRow<'a>> {
    let of = |record: &&'a NewRecord| {
        let record = *record;
        let uid = record.creation.as_ref().map(|it| it.uid.as_str());
        record.livraisons.iter().map(move |it| (it, uid))
    };
    records.iter().flat_map(of).collect()
}
