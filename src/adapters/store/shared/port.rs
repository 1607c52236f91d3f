//! The store's port and the SQL behind it, written once and compiled for each database.
//!
//! A backend includes this file as a module of its own, beside what is specific to its database: the aliases `Db…`
//! for sqlx's types, `failed`, a `writer`, and `dialect` with the few statements that differ (`docs/databases.md`
//! lists them with the reasons). Everything here must mean the same on SQLite and on PostgreSQL: `$1` placeholders,
//! 64-bit integers, flags as 0 and 1.

pub(super) mod batch;
mod creations;
pub(super) mod demandes;
mod evenements;
pub(super) mod fichiers;
pub(super) mod keys;
pub(super) mod livraisons;
mod past;
mod polls;
mod replicas;
pub(super) mod retention;
pub(super) mod signalements;
mod tokens;
mod versions;
mod waits;

use async_trait::async_trait;
use chrono::{DateTime, Duration, Utc};
use futures_util::future::BoxFuture;
use sqlx::QueryBuilder;
use uuid::Uuid;

use super::{Db, DbConnection, DbPool, DbRow, DbStore, dialect, failed};
use crate::domain::demande::{Demande, Uid};
use crate::domain::livraison::{
    Attempt, Claim, Destination, LivraisonEtat, LivraisonSummary, LivraisonView, Outcome,
};
use crate::domain::ports::{
    BoundKey, Client, EventRecorded, FileSet, IdempotencyKey, IfOvertaken, Kept, LivraisonCount,
    Moment, NewEvent, NewRecord, Page, PastEvent, PastSignalement, Pause, Recorded, Release,
    Replica, Resume, RetryOutcome, SignalementSummary, SignalementView, Store, StoreError,
    StoredSubmission, StoredTrace, StoredVersion, Turn, VersionSummary, Work,
};
use crate::domain::signalement::{Etat, SignalementId};
use crate::domain::statut::StoredEvent;

#[async_trait]
impl Store for DbStore {
    async fn record(&self, record: NewRecord) -> Result<Recorded, StoreError> {
        self.writer.record(record).await
    }

    async fn find_bound(
        &self,
        id: &SignalementId,
        key: Option<&IdempotencyKey>,
    ) -> Result<Option<BoundKey>, StoreError> {
        dialect::within(keys::find_bound(&self.readers, id, key)).await
    }

    async fn find_signalement(
        &self,
        id_or_uid: &str,
    ) -> Result<Option<SignalementView>, StoreError> {
        dialect::within(signalements::find(&self.readers, id_or_uid)).await
    }

    async fn list_signalements(
        &self,
        etat: Option<Etat>,
        limit: u32,
    ) -> Result<Vec<SignalementSummary>, StoreError> {
        dialect::within(signalements::list(&self.readers, etat, limit)).await
    }

    async fn signalements_before(
        &self,
        etat: Etat,
        before: Option<&SignalementSummary>,
        limit: u32,
    ) -> Result<Vec<SignalementSummary>, StoreError> {
        dialect::within(signalements::before(&self.readers, etat, before, limit)).await
    }

    async fn find_traces(&self, id_or_uid: &str) -> Result<Vec<StoredTrace>, StoreError> {
        dialect::within(signalements::find_traces(&self.readers, id_or_uid)).await
    }

    async fn past_signalements(&self, page: Page) -> Result<Vec<PastSignalement>, StoreError> {
        dialect::within(past::signalements(&self.readers, page)).await
    }

    async fn past_events(&self, page: Page) -> Result<Vec<PastEvent>, StoreError> {
        dialect::within(past::events(&self.readers, page)).await
    }

    async fn count_past(&self, since: Option<DateTime<Utc>>) -> Result<(u64, u64), StoreError> {
        dialect::within(past::count(&self.readers, since)).await
    }

    async fn find_submission(
        &self,
        id: &SignalementId,
    ) -> Result<Option<StoredSubmission>, StoreError> {
        dialect::within(signalements::find_submission(&self.readers, id)).await
    }

