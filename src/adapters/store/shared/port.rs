//! The store's ports and the SQL behind them, written once and compiled for each database.
//!
//! A backend includes this file as a module of its own, beside what is specific to its database: the aliases `Db…`
//! for sqlx's types, `failed`, a `writer`, and `dialect` with the few statements that differ (`docs/databases.md`
//! lists them with the reasons). Everything here must mean the same on SQLite and on PostgreSQL: `$1` placeholders,
//! 64-bit integers, flags as 0 and 1.

pub(super) mod batch;
mod creations;
pub(super) mod demandes;
mod evenements;
mod events;
pub(super) mod fichiers;
pub(super) mod keys;
pub(super) mod livraisons;
mod outbox;
mod past;
mod polls;
mod replicas;
pub(super) mod retention;
pub(super) mod signalements;
mod tokens;
mod upkeep;
mod versions;
mod waits;

use sqlx::QueryBuilder;

use super::{Db, DbConnection, DbPool, DbRow, DbStore, dialect, failed};
use crate::domain::ports::{Store, StoreError};

impl Store for DbStore {}

/// Runs a statement that was built for many rows.
async fn execute(
    query: &mut QueryBuilder<Db>,
    connection: &mut DbConnection,
) -> Result<(), StoreError> {
    query
        .build()
        .execute(connection)
        .await
        .map(|_| ())
        .map_err(failed)
}
