//! The statements that differ from SQLite's; `docs/databases.md` says why.

use std::future::{Ready, ready};

use chrono::Duration;
use futures_util::TryFutureExt;
use sqlx::Row as _;
use sqlx::postgres::PgListener;

use super::shared::fichiers::PhotoUse;
use super::{DbConnection, DbRow, DbStore, failed};
use crate::adapters::store::rows::millis;
use crate::domain::demande::Uid;
use crate::domain::livraison::Destination;
use crate::domain::ports::{Moment, StoreError, Turn, Work};
use crate::domain::reason::Phrase;
use crate::domain::signalement::SignalementId;

/// Advisory lock for writing an accepted version. The first key marks our locks, the second says which one; queues
/// and signalements use locks with a single 64-bit key, which are a separate space.
const VERSIONS_LOCK: (i32, i32) = (super::LOCKS, 1);

/// Advisory lock for referring to photos, and for removing those that nothing refers to.
const PHOTOS_LOCK: (i32, i32) = (super::LOCKS, 2);
/// Time allowed for a read.
const READ_LIMIT: std::time::Duration = std::time::Duration::from_secs(10);

/// Several replicas may share this database.
pub(super) const SHARED: bool = true;
/// The channel on which replicas notify each other of new deliveries in the outbox.
const CHANNEL: &str = "passerelle_outbox";

/// Leases due deliveries: from each queue only the oldest that waits, and none while a later one is being sent, so
/// that the order is kept however many replicas claim at once.
///
/// A statement sees what was committed before it began, so row locks alone are not enough: of two simultaneous
/// claims, one could take a delivery that a manual retry has just put back, and the other the one behind it,
/// neither seeing the other's lease. Therefore the first statement takes a lock for each queue, held until the
/// commit; the second, which begins after that, sees every earlier lease of these queues and checks again.
pub(super) async fn take_due(
    connection: &mut DbConnection,
    destination: Destination,
    limit: u32,
    at: Moment,
    lease: Duration,
) -> Result<Vec<DbRow>, sqlx::Error> {
    // MATERIALIZED: the locks are tried only for the chosen rows.
    let candidates = sqlx::query(
        "WITH due AS MATERIALIZED ( \
           SELECT l.sequence, l.queue FROM livraisons l \
           WHERE l.destination = $1 AND l.etat = 'en_attente' AND l.due_at <= $2 \
             AND l.leased_until <= $4 AND NOT EXISTS ( \
               SELECT 1 FROM livraisons earlier WHERE earlier.queue = l.queue \
               AND earlier.etat = 'en_attente' AND earlier.sequence < l.sequence) \
             AND NOT EXISTS ( \
               SELECT 1 FROM livraisons sent WHERE sent.queue = l.queue \
               AND sent.etat = 'en_attente' AND sent.leased_until > $4) \
           ORDER BY l.due_at, l.sequence LIMIT $3 FOR UPDATE OF l SKIP LOCKED) \
         SELECT sequence FROM due WHERE pg_try_advisory_xact_lock(hashtextextended(queue, 0))",
    )
    .bind(destination.as_str())
    .bind(millis(at.now))
    .bind(i64::from(limit))
    .bind(millis(at.leases_over))
    .fetch_all(&mut *connection)
    .await?;
    if candidates.is_empty() {
        return Ok(Vec::new());
    }
    let sequences: Vec<i64> = candidates.iter().map(|row| row.get("sequence")).collect();
    sqlx::query(
        "UPDATE livraisons l SET leased_until = $1, fence = fence + 1 \
         WHERE l.sequence = ANY($2) AND l.etat = 'en_attente' AND NOT EXISTS ( \
             SELECT 1 FROM livraisons earlier WHERE earlier.queue = l.queue \
             AND earlier.etat = 'en_attente' AND earlier.sequence < l.sequence) \
           AND NOT EXISTS ( \
             SELECT 1 FROM livraisons sent WHERE sent.queue = l.queue \
             AND sent.etat = 'en_attente' AND sent.leased_until > $3) \
         RETURNING l.id, l.fence, l.queue, l.content, l.attempts, l.waited_ms",
    )
    .bind(millis(at.now + lease))
    .bind(sequences)
    .bind(millis(at.leases_over))
    .fetch_all(connection)
    .await
}

