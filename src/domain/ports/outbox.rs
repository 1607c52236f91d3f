//! The outbox, as operators and the breaker see it.

use chrono::{DateTime, Utc};

use crate::domain::livraison::{Destination, LivraisonEtat};

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
