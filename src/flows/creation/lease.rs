//! For how long a claim on a creation lets its holder call the CRM.

use chrono::{DateTime, TimeDelta, Utc};
use tokio::time::Instant;

use super::CALL;
use crate::flows::backoff::span;

/// How long a claim holds: longer than the look-up and the call that it allows.
pub(in crate::flows) const LEASE: TimeDelta = TimeDelta::minutes(5);

/// A claim's time, by two clocks: the one that nobody sets stands still while the machine is
/// suspended, and the one on the wall may be set back.
#[derive(Debug, Clone, Copy)]
pub(in crate::flows) struct Lease {
    since: Instant,
    until: DateTime<Utc>,
}

impl Lease {
    /// Begins before the claim is written: whatever holds this process up from there on counts.
    pub(super) fn begin(now: DateTime<Utc>) -> Self {
        Self {
            since: Instant::now(),
            until: now + LEASE,
        }
    }

    /// When it ends, as it is written.
    pub(super) fn until(&self) -> DateTime<Utc> {
        self.until
    }

    /// When it ends, by the clock that nobody sets.
    pub(super) fn end(&self) -> Instant {
        self.since + LEASE.to_std().unwrap_or_default()
    }

    /// Whether a call that begins now would end before the lease does. After that another may look
    /// for the demande, find none, and create it.
    pub(super) fn allows_a_call(&self, now: DateTime<Utc>) -> bool {
        span(self.since.elapsed() + CALL) < LEASE && now + CALL < self.until
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_call_begins_only_where_it_ends_under_its_lease() {
        let at = |minutes| DateTime::UNIX_EPOCH + TimeDelta::minutes(minutes);
        let lease = Lease::begin(at(0));
        assert_eq!(lease.until(), at(5));
        // A look-up may have taken its time before.
        assert!(lease.allows_a_call(at(0)) && lease.allows_a_call(at(2)));
        assert!(!lease.allows_a_call(at(3)) && !lease.allows_a_call(at(600)));
        // The clock was set back, and time has gone by all the same.
        let ago = |minutes| Lease {
            since: Instant::now()
                .checked_sub(Duration::from_mins(minutes))
                .unwrap(),
            ..lease
        };
        assert!(ago(2).allows_a_call(at(0)) && ago(2).allows_a_call(at(-60)));
        assert!(!ago(3).allows_a_call(at(0)) && !ago(3).allows_a_call(at(-60)));
    }
}
