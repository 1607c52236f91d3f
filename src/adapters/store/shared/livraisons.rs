//! The outbox: claims, attempts, dead letters and pauses.

mod again;
mod routes;
mod seen;

use chrono::{DateTime, Duration, Utc};
use sqlx::{QueryBuilder, Row as _};

use super::{Db, DbConnection, DbPool, DbRow, dialect, failed};
use crate::adapters::store::rows::{
    instant, millis, read_content, storable, unreadable, write_content,
};
use crate::domain::livraison::{Attempt, Claim, Destination, LivraisonEtat, NewLivraison, Outcome};
use crate::domain::ports::{IfOvertaken, LivraisonCount, Moment, Pause, RetryOutcome, StoreError};

pub(super) use again::{resume, retry_dead};
pub(super) use routes::{route, set_route};
pub(super) use seen::{find, list, of_demande, oldest_failing};

/// The most deliveries in one statement, whose variables are limited.
pub(in super::super) const AT_ONCE: usize = 1_000;

/// A delivery, with the UID of its demande if it has one.
pub(in super::super) type LivraisonRow<'a> = (&'a NewLivraison, Option<&'a str>);

/// Inserts deliveries.
pub(super) async fn insert(
    connection: &mut DbConnection,
    rows: &[LivraisonRow<'_>],
    evenement_id: Option<&str>,
    etat: LivraisonEtat,
    at: DateTime<Utc>,
) -> Result<(), StoreError> {
    for some in rows.chunks(AT_ONCE) {
        let mut query = QueryBuilder::<Db>::default();
        push_rows(&mut query, some, evenement_id, etat, at);
        // A delivery that exists was written by a first attempt whose answer was lost.
        query.push(" ON CONFLICT (id) DO NOTHING");
        query
            .build()
            .execute(&mut *connection)
            .await
            .map_err(failed)?;
    }
    Ok(())
}

/// Adds the insertion of deliveries to a statement.
pub(in super::super) fn push_rows(
    query: &mut QueryBuilder<Db>,
    rows: &[LivraisonRow<'_>],
    evenement_id: Option<&str>,
    etat: LivraisonEtat,
    at: DateTime<Utc>,
) {
    query.push(
        "INSERT INTO livraisons (id, destination, queue, uid, evenement_id, etat, content, \
         due_at, created_at) ",
    );
    query.push_values(rows, |mut row, (it, uid)| {
        row.push_bind(&it.id)
            .push_bind(it.content.destination().as_str())
            .push_bind(&it.queue)
            .push_bind(*uid)
            .push_bind(evenement_id)
            .push_bind(etat.as_str())
            .push_bind(write_content(&it.content))
            .push_bind(millis(at))
            .push_bind(millis(at));
    });
}

/// Claims due deliveries: from each queue only the oldest that waits, and none while a later one is being sent (an
/// earlier one may have come back by a retry), so that the order is kept.
pub(super) async fn claim(
    connection: &mut DbConnection,
    destination: Destination,
    limit: u32,
    at: Moment,
    lease: Duration,
) -> Result<Vec<Claim>, StoreError> {
    let taken = dialect::take_due(connection, destination, limit, at, lease).await;
    let rows = taken.map_err(failed)?;
    let mut claims = Vec::with_capacity(rows.len());
    for row in &rows {
        let id: String = row.get("id");
        match read_content(row.get("content")) {
            Ok(content) => claims.push(Claim {
                id,
                fence: row.get("fence"),
                queue: row.get("queue"),
                content,
                attempts: attempts(row),
                waited: Duration::milliseconds(row.get("waited_ms")),
            }),
            // One that cannot be read must not prevent the others from being claimed.
            Err(error) => bury(&mut *connection, &id, &error).await?,
        }
    }
    Ok(claims)
}

async fn bury(
    connection: &mut DbConnection,
    id: &str,
    error: &StoreError,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE livraisons SET etat = 'morte', last_error = $1 WHERE id = $2")
        .bind(error.to_string())
        .bind(id)
        .execute(connection)
        .await
        .map(|_| ())
        .map_err(failed)
}

/// Releases every claim; the fences increase, so that a late result of an old claim is ignored.
pub(super) async fn release_claims(connection: &mut DbConnection) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE livraisons SET leased_until = 0, fence = fence + 1 \
         WHERE etat = 'en_attente' AND leased_until > 0",
    )
    .execute(connection)
    .await
    .map(|_| ())
    .map_err(failed)
}

