//! The statements that SQLite needs written otherwise; `docs/databases.md` says why.

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

/// Advisory lock of whoever writes an accepted version. The first key says whose locks these are,
/// the second which; queues and signalements have locks of one 64-bit key, a space of their own.
const VERSIONS_LOCK: (i32, i32) = (super::LOCKS, 1);

/// Advisory lock of whoever names photos, and of whoever removes those that nobody names.
const PHOTOS_LOCK: (i32, i32) = (super::LOCKS, 2);
/// How long a read may take.
const READ_LIMIT: std::time::Duration = std::time::Duration::from_secs(10);

/// Several replicas may share the database.
pub(super) const SHARED: bool = true;
/// Where replicas tell each other that something waits in the outbox.
const CHANNEL: &str = "passerelle_outbox";

/// Leases due deliveries: of each queue only the oldest that waits, and none while a later one is
/// being sent, so that order holds however many replicas claim at once.
///
/// A statement sees what was committed before it began. So the row locks alone would not do: of two
/// claims at the same moment, one could take a delivery that a retry by hand has just brought back,
/// and the other the one behind it, neither seeing the other's lease. The first statement therefore
/// takes a lock for each queue, which lasts until the commit; the second, which begins after that,
/// sees every earlier lease of these queues and looks again.
pub(super) async fn take_due(
    connection: &mut DbConnection,
    destination: Destination,
    limit: u32,
    at: Moment,
    lease: Duration,
) -> Result<Vec<DbRow>, sqlx::Error> {
    // MATERIALIZED: the locks are tried for the chosen rows alone.
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

/// Makes events of one demande follow each other: the order of acceptance is the order in which
/// they are sent, and a repeat must see the first.
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

/// Makes records of one signalement follow each other, its first included: there is no row to lock
/// before that is committed.
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

/// Makes acceptances follow each other: each is one more than the last.
pub(super) async fn lock_versions(connection: &mut DbConnection) -> Result<(), StoreError> {
    sqlx::query("SELECT pg_advisory_xact_lock($1, $2)")
        .bind(VERSIONS_LOCK.0)
        .bind(VERSIONS_LOCK.1)
        .execute(connection)
        .await
        .map(|_| ())
        .map_err(failed)
}

/// Lets no photo be named while it is noted which ones go for not being named, and the other way
/// round: neither sees what the other has not committed. Many may name at once.
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

/// Takes a lock of the session, on a connection of its own: it ends with the connection, and that
/// with the process.
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

/// Gives up on a server that is gone without a word: nobody else would tell for a quarter of an hour.
pub(super) async fn in_time<T>(
    read: impl Future<Output = Result<T, StoreError>>,
) -> Result<T, StoreError> {
    match tokio::time::timeout(READ_LIMIT, read).await {
        Ok(found) => found,
        Err(_) => Err(StoreError::Unavailable(Phrase::NoAnswer.to_string())),
    }
}

/// Outside of any transaction: commits that notify wait for each other.
pub(super) async fn tell_others(store: &DbStore) -> Result<(), StoreError> {
    sqlx::query("SELECT pg_notify($1, '')")
        .bind(CHANNEL)
        .execute(&store.readers)
        .await
        .map(|_| ())
        .map_err(failed)
}

/// Listens on a connection that is kept for it.
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
