//! The outbox, as its workers, operators and the breaker see it.

use async_trait::async_trait;
use chrono::{DateTime, Duration, Utc};

use crate::domain::demande::Uid;
use crate::domain::livraison::{
    Attempt, Claim, Destination, LivraisonEtat, LivraisonSummary, LivraisonView, Outcome,
};
use crate::domain::ports::StoreError;

/// The part of the store that keeps deliveries until they are out.
#[async_trait]
pub trait Outbox: Send + Sync {
    /// Takes deliveries that are due for `lease`: of each queue the oldest waiting one only.
    async fn claim(
        &self,
        destination: Destination,
        limit: u32,
        at: Moment,
        lease: Duration,
    ) -> Result<Vec<Claim>, StoreError>;

    /// When the next delivery is due that could be claimed now, were it due: none of a queue of which one
    /// is being sent.
    async fn next_due(
        &self,
        destination: Destination,
        at: Moment,
    ) -> Result<Option<DateTime<Utc>>, StoreError>;

    /// Ends a claim; `false` when another worker has taken it over.
    async fn finish(
        &self,
        claim: &Claim,
        attempt: Attempt,
        outcome: Outcome,
    ) -> Result<bool, StoreError>;

    /// The pause that a destination is under, if any.
    async fn pause(&self, destination: Destination) -> Result<Option<Pause>, StoreError>;

    /// Sets or ends the pause of a destination.
    async fn set_pause(
        &self,
        destination: Destination,
        pause: Option<Pause>,
    ) -> Result<(), StoreError>;

    /// Makes deliveries that wait for another attempt due now, some at a time: where it fails, some may be. A pause of the destination, for
    /// [`Resume::Refused`] only one of a refused token, is over, and forgets how often it was tried.
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

    /// Makes a dead delivery wait again, due at once.
    async fn retry_livraison(
        &self,
        id: &str,
        if_overtaken: IfOvertaken,
        now: DateTime<Utc>,
    ) -> Result<RetryOutcome, StoreError>;

    /// A delivery with its attempts.
    async fn find_livraison(&self, id: &str) -> Result<Option<LivraisonView>, StoreError>;

    /// The deliveries of a demande that are not forgotten, each with its attempts, oldest first.
    async fn livraisons_of(&self, uid: &Uid) -> Result<Vec<LivraisonView>, StoreError>;

    /// The dead delivery of a destination that was accepted first, or first after another one.
    async fn oldest_dead(
        &self,
        destination: Destination,
        after: Option<&str>,
    ) -> Result<Option<String>, StoreError>;

    /// The delivery of a destination that has waited longest although it was tried, of those accepted
    /// before an instant.
    async fn oldest_failing(
        &self,
        destination: Destination,
        before: DateTime<Utc>,
    ) -> Result<Option<LivraisonSummary>, StoreError>;

    /// Makes every dead delivery of a destination wait again, due at once; gives their number. Some at a time, those
    /// accepted first before the others: where it fails, some may wait again.
    async fn retry_dead(
        &self,
        destination: Destination,
        now: DateTime<Utc>,
    ) -> Result<u64, StoreError>;

    /// How many deliveries stand where, of those that may still go out.
    async fn count_livraisons(&self) -> Result<Vec<LivraisonCount>, StoreError>;
}

/// When work is claimed, and whose leases are over by then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// The instant, by the clock on the wall: what is due by then may be claimed.
    pub now: DateTime<Utc>,
    /// What was leased until then, at the latest, is free. That is `now`, unless the claimant itself is
    /// still at work under a lease that ended before: a clock that was set forward ends no work.
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

/// What becomes of a delivery that is to be sent again, and was overtaken by a later status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IfOvertaken {
    /// It stays as it is.
    Stay,
    /// It is sent all the same, at the word of a person.
    Send,
}

/// What the answer to `deliveries retry` is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetryOutcome {
    /// It will be sent again.
    Queued,
    /// There is no such delivery.
    Unknown,
    /// It waits already, or was delivered.
    NotDead(LivraisonEtat),
    /// A later one went out first: only by force.
    Overtaken,
}

/// A destination that is left alone for a while: its breaker is open. Past `until` one delivery may
/// try the ground.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pause {
    /// Until when.
    pub until: DateTime<Utc>,
    /// How many times in a row it was tried for nothing.
    pub failures: u32,
    /// Whether it refuses our token or account; otherwise it fails.
    pub refused: bool,
    /// Why.
    pub reason: String,
}

/// Which waiting deliveries a new way to their destination concerns.
///
/// Each concerns those of the one before it, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Resume {
    /// Those that were refused for our token.
    Refused,
    /// Those that had no answer: nobody asked them to wait.
    Unanswered,
    /// Every one: they failed at another address.
    All,
}

/// Deliveries of one destination in one state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LivraisonCount {
    /// Where they go.
    pub destination: Destination,
    /// Where they stand.
    pub etat: LivraisonEtat,
    /// How many.
    pub count: i64,
    /// When the oldest of them was accepted.
    pub oldest_at: DateTime<Utc>,
}

impl LivraisonCount {
    /// What was counted of one destination in one state; nothing where there is none.
    #[must_use]
    pub fn of(counts: &[Self], destination: Destination, etat: LivraisonEtat) -> Option<&Self> {
        counts
            .iter()
            .find(|it| it.destination == destination && it.etat == etat)
    }
}
