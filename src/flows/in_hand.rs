//! The leases this process holds. If the clock jumps forward, a lease looks expired although its work is still
//! running; this list prevents doing the work twice.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};

use crate::domain::ports::Moment;

/// The leases under which this process is working.
#[derive(Debug, Clone, Default)]
pub struct InHand(Arc<Mutex<Leases>>);

#[derive(Debug, Default)]
struct Leases {
    /// The number of the next lease.
    next: u64,
    /// The end of each lease, as stored.
    ends: BTreeMap<u64, DateTime<Utc>>,
}

/// Work under a lease, for as long as this value lives.
#[derive(Debug)]
pub(super) struct Holding {
    leases: InHand,
    number: u64,
}

impl InHand {
    /// Records that work begins under a lease that ends then.
    pub(super) fn hold(&self, ends: DateTime<Utc>) -> Holding {
        let mut leases = self.leases();
        let number = leases.next;
        leases.next += 1;
        leases.ends.insert(number, ends);
        Holding {
            leases: self.clone(),
            number,
        }
    }

    /// What may be claimed now: nothing that this process is working on, whatever its lease says.
    pub(super) fn moment(&self, now: DateTime<Utc>) -> Moment {
        let first = self.leases().ends.values().min().copied();
        let before_it = first.and_then(|it| it.checked_sub_signed(TimeDelta::milliseconds(1)));
        Moment {
            now,
            leases_over: before_it.map_or(now, |it| it.min(now)),
        }
    }

    fn leases(&self) -> MutexGuard<'_, Leases> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Holding {
    fn drop(&mut self) {
        self.leases.leases().ends.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_lease_is_over_while_its_work_goes_on_here() {
        let at = |second| DateTime::from_timestamp(second, 0).unwrap();
        let in_hand = InHand::default();
        assert_eq!(in_hand.moment(at(5)), at(5).into());
        let (early, late) = (in_hand.hold(at(10)), in_hand.hold(at(20)));
        // Until one of our leases has ended, everything that others left may be claimed.
        assert_eq!(in_hand.moment(at(5)), at(5).into());
        let set_forward = in_hand.moment(at(100));
        assert!(set_forward.now == at(100) && set_forward.leases_over < at(10));
        drop(early);
        let left = in_hand.moment(at(100)).leases_over;
        assert!(left >= at(10) && left < at(20), "{left}");
        drop(late);
        assert_eq!(in_hand.moment(at(100)), at(100).into());
    }
}
