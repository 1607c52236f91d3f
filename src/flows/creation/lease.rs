//! How long a claim on a creation allows its holder to call the CRM.

use chrono::{DateTime, TimeDelta, Utc};
use tokio::time::Instant;

use super::CALL;
use crate::flows::backoff::span;

/// Duration of a claim: longer than the look-up and the call that it allows.
pub(in crate::flows) const LEASE: TimeDelta = TimeDelta::minutes(5);

/// The duration of a claim, on two clocks: the monotonic clock stops while the machine is suspended, and the
/// wall clock may be set back.
#[derive(Debug, Clone, Copy)]
pub(in crate::flows) struct Lease {
    since: Instant,
    until: DateTime<Utc>,
}

impl Lease {
    /// Must be called before the claim is written, so that any delay of this process from then on counts.
    pub(super) fn begin(now: DateTime<Utc>) -> Self {
        Self {
            since: Instant::now(),
            until: now + LEASE,
        }
    }

    /// The end of the lease on the wall clock, as stored.
    pub(super) fn until(&self) -> DateTime<Utc> {
        self.until
    }

    /// The end of the lease on the monotonic clock.
    pub(super) fn end(&self) -> Instant {
        self.since + LEASE.to_std().unwrap_or_default()
    }

    /// Whether a call started now would finish before the lease ends. After that, a different worker may look
    /// for the demande, not find it, and create it.
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
        // A look-up may have used some of the time before the call.
        assert!(lease.allows_a_call(at(0)) && lease.allows_a_call(at(2)));
        assert!(!lease.allows_a_call(at(3)) && !lease.allows_a_call(at(600)));
        // The clock was set back, but time has passed all the same.
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
