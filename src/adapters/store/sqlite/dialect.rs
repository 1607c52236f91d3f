//! The statements that differ from PostgreSQL's; `docs/databases.md` says why.

use std::future::{Pending, Ready, pending, ready};

use chrono::Duration;

use super::shared::fichiers::PhotoUse;
use super::{DbConnection, DbRow, DbStore};
use crate::adapters::store::rows::millis;
use crate::domain::demande::Uid;
use crate::domain::livraison::Destination;
use crate::domain::ports::{Moment, StoreError, Turn, Work};
use crate::domain::signalement::SignalementId;

const TAKE_DUE: &str = "UPDATE livraisons SET leased_until = $1, fence = fence + 1 WHERE sequence IN ( \
       SELECT l.sequence FROM livraisons l \
       WHERE l.destination = $2 AND l.etat = 'en_attente' AND l.due_at <= $3 \
         AND l.leased_until <= $5 AND NOT EXISTS ( \
           SELECT 1 FROM livraisons earlier WHERE earlier.queue = l.queue \
           AND earlier.etat = 'en_attente' AND earlier.sequence < l.sequence) \
         AND NOT EXISTS ( \
           SELECT 1 FROM livraisons sent WHERE sent.queue = l.queue \
           AND sent.etat = 'en_attente' AND sent.leased_until > 0 AND sent.leased_until > $5) \
       ORDER BY l.due_at, l.sequence LIMIT $4) \
     RETURNING id, fence, queue, content, attempts, waited_ms";

/// The file belongs to one daemon.
pub(super) const SHARED: bool = false;

/// Leases due deliveries: from each queue only the oldest that waits, and none while a later one is being sent (an
/// earlier one may have come back by a retry), so that the order is kept.
pub(super) async fn take_due(
    connection: &mut DbConnection,
    destination: Destination,
    limit: u32,
    at: Moment,
    lease: Duration,
) -> Result<Vec<DbRow>, sqlx::Error> {
    sqlx::query(TAKE_DUE)
        .bind(millis(at.now + lease))
        .bind(destination.as_str())
        .bind(millis(at.now))
        .bind(i64::from(limit))
        .bind(millis(at.leases_over))
        .fetch_all(connection)
        .await
}

/// Nothing to lock: there is only one write transaction at a time.
pub(super) fn lock_demande(_: &mut DbConnection, _: &Uid) -> Ready<Result<(), StoreError>> {
    ready(Ok(()))
}

/// Nothing to lock, as in [`lock_demande`].
pub(super) fn lock_signalement(
    _: &mut DbConnection,
    _: &SignalementId,
) -> Ready<Result<(), StoreError>> {
    ready(Ok(()))
}

/// Nothing to lock, as in [`lock_demande`].
pub(super) fn lock_versions(_: &mut DbConnection) -> Ready<Result<(), StoreError>> {
    ready(Ok(()))
}

/// Nothing to lock, as in [`lock_demande`].
pub(super) fn lock_photos(_: &mut DbConnection, _: PhotoUse) -> Ready<Result<(), StoreError>> {
    ready(Ok(()))
}

/// Copies the log into the file.
pub(super) async fn checkpoint(store: &DbStore) -> Result<(), StoreError> {
    store.writer.checkpoint().await
}

/// The only daemon always gets its turn.
pub(super) fn turn(_: &DbStore, _: Work) -> Ready<Result<Option<Turn>, StoreError>> {
    ready(Ok(Some(Box::new(()) as Turn)))
}

/// No limit here: SQLite has its own timeouts.
pub(super) async fn in_time<T>(
    read: impl Future<Output = Result<T, StoreError>>,
) -> Result<T, StoreError> {
    read.await
}

/// There are no other replicas to notify.
pub(super) fn tell_others(_: &DbStore) -> Ready<Result<(), StoreError>> {
    ready(Ok(()))
}

/// There are no other replicas to hear from.
pub(super) fn told(_: &DbStore) -> Pending<Result<(), StoreError>> {
    pending()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapters::store::sqlite::SqliteStore;
    use crate::adapters::store::sqlite::shared::livraisons::{
        GO_NEXT, NEXT_DUE, OVERTAKE, WAIT_BEHIND,
    };
    use crate::adapters::store::sqlite::shared::retention::{
        DELIVERIES, EVENEMENT_TRACES, PAYLOADS, SIGNALEMENT_TRACES,
    };
    use sqlx::Row as _;

    /// Waiting deliveries are found through indexes that hold nothing else: a million delivered ones cost nothing.
    #[tokio::test]
    async fn due_deliveries_are_found_without_scanning_the_rest() {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(&folder.path().join("s.sqlite"))
            .await
            .unwrap();
        let by_index = [
            (TAKE_DUE, "INDEX livraisons_due"),
            (TAKE_DUE, "INDEX livraisons_leased"),
            (NEXT_DUE, "INDEX livraisons_due"),
            (OVERTAKE, "INDEX livraisons_queue"),
            (OVERTAKE, "INDEX livraisons_stuck"),
            (WAIT_BEHIND, "INDEX livraisons_queue"),
            (GO_NEXT, "INDEX livraisons_queue"),
        ];
        for (statement, index) in by_index {
            let plan = plan(&store, statement).await;
            for step in &plan {
                assert!(!step.starts_with("SCAN"), "{plan:#?}");
                assert!(!step.contains("TEMP B-TREE"), "{plan:#?}");
                // Scanning part of the table is as bad as scanning all of it.
                assert!(!step.contains("PRIMARY KEY (rowid<"), "{plan:#?}");
            }
            let found = plan.iter().any(|it| it.contains(index));
            assert!(found, "{index}: {plan:#?}");
        }
    }

    #[tokio::test]
    async fn what_retention_deletes_is_found_without_scanning_the_rest() {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(&folder.path().join("s.sqlite"))
            .await
            .unwrap();
        for statement in [SIGNALEMENT_TRACES, EVENEMENT_TRACES, PAYLOADS, DELIVERIES] {
            let plan = plan(&store, statement).await;
            let searched = plan.iter().all(|step| !step.starts_with("SCAN"));
            assert!(searched, "{plan:#?}");
        }
    }

    async fn plan(store: &SqliteStore, statement: &str) -> Vec<String> {
        let explain = format!("EXPLAIN QUERY PLAN {statement}");
        let rows = sqlx::query(sqlx::AssertSqlSafe(explain))
            .fetch_all(&store.readers)
            .await
            .unwrap();
        rows.iter().map(|row| row.get("detail")).collect()
    }
}