/// Serialises events of one demande: they are sent in the order of acceptance, and a repeat must see the first.
pub(super) async fn lock_demande(
    connection: &mut DbConnection,
    uid: &Uid,
) -> Result<(), StoreError> {
    sqlx::query("SELECT uid FROM demandes WHERE uid = $1 FOR NO KEY UPDATE")
        .bind(uid.as_str())
        .execute(connection)
        .await
        .map(|_| ())
        .map_err(failed)
}

/// Serialises records of one signalement, including the first, for which there is no row to lock until it is
/// committed.
pub(super) async fn lock_signalement(
    connection: &mut DbConnection,
    id: &SignalementId,
) -> Result<(), StoreError> {
    sqlx::query("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))")
        .bind(id.as_str())
        .execute(connection)
        .await
        .map(|_| ())
        .map_err(failed)
}

/// Serialises acceptances: each is numbered after the last.
pub(super) async fn lock_versions(connection: &mut DbConnection) -> Result<(), StoreError> {
    sqlx::query("SELECT pg_advisory_xact_lock($1, $2)")
        .bind(VERSIONS_LOCK.0)
        .bind(VERSIONS_LOCK.1)
        .execute(connection)
        .await
        .map(|_| ())
        .map_err(failed)
}

/// Prevents new references to photos while unreferenced ones are being removed, and the other way round: neither
/// sees what the other has not committed. References may be added concurrently.
pub(super) async fn lock_photos(
    connection: &mut DbConnection,
    photos: PhotoUse,
) -> Result<(), StoreError> {
    let lock = match photos {
        PhotoUse::Named => "SELECT pg_advisory_xact_lock_shared($1, $2)",
        PhotoUse::Removed => "SELECT pg_advisory_xact_lock($1, $2)",
    };
    sqlx::query(lock)
        .bind(PHOTOS_LOCK.0)
        .bind(PHOTOS_LOCK.1)
        .execute(connection)
        .await
        .map(|_| ())
        .map_err(failed)
}

/// Takes a session lock on a separate connection: it is released when the connection closes, at the latest with the
/// process.
pub(super) async fn turn(store: &DbStore, work: Work) -> Result<Option<Turn>, StoreError> {
    let number = match work {
        Work::Sweep => 3,
        Work::Purge => 4,
    };
    let asked = async {
        let mut connection = store.readers.acquire().await?.detach();
        let lock = sqlx::query_scalar("SELECT pg_try_advisory_lock($1, $2)");
        let lock = lock.bind(super::LOCKS).bind(number);
        let taken: bool = lock.fetch_one(&mut connection).await?;
        Ok::<_, sqlx::Error>(taken.then(|| Box::new(connection) as Turn))
    };
    in_time(asked.map_err(failed)).await
}

/// The server does this itself.
pub(super) fn checkpoint(_: &DbStore) -> Ready<Result<(), StoreError>> {
    ready(Ok(()))
}

/// Gives up on a server that has disappeared, which would otherwise go unnoticed for a quarter of an hour.
pub(super) async fn in_time<T>(
    read: impl Future<Output = Result<T, StoreError>>,
) -> Result<T, StoreError> {
    match tokio::time::timeout(READ_LIMIT, read).await {
        Ok(found) => found,
        Err(_) => Err(StoreError::Unavailable(Phrase::NoAnswer.to_string())),
    }
}

/// Outside any transaction: commits that notify wait for each other.
pub(super) async fn tell_others(store: &DbStore) -> Result<(), StoreError> {
    sqlx::query("SELECT pg_notify($1, '')")
        .bind(CHANNEL)
        .execute(&store.readers)
        .await
        .map(|_| ())
        .map_err(failed)
}

/// Listens on a connection kept for this purpose.
pub(super) async fn told(store: &DbStore) -> Result<(), StoreError> {
    let mut kept = store.listener.lock().await;
    let mut listener = match kept.take() {
        Some(listener) => listener,
        None => listen(store).await.map_err(failed)?,
    };
    listener.recv().await.map_err(failed)?;
    *kept = Some(listener);
    Ok(())
}

async fn listen(store: &DbStore) -> Result<PgListener, sqlx::Error> {
    let mut listener = PgListener::connect_with(&store.readers).await?;
    listener.listen(CHANNEL).await?;
    Ok(listener)
}