fn attempts(row: &DbRow) -> u32 {
    u32::try_from(row.get::<i64, _>("attempts")).unwrap_or(u32::MAX)
}

/// Must select the same rows as `dialect::take_due`; otherwise a worker would be woken again and again for a
/// delivery it cannot claim.
pub(in super::super) const NEXT_DUE: &str = "SELECT l.due_at FROM livraisons l \
     WHERE l.destination = $1 AND l.etat = 'en_attente' \
       AND l.leased_until <= $2 AND NOT EXISTS ( \
         SELECT 1 FROM livraisons earlier WHERE earlier.queue = l.queue \
         AND earlier.etat = 'en_attente' AND earlier.sequence < l.sequence) \
       AND NOT EXISTS ( \
         SELECT 1 FROM livraisons sent WHERE sent.queue = l.queue \
         AND sent.etat = 'en_attente' AND sent.leased_until > 0 AND sent.leased_until > $2) \
     ORDER BY l.due_at LIMIT 1";

/// When the next claimable delivery is due. Queues with a delivery in progress are skipped.
pub(super) async fn next_due(
    pool: &DbPool,
    destination: Destination,
    at: Moment,
) -> Result<Option<DateTime<Utc>>, StoreError> {
    let due: Option<i64> = sqlx::query_scalar(NEXT_DUE)
        .bind(destination.as_str())
        .bind(millis(at.leases_over))
        .fetch_optional(pool)
        .await
        .map_err(failed)?;
    Ok(due.map(instant))
}

/// Marks the deliveries that a later one overtook. Each half has its own index; combined, every ending delivery
/// would scan all deliveries ever made.
pub(in super::super) const OVERTAKE: &str = "\
    UPDATE livraisons SET etat = 'depassee' WHERE sequence IN ( \
      SELECT sequence FROM livraisons \
      WHERE queue = $1 AND sequence < $2 AND etat = 'en_attente' \
      UNION ALL SELECT sequence FROM livraisons \
      WHERE queue = $1 AND sequence < $2 AND etat IN ('morte', 'retenue'))";

/// Marks a delivery that was overtaken, then sent by force and refused again: it may still only be sent by force.
const OVERTAKEN_BEFORE: &str = "\
    UPDATE livraisons SET etat = 'depassee' WHERE id = $1 AND etat = 'morte' AND EXISTS ( \
      SELECT 1 FROM livraisons later WHERE later.uid = livraisons.uid \
      AND later.queue = livraisons.queue AND later.sequence > livraisons.sequence \
      AND later.etat = 'livree')";

/// Postpones what waits behind a failed delivery as long as that one: if due at once, it would be skipped by every
/// claim until then, and there is much of it after an outage. Deliveries already attempted keep their own time.
pub(in super::super) const WAIT_BEHIND: &str = "\
    UPDATE livraisons SET due_at = $1 \
    WHERE queue = $2 AND etat = 'en_attente' AND attempts = 0 AND due_at < $1";

/// Makes the next delivery of a queue due again after what it waited behind.
pub(in super::super) const GO_NEXT: &str = "\
    UPDATE livraisons SET due_at = $1 WHERE sequence = ( \
      SELECT MIN(sequence) FROM livraisons WHERE queue = $2 AND etat = 'en_attente') \
    AND attempts = 0 AND due_at > $1";

