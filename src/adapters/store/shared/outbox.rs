//! The outbox's port; the SQL behind it is in `livraisons`.

use async_trait::async_trait;
use chrono::{DateTime, Duration, Utc};
use futures_util::future::BoxFuture;

use super::{DbConnection, DbStore, dialect, livraisons};
use crate::domain::demande::Uid;
use crate::domain::livraison::{
    Attempt, Claim, Destination, LivraisonEtat, LivraisonSummary, LivraisonView, Outcome,
};
use crate::domain::ports::{
    IfOvertaken, LivraisonCount, Moment, Outbox, Pause, Resume, RetryOutcome, StoreError,
};

#[async_trait]
impl Outbox for DbStore {
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

    async fn next_due(
        &self,
        destination: Destination,
        at: Moment,
    ) -> Result<Option<DateTime<Utc>>, StoreError> {
        dialect::in_time(livraisons::next_due(&self.readers, destination, at)).await
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
        dialect::in_time(livraisons::pause(&self.readers, destination)).await
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

    async fn route(&self, destination: Destination) -> Result<Option<String>, StoreError> {
        dialect::in_time(livraisons::route(&self.readers, destination)).await
    }

    async fn set_route(&self, destination: Destination, digest: &str) -> Result<(), StoreError> {
        self.writer
            .write(
                (destination, digest.to_owned()),
                |connection, (destination, digest)| {
                    Box::pin(livraisons::set_route(connection, *destination, digest))
                },
            )
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

    async fn list_livraisons(
        &self,
        etat: Option<LivraisonEtat>,
        limit: u32,
    ) -> Result<Vec<LivraisonSummary>, StoreError> {
        dialect::in_time(livraisons::list(&self.readers, etat, limit)).await
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
        dialect::in_time(livraisons::find(&self.readers, id)).await
    }

    async fn livraisons_of(&self, uid: &Uid) -> Result<Vec<LivraisonView>, StoreError> {
        dialect::in_time(livraisons::of_demande(&self.readers, uid)).await
    }

    async fn oldest_dead(
        &self,
        destination: Destination,
        after: Option<&str>,
    ) -> Result<Option<String>, StoreError> {
        dialect::in_time(livraisons::oldest_dead(&self.readers, destination, after)).await
    }

    async fn oldest_failing(
        &self,
        destination: Destination,
        before: DateTime<Utc>,
    ) -> Result<Option<LivraisonSummary>, StoreError> {
        let found = livraisons::oldest_failing(&self.readers, destination, before);
        dialect::in_time(found).await
    }

    async fn retry_dead(
        &self,
        destination: Destination,
        now: DateTime<Utc>,
    ) -> Result<u64, StoreError> {
        livraisons::retry_dead(self, destination, now).await
    }

    async fn count_livraisons(&self) -> Result<Vec<LivraisonCount>, StoreError> {
        dialect::in_time(livraisons::count(&self.readers)).await
    }
}

/// A claim, its attempt, and the outcome.
type Ended = (Claim, Attempt, Outcome);

fn end_claim<'c>(
    connection: &'c mut DbConnection,
    (claim, attempt, outcome): &'c Ended,
) -> BoxFuture<'c, Result<bool, StoreError>> {
    Box::pin(livraisons::finish(connection, claim, attempt, outcome))
}
