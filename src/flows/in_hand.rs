//! What this process works under a lease on, told by the process itself: a clock that is set forward
//! makes a lease look over, and its work, taken up a second time, would be done twice.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};

use crate::domain::ports::Moment;

/// The leases under which work goes on here.
#[derive(Debug, Clone, Default)]
pub struct InHand(Arc<Mutex<Leases>>);

#[derive(Debug, Default)]
struct Leases {
    /// The number of the next one.
    next: u64,
    /// When each ends, as it is written.
    ends: BTreeMap<u64, DateTime<Utc>>,
}

/// Work under a lease, for as long as this is kept.
#[derive(Debug)]
pub(super) struct Holding {
    leases: InHand,
    number: u64,
}

impl InHand {
    /// Work begins under a lease that ends then.
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

    /// What may be claimed now: nothing that is in hand here, whatever its lease says.
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
        // As long as no lease has ended, all that others left is free.
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