/// Ends a claim; `false`, with nothing written, if its lease expired and another worker took it.
pub(super) async fn finish(
    connection: &mut DbConnection,
    claim: &Claim,
    attempt: &Attempt,
    outcome: &Outcome,
) -> Result<bool, StoreError> {
    let ended = Some(attempt.at);
    let (etat, due_at, waits, finished_at) = match outcome {
        Outcome::Delivered => (LivraisonEtat::Livree, None, Duration::zero(), ended),
        Outcome::Retry { due_at, counted } => {
            (LivraisonEtat::EnAttente, Some(*due_at), *counted, None)
        }
        Outcome::Dead => (LivraisonEtat::Morte, None, Duration::zero(), ended),
    };
    let error = attempt.error.as_deref().map(storable);
    let row = sqlx::query(
        "UPDATE livraisons SET etat = $1, attempts = attempts + 1, last_error = $2, \
         due_at = COALESCE($3, due_at), finished_at = $4, waited_ms = waited_ms + $5, \
         leased_until = 0 WHERE id = $6 AND fence = $7 AND etat = 'en_attente' AND leased_until > 0 \
         RETURNING queue, sequence, attempts",
    )
    .bind(etat.as_str())
    .bind(&error)
    .bind(due_at.map(millis))
    .bind(finished_at.map(millis))
    .bind(waits.num_milliseconds())
    .bind(&claim.id)
    .bind(claim.fence)
    .fetch_optional(&mut *connection)
    .await
    .map_err(failed)?;
    let Some(row) = row else { return Ok(false) };
    note_attempt(connection, claim, attempt, row.get("attempts")).await?;
    if claim.content.destination().keeps_order() {
        let (queue, sequence) = (row.get("queue"), row.get("sequence"));
        after_end(connection, claim, queue, sequence, attempt.at, outcome).await?;
    }
    Ok(true)
}

/// Stores an attempt, the `number`th of its delivery.
async fn note_attempt(
    connection: &mut DbConnection,
    claim: &Claim,
    attempt: &Attempt,
    number: i64,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO tentatives (livraison_id, number, at, status, error, excerpt) \
         VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(&claim.id)
    .bind(number)
    .bind(millis(attempt.at))
    .bind(attempt.status.map(i64::from))
    .bind(attempt.error.as_deref().map(storable))
    .bind(attempt.excerpt.as_deref().map(storable))
    .execute(&mut *connection)
    .await
    .map_err(failed)?;
    Ok(())
}

/// Applies the outcome of an attempt to the rest of its queue.
async fn after_end(
    connection: &mut DbConnection,
    claim: &Claim,
    queue: &str,
    sequence: i64,
    at: DateTime<Utc>,
    outcome: &Outcome,
) -> Result<(), StoreError> {
    if *outcome == Outcome::Delivered {
        sqlx::query(OVERTAKE)
            .bind(queue)
            .bind(sequence)
            .execute(&mut *connection)
            .await
            .map_err(failed)?;
    }
    if *outcome == Outcome::Dead {
        sqlx::query(OVERTAKEN_BEFORE)
            .bind(&claim.id)
            .execute(&mut *connection)
            .await
            .map_err(failed)?;
    }
    let (statement, due_at) = match outcome {
        Outcome::Retry { due_at, .. } => (WAIT_BEHIND, *due_at),
        Outcome::Delivered | Outcome::Dead => (GO_NEXT, at),
    };
    sqlx::query(statement)
        .bind(millis(due_at))
        .bind(queue)
        .execute(connection)
        .await
        .map_err(failed)?;
    Ok(())
}

/// The pause of a destination, if it is paused.
pub(super) async fn pause(
    pool: &DbPool,
    destination: Destination,
) -> Result<Option<Pause>, StoreError> {
    let row =
        sqlx::query("SELECT until, failures, refused, reason FROM pauses WHERE destination = $1")
            .bind(destination.as_str())
            .fetch_optional(pool)
            .await
            .map_err(failed)?;
    Ok(row.map(|row| Pause {
        until: instant(row.get("until")),
        failures: u32::try_from(row.get::<i64, _>("failures")).unwrap_or(u32::MAX),
        refused: row.get::<i64, _>("refused") == 1,
        reason: row.get("reason"),
    }))
}