    async fn find_demande(&self, uid: &Uid) -> Result<Option<Demande>, StoreError> {
        dialect::within(demandes::find(&self.readers, uid)).await
    }

    async fn record_event(&self, event: NewEvent) -> Result<EventRecorded, StoreError> {
        self.writer
            .write(event, |connection, event| {
                Box::pin(evenements::record(connection, event))
            })
            .await
    }

    async fn count_held(&self, limit: u32) -> Result<Vec<(String, i64)>, StoreError> {
        dialect::within(evenements::count_held(&self.readers, limit)).await
    }

    async fn held_events(&self, after: i64, limit: u32) -> Result<Vec<StoredEvent>, StoreError> {
        dialect::within(evenements::held(&self.readers, after, limit)).await
    }

    async fn release_event(&self, release: Release) -> Result<(), StoreError> {
        self.writer
            .write(release, |connection, release| {
                Box::pin(evenements::release(connection, release))
            })
            .await
    }

    async fn claim(
        &self,
        destination: Destination,
        limit: u32,
        at: Moment,
        lease: Duration,
    ) -> Result<Vec<Claim>, StoreError> {
        self.writer
            .write(
                (destination, limit, at, lease),
                |connection, (destination, limit, at, lease)| {
                    Box::pin(livraisons::claim(
                        connection,
                        *destination,
                        *limit,
                        *at,
                        *lease,
                    ))
                },
            )
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

    async fn next_due(
        &self,
        destination: Destination,
        at: Moment,
    ) -> Result<Option<DateTime<Utc>>, StoreError> {
        dialect::within(livraisons::next_due(&self.readers, destination, at)).await
    }

    async fn finish(
        &self,
        claim: &Claim,
        attempt: Attempt,
        outcome: Outcome,
    ) -> Result<bool, StoreError> {
        let something_waits = claim.content.destination().keeps_order();
        let work = (claim.clone(), attempt, outcome);
        if something_waits {
            self.writer.write(work, end_claim).await
        } else {
            self.writer.write_along(work, end_claim).await
        }
    }

    async fn pause(&self, destination: Destination) -> Result<Option<Pause>, StoreError> {
        dialect::within(livraisons::pause(&self.readers, destination)).await
    }

    async fn set_pause(
        &self,
        destination: Destination,
        pause: Option<Pause>,
    ) -> Result<(), StoreError> {
        self.writer
            .write((destination, pause), |connection, (destination, pause)| {
                Box::pin(livraisons::set_pause(
                    connection,
                    *destination,
                    pause.as_ref(),
                ))
            })
            .await
    }

    async fn resume(
        &self,
        destination: Destination,
        which: Resume,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        livraisons::resume(self, destination, which, now).await
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

    async fn list_livraisons(
        &self,
        etat: Option<LivraisonEtat>,
        limit: u32,
    ) -> Result<Vec<LivraisonSummary>, StoreError> {
        dialect::within(livraisons::list(&self.readers, etat, limit)).await
    }

    async fn retry_livraison(
        &self,
        id: &str,
        if_overtaken: IfOvertaken,
        now: DateTime<Utc>,
    ) -> Result<RetryOutcome, StoreError> {
        self.writer
            .write(
                (id.to_owned(), if_overtaken, now),
                |connection, (id, if_overtaken, now)| {
                    Box::pin(livraisons::retry(connection, id, *if_overtaken, *now))
                },
            )
            .await
    }

    async fn find_livraison(&self, id: &str) -> Result<Option<LivraisonView>, StoreError> {
        dialect::within(livraisons::find(&self.readers, id)).await
    }

    async fn livraisons_of(&self, uid: &Uid) -> Result<Vec<LivraisonView>, StoreError> {
        dialect::within(livraisons::of_demande(&self.readers, uid)).await
    }

    async fn oldest_dead(
        &self,
        destination: Destination,
        after: Option<&str>,
    ) -> Result<Option<String>, StoreError> {
        dialect::within(livraisons::oldest_dead(&self.readers, destination, after)).await
    }

    async fn oldest_failing(
        &self,
        destination: Destination,
        before: DateTime<Utc>,
    ) -> Result<Option<LivraisonSummary>, StoreError> {
        let found = livraisons::oldest_failing(&self.readers, destination, before);
        dialect::within(found).await
    }

    async fn retry_dead(
        &self,
        destination: Destination,
        now: DateTime<Utc>,
    ) -> Result<u64, StoreError> {
        livraisons::retry_dead(self, destination, now).await
    }

    async fn count_livraisons(&self) -> Result<Vec<LivraisonCount>, StoreError> {
        dialect::within(livraisons::count(&self.readers)).await
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
        dialect::within(retention::count(&self.readers, what, before)).await
    }

    async fn save_version(&self, version: StoredVersion) -> Result<(), StoreError> {
        self.writer
            .write(version, |connection, version| {
                Box::pin(versions::save(connection, version))
            })
            .await
    }

    async fn last_version(&self) -> Result<Option<StoredVersion>, StoreError> {
        dialect::within(versions::last(&self.readers)).await
    }

    async fn list_versions(&self, limit: u32) -> Result<Vec<VersionSummary>, StoreError> {
        dialect::within(versions::list(&self.readers, limit)).await
    }

    async fn find_version(&self, begin: &str) -> Result<(Vec<String>, FileSet), StoreError> {
        dialect::within(versions::find(&self.readers, begin)).await
    }

    async fn tokens(&self) -> Result<Vec<(Client, String)>, StoreError> {
        dialect::within(tokens::all(&self.readers)).await
    }

    async fn put_token(
        &self,
        client: Client,
        hash: &str,
        replace: bool,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        self.writer
            .write(
                (client, hash.to_owned(), replace, now),
                |connection, (client, hash, replace, now)| {
                    Box::pin(tokens::put(connection, *client, hash, *replace, *now))
                },
            )
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

    async fn unnamed_files(&self, names: Vec<String>) -> Result<Vec<String>, StoreError> {
        dialect::within(fichiers::unnamed(&self.readers, names)).await
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

    async fn turn(&self, work: Work) -> Result<Option<Turn>, StoreError> {
        dialect::turn(self, work).await
    }

    fn shared(&self) -> bool {
        dialect::SHARED
    }

    async fn announce(&self, replica: Replica, gone: DateTime<Utc>) -> Result<(), StoreError> {
        self.writer
            .write((replica, gone), |connection, (replica, gone)| {
                Box::pin(replicas::announce(connection, replica, *gone))
            })
            .await
    }

    async fn leave(&self, id: &str) -> Result<(), StoreError> {
        self.writer
            .write(id.to_owned(), |connection, id| {
                Box::pin(replicas::leave(connection, id))
            })
            .await
    }

    async fn replicas(&self, since: DateTime<Utc>) -> Result<Vec<Replica>, StoreError> {
        dialect::within(replicas::seen(&self.readers, since)).await
    }

    async fn tell_others(&self) -> Result<(), StoreError> {
        dialect::tell_others(self).await
    }

    async fn told(&self) -> Result<(), StoreError> {
        dialect::told(self).await
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
        dialect::within(read).await
    }
}

/// Writes a row that always exists, and touches the tables that a signalement is written to: in a table that
/// someone has locked, even an update that matches no row waits.
async fn try_out(connection: &mut DbConnection) -> Result<(), StoreError> {
    versions::rewrite(connection).await?;
    for statement in [
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

/// A claim, its attempt, and the outcome.
type Ended = (Claim, Attempt, Outcome);

fn end_claim<'c>(
    connection: &'c mut DbConnection,
    (claim, attempt, outcome): &'c Ended,
) -> BoxFuture<'c, Result<bool, StoreError>> {
    Box::pin(livraisons::finish(connection, claim, attempt, outcome))
}

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
