//! Signalements that all come for the first time, as nearly all do: written by one message to SQLite's
//! thread, and committed by another.
//!
//! Each statement is a message there and one back, and while all processors are busy each of them
//! waits for one. The statements of a batch that need no answer of one another go as one text.

use sqlx::{QueryBuilder, SqliteConnection};

use super::shared::batch::{demandes_of, keys_of, livraisons_of};
use super::shared::{demandes, fichiers, keys, livraisons, signalements};
use super::{Db, failed};
use crate::domain::livraison::LivraisonEtat;
use crate::domain::ports::{NewRecord, StoreError};

/// Begins a transaction and writes a batch in it.
///
/// `false`, with no transaction begun, where that cannot be: one of them is known already, its key or its
/// demande is, or a photo of it is being removed. It takes more questions to tell which.
pub(super) async fn begin(
    connection: &mut SqliteConnection,
    records: &[NewRecord],
) -> Result<bool, StoreError> {
    let Some(mut query) = written_at_once(records) else {
        return Ok(false);
    };
    // The rows are those of the question about photos, where there are any.
    let removals = query.build_query_scalar::<i64>();
    match removals.fetch_all(&mut *connection).await {
        Ok(removals) if removals.iter().all(|removed| *removed == 0) => return Ok(true),
        Ok(_) => {}
        Err(error) => match failed(error) {
            unavailable @ StoreError::Unavailable(_) => return Err(unavailable),
            known => tracing::debug!(error = %known, "not all come for the first time"),
        },
    }
    super::writer::run_alone(connection, "ROLLBACK").await?;
    Ok(false)
}

/// The statements of a transaction up to its commit, for the same rows as those of `shared::batch`
/// (`tests/it/store/signalements.rs` compares them); none where there is too much for one of each, or where a key would
/// have to be looked for that none of them writes.
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
    // Not like one that comes again: what is there makes it fail.
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
