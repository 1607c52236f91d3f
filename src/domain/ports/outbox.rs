//! The outbox as seen by its workers, the operators and the breaker.

use async_trait::async_trait;
use chrono::{DateTime, Duration, Utc};

use crate::domain::demande::Uid;
use crate::domain::livraison::{
    Attempt, Claim, Destination, LivraisonEtat, LivraisonSummary, LivraisonView, Outcome,
};
use crate::domain::ports::StoreError;

/// The part of the store that keeps deliveries until they are sent.
#[async_trait]
pub trait Outbox: Send + Sync {
    /// Claims due deliveries for `lease`, only the oldest waiting one of each queue.
    async fn claim(
        &self,
        destination: Destination,
        limit: u32,
        at: Moment,
        lease: Duration,
    ) -> Result<Vec<Claim>, StoreError>;

    /// When the next claimable delivery is due. Queues with a delivery in progress are skipped.
    async fn next_due(
        &self,
        destination: Destination,
        at: Moment,
    ) -> Result<Option<DateTime<Utc>>, StoreError>;

    /// Ends a claim; `false` if another worker has taken it over.
    async fn finish(
        &self,
        claim: &Claim,
        attempt: Attempt,
        outcome: Outcome,
    ) -> Result<bool, StoreError>;

    /// The current pause of a destination, if any.
    async fn pause(&self, destination: Destination) -> Result<Option<Pause>, StoreError>;

    /// Sets or ends the pause of a destination.
    async fn set_pause(
        &self,
        destination: Destination,
        pause: Option<Pause>,
    ) -> Result<(), StoreError>;

    /// The digest of the address last set for a destination, as [`Self::set_route`] stored it.
    async fn route(&self, destination: Destination) -> Result<Option<String>, StoreError>;

    /// Stores the digest of the address set for a destination.
    async fn set_route(&self, destination: Destination, digest: &str) -> Result<(), StoreError>;

    /// Makes deliveries that wait for another attempt due now, in batches: on an error, some may already be.
    /// Ends the destination's pause and resets its failure count; with [`Resume::Refused`], only a pause for a
    /// refused token.
    async fn resume(
        &self,
        destination: Destination,
        which: Resume,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError>;

    /// Deliveries, newest first.
    async fn list_livraisons(
        &self,
        etat: Option<LivraisonEtat>,
        limit: u32,
    ) -> Result<Vec<LivraisonSummary>, StoreError>;

    /// Puts a dead delivery back in its queue, due at once.
    async fn retry_livraison(
        &self,
        id: &str,
        if_overtaken: IfOvertaken,
        now: DateTime<Utc>,
    ) -> Result<RetryOutcome, StoreError>;

    /// A delivery with its attempts.
    async fn find_livraison(&self, id: &str) -> Result<Option<LivraisonView>, StoreError>;

    /// The deliveries of a demande that have not been purged, each with its attempts, oldest first.
    async fn livraisons_of(&self, uid: &Uid) -> Result<Vec<LivraisonView>, StoreError>;

    /// The oldest dead delivery of a destination by acceptance, or the next one after `after`.
    async fn oldest_dead(
        &self,
        destination: Destination,
        after: Option<&str>,
    ) -> Result<Option<String>, StoreError>;

    /// The oldest delivery of a destination that was tried and still waits, among those accepted before an
    /// instant.
    async fn oldest_failing(
        &self,
        destination: Destination,
        before: DateTime<Utc>,
    ) -> Result<Option<LivraisonSummary>, StoreError>;

    /// Puts every dead delivery of a destination back in its queue, due at once, and returns their number.
    /// Works in batches, oldest accepted first: on an error, some may already be back.
    async fn retry_dead(
        &self,
        destination: Destination,
        now: DateTime<Utc>,
    ) -> Result<u64, StoreError>;

    /// Counts of deliveries that may still be sent, by destination and state.
    async fn count_livraisons(&self) -> Result<Vec<LivraisonCount>, StoreError>;
}

/// When work is claimed, and which leases have expired by then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// Wall-clock time: what is due by then may be claimed.
    pub now: DateTime<Utc>,
    /// Leases that ended by then have expired. Equal to `now`, unless the claimant is itself still working
    /// under a lease that ended earlier: setting the clock forward does not end any work.
    pub leases_over: DateTime<Utc>,
}

impl From<DateTime<Utc>> for Moment {
    fn from(now: DateTime<Utc>) -> Self {
        Self {
            now,
            leases_over: now,
        }
    }
}

/// What to do with a delivery to be sent again that a later status has overtaken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IfOvertaken {
    /// Leave it as it is.
    Stay,
    /// Send it anyway, because an operator asked for it.
    Send,
}

/// The outcome of `deliveries retry`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetryOutcome {
    /// It will be sent again.
    Queued,
    /// There is no such delivery.
    Unknown,
    /// It is already waiting, or was delivered.
    NotDead(LivraisonEtat),
    /// A later one was sent first: needs `--force`.
    Overtaken,
}

/// A pause in deliveries to a destination: its breaker is open. After `until`, one delivery is let through as a
/// probe (half-open).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pause {
    /// End of the pause.
    pub until: DateTime<Utc>,
    /// Number of consecutive failed probes.
    pub failures: u32,
    /// Whether it refused our token or account, rather than failing.
    pub refused: bool,
    /// Why, for the operators.
    pub reason: String,
}

/// Which waiting deliveries a change of settings makes due.
///
/// Each variant includes those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Resume {
    /// Those refused because of our token.
    Refused,
    /// Those without an answer: no partner asked for a delay.
    Unanswered,
    /// All of them: they failed at a different address.
    All,
}

/// The number of deliveries of one destination in one state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LivraisonCount {
    /// Their destination.
    pub destination: Destination,
    /// Their state.
    pub etat: LivraisonEtat,
    /// Number of deliveries.
    pub count: i64,
    /// When the oldest of them was accepted.
    pub oldest_at: DateTime<Utc>,
}

impl LivraisonCount {
    /// The count for one destination and state; `None` if there are none.
    #[must_use]
    pub fn of(counts: &[Self], destination: Destination, etat: LivraisonEtat) -> Option<&Self> {
        counts
            .iter()
            .find(|it| it.destination == destination && it.etat == etat)
    }
}
