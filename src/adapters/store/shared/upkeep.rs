//! The upkeep's port; most of the SQL behind it is in `retention`, `fichiers` and `waits`.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{
    DbConnection, DbStore, dialect, failed, fichiers, livraisons, polls, retention, waits,
};
use crate::domain::ports::{Kept, StoreError, Turn, Upkeep, Work};

#[async_trait]
impl Upkeep for DbStore {
    async fn turn(&self, work: Work) -> Result<Option<Turn>, StoreError> {
        dialect::turn(self, work).await
    }

    async fn purge(
        &self,
        what: Kept,
        before: DateTime<Utc>,
        limit: u32,
    ) -> Result<u64, StoreError> {
        self.writer
            .write(
                (what, before, limit),
                |connection, (what, before, limit)| {
                    Box::pin(retention::purge(connection, *what, *before, *limit))
                },
            )
            .await
    }

    async fn count_purgeable(&self, what: Kept, before: DateTime<Utc>) -> Result<u64, StoreError> {
        dialect::in_time(retention::count(&self.readers, what, before)).await
    }

    async fn unnamed_files(&self, names: Vec<String>) -> Result<Vec<String>, StoreError> {
        dialect::in_time(fichiers::unnamed(&self.readers, names)).await
    }

    async fn begin_removal(
        &self,
        names: Vec<String>,
        at: DateTime<Utc>,
    ) -> Result<Vec<String>, StoreError> {
        self.writer
            .write((names, at), |connection, (names, at)| {
                Box::pin(fichiers::begin_removal(connection, names, *at))
            })
            .await
    }

    async fn identity(&self) -> Result<String, StoreError> {
        let fresh = Uuid::now_v7().to_string();
        self.writer
            .write(fresh, |connection, fresh| {
                Box::pin(fichiers::identity(connection, fresh))
            })
            .await
    }

    async fn release_claims(&self) -> Result<(), StoreError> {
        self.writer
            .write((), |connection, ()| {
                Box::pin(async {
                    livraisons::release_claims(&mut *connection).await?;
                    polls::release(connection).await
                })
            })
            .await
    }

    async fn wait_no_longer(
        &self,
        latest: DateTime<Utc>,
        leased: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        self.writer
            .write((latest, leased), |connection, (latest, leased)| {
                Box::pin(waits::no_longer(connection, *latest, *leased))
            })
            .await
    }

    async fn checkpoint(&self) -> Result<(), StoreError> {
        dialect::checkpoint(self).await
    }

    async fn ping(&self) -> Result<(), StoreError> {
        // A real write: a database that is read-only or full cannot serve.
        self.writer
            .write((), |connection, ()| Box::pin(try_out(connection)))
            .await?;
        let read = async {
            let one = sqlx::query("SELECT 1").execute(&self.readers).await;
            one.map(|_| ()).map_err(failed)
        };
        dialect::in_time(read).await
    }
}

/// Writes a row and removes it: SQLite writes nothing for an update that leaves a row as it was. Then touches the
/// tables that a signalement is written to: in a table that someone has locked, even an update that matches no row
/// waits.
async fn try_out(connection: &mut DbConnection) -> Result<(), StoreError> {
    for statement in [
        "INSERT INTO removals (name, at) VALUES ('', 0)",
        "DELETE FROM removals WHERE name = ''",
        "UPDATE signalements SET etat = etat WHERE id = ''",
        "UPDATE fichiers SET nom = nom WHERE signalement_id = ''",
        "UPDATE demandes SET canal = canal WHERE uid = ''",
        "UPDATE idempotency_keys SET value = value WHERE client = '' AND value = ''",
        "UPDATE livraisons SET etat = etat WHERE id = ''",
    ] {
        sqlx::query(statement)
            .execute(&mut *connection)
            .await
            .map(|_| ())
            .map_err(failed)?;
    }
    Ok(())
}
