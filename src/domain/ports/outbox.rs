//! The outbox, as operators and the breaker see it.

use chrono::{DateTime, Utc};

use crate::domain::livraison::{Destination, LivraisonEtat};

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