/// Sets or ends the pause of a destination.
pub(super) async fn set_pause(
    connection: &mut DbConnection,
    destination: Destination,
    pause: Option<&Pause>,
) -> Result<(), StoreError> {
    let query = match pause {
        Some(pause) => sqlx::query(
            "INSERT INTO pauses (destination, until, failures, refused, reason) \
             VALUES ($1, $2, $3, $4, $5) ON CONFLICT (destination) DO UPDATE SET \
             until = excluded.until, failures = excluded.failures, refused = excluded.refused, \
             reason = excluded.reason",
        )
        .bind(destination.as_str())
        .bind(millis(pause.until))
        .bind(i64::from(pause.failures))
        .bind(i64::from(pause.refused))
        .bind(storable(&pause.reason)),
        None => sqlx::query("DELETE FROM pauses WHERE destination = $1").bind(destination.as_str()),
    };
    query.execute(connection).await.map(|_| ()).map_err(failed)
}

fn destination(row: &DbRow) -> Result<Destination, StoreError> {
    let word: String = row.get("destination");
    word.parse().map_err(|_| unreadable("destination"))
}

fn livraison_etat(row: &DbRow) -> Result<LivraisonEtat, StoreError> {
    let word: String = row.get("etat");
    word.parse().map_err(|_| unreadable("etat"))
}

/// Queues a dead delivery again.
pub(super) async fn retry(
    connection: &mut DbConnection,
    id: &str,
    if_overtaken: IfOvertaken,
    now: DateTime<Utc>,
) -> Result<RetryOutcome, StoreError> {
    let row = sqlx::query(
        "SELECT l.etat, e.issue FROM livraisons l LEFT JOIN evenements e ON e.id = l.evenement_id \
         WHERE l.id = $1",
    )
    .bind(id)
    .fetch_optional(&mut *connection)
    .await
    .map_err(failed)?;
    let Some(row) = row else {
        return Ok(RetryOutcome::Unknown);
    };
    // Even one that was overtaken: a status that the rules do not know has nothing to send.
    if row.get::<Option<String>, _>("issue").as_deref() == Some("retenu") {
        return Ok(RetryOutcome::NotDead(LivraisonEtat::Retenue));
    }
    match livraison_etat(&row)? {
        LivraisonEtat::Morte => {}
        LivraisonEtat::Depassee if if_overtaken == IfOvertaken::Send => {}
        LivraisonEtat::Depassee => return Ok(RetryOutcome::Overtaken),
        other => return Ok(RetryOutcome::NotDead(other)),
    }
    sqlx::query(
        "UPDATE livraisons SET etat = 'en_attente', due_at = $1, waited_ms = 0, leased_until = 0, \
         finished_at = NULL WHERE id = $2",
    )
    .bind(millis(now))
    .bind(id)
    .execute(connection)
    .await
    .map_err(failed)?;
    Ok(RetryOutcome::Queued)
}

/// The dead delivery of a destination that was accepted first, or first after another.
pub(super) async fn oldest_dead(
    pool: &DbPool,
    destination: Destination,
    after: Option<&str>,
) -> Result<Option<String>, StoreError> {
    sqlx::query_scalar(
        "SELECT id FROM livraisons WHERE etat <> 'livree' AND etat = 'morte' \
         AND destination = $1 \
         AND sequence > COALESCE((SELECT sequence FROM livraisons WHERE id = $2), 0) \
         ORDER BY sequence LIMIT 1",
    )
    .bind(destination.as_str())
    .bind(after)
    .fetch_optional(pool)
    .await
    .map_err(failed)
}

/// The number of deliveries by destination and state, among those that may still be sent.
pub(super) async fn count(pool: &DbPool) -> Result<Vec<LivraisonCount>, StoreError> {
    let rows = sqlx::query(
        "SELECT destination, etat, COUNT(*) AS count, MIN(created_at) AS oldest_at \
         FROM livraisons WHERE etat <> 'livree' AND etat IN ('en_attente', 'morte', 'retenue') \
         GROUP BY destination, etat",
    )
    .fetch_all(pool)
    .await
    .map_err(failed)?;
    rows.iter()
        .map(|row| {
            Ok(LivraisonCount {
                destination: destination(row)?,
                etat: livraison_etat(row)?,
                count: row.get("count"),
                oldest_at: instant(row.get("oldest_at")),
            })
        })
        .collect()
}
