//! Signalements that all arrive for the first time, as nearly all do: written with one message to SQLite's thread,
//! and committed with another.
//!
//! Each statement is a message to that thread and back, and when all processors are busy each message has to wait
//! for one. Statements of a batch that do not depend on each other's results are sent as one text.

use sqlx::{QueryBuilder, SqliteConnection};

use super::shared::batch::{demandes_of, keys_of, livraisons_of};
use super::shared::{demandes, fichiers, keys, livraisons, signalements};
use super::{Db, failed};
use crate::domain::livraison::LivraisonEtat;
use crate::domain::ports::{NewRecord, StoreError};

/// Begins a transaction and writes a batch in it.
///
/// `false`, with no transaction begun, if a record, its key or its demande already exists, or a photo of it is
/// being removed. Finding out which takes more queries.
pub(super) async fn begin(
    connection: &mut SqliteConnection,
    records: &[NewRecord],
) -> Result<bool, StoreError> {
    let Some(mut query) = written_at_once(records) else {
        return Ok(false);
    };
    // The only rows are those of the query about photos, if there are any.
    let removals = query.build_query_scalar::<i64>();
    match removals.fetch_all(&mut *connection).await {
        Ok(removals) if removals.iter().all(|removed| *removed == 0) => return Ok(true),
        Ok(_) => {}
        Err(error) => match failed(error) {
            unavailable @ StoreError::Unavailable(_) => return Err(unavailable),
            known => tracing::debug!(error = %known, "not all arrive for the first time"),
        },
    }
    super::writer::run_alone(connection, "ROLLBACK").await?;
    Ok(false)
}

/// The statements of a transaction up to its commit, writing the same rows as `shared::batch`
/// (`tests/it/storage/store/signalements.rs` compares them). `None` if a table has too many rows for one statement, or
/// a key would have to be looked up that none of them writes.
fn written_at_once(records: &[NewRecord]) -> Option<QueryBuilder<Db>> {
    if records
        .iter()
        .any(|it| it.key.is_some() && it.creation.is_none())
    {
        return None;
    }
    let records: Vec<&NewRecord> = records.iter().collect();
    let at = records.iter().map(|it| it.received_at).max()?;
    let fichiers = fichiers::rows(&records);
    let livraisons = livraisons_of(&records);
    if fichiers.len() > fichiers::AT_ONCE || livraisons.len() > livraisons::AT_ONCE {
        return None;
    }
    let mut query = QueryBuilder::new("BEGIN IMMEDIATE; ");
    // Without the conflict clause for repeats: an existing row makes it fail.
    signalements::push_rows(&mut query, &records);
    let demandes = demandes_of(&records);
    if !demandes.is_empty() {
        query.push("; ");
        demandes::push_rows(&mut query, &demandes);
    }
    let keys = keys_of(&records);
    if !keys.is_empty() {
        query.push("; ");
        keys::push_rows(&mut query, &keys);
    }
    if !livraisons.is_empty() {
        query.push("; ");
        livraisons::push_rows(&mut query, &livraisons, None, LivraisonEtat::EnAttente, at);
    }
    if !fichiers.is_empty() {
        query.push("; ");
        fichiers::push_rows(&mut query, &fichiers);
        query.push("; ");
        fichiers::push_removals(&mut query, fichiers::first_received(&records)?, &fichiers);
    }
    Some(query)
}
