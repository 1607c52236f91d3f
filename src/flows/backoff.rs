//! How long to wait before retrying something that failed.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use rand::RngExt;

use crate::settings::DeliverySettings;

/// How often waiting work is checked, with or without a hint.
pub(super) const POLL: Duration = Duration::from_secs(1);

/// A hundred years: in effect never, yet within the range of a date.
const LONGEST: TimeDelta = TimeDelta::days(36_525);

/// The wait after `failures` consecutive failures: exponential, with random jitter between half and all of it,
/// so that deliveries that failed together are not retried together.
pub(super) fn wait(policy: &DeliverySettings, failures: u32) -> TimeDelta {
    let doubled = policy
        .first_retry
        .saturating_mul(2_u32.saturating_pow(failures.saturating_sub(1)));
    let whole = span(doubled.min(policy.max_retry)).to_std();
    let wait = whole
        .unwrap_or_default()
        .mul_f64(rand::rng().random_range(0.5..=1.0));
    span(wait)
}

/// Converts a duration so that it can be added to any date we use: capped at [`LONGEST`].
pub(super) fn span(duration: Duration) -> TimeDelta {
    TimeDelta::from_std(duration).map_or(LONGEST, |it| it.min(LONGEST))
}

/// The time until `then`, within the bounds of a worker's sleep.
pub(super) fn until(then: DateTime<Utc>, now: DateTime<Utc>) -> Duration {
    // Never zero: a due delivery that cannot be claimed yet must not make the worker spin.
    let wait = (then - now).to_std().unwrap_or_default();
    wait.clamp(Duration::from_millis(5), POLL)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_of_settings_leads_to_no_date_that_cannot_be() {
        let policy = DeliverySettings {
            attempt: Duration::MAX,
            first_retry: Duration::MAX,
            max_retry: Duration::MAX,
            give_up_after: Duration::MAX,
        };
        let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        for delta in [wait(&policy, 9), span(policy.give_up_after)] {
            assert!(now.checked_add_signed(delta).is_some(), "{delta}");
        }
        assert_eq!(span(Duration::from_secs(90)), TimeDelta::seconds(90));
    }

    #[test]
    fn the_wait_grows_and_stays_within_its_bounds() {
        let policy = DeliverySettings {
            attempt: Duration::from_mins(1),
            first_retry: Duration::from_secs(1),
            max_retry: Duration::from_mins(1),
            give_up_after: Duration::from_hours(1),
        };
        for (failures, whole) in [
            (1, 1_000),
            (2, 2_000),
            (4, 8_000),
            (20, 60_000),
            (u32::MAX, 60_000),
        ] {
            for _ in 0..100 {
                let wait = wait(&policy, failures).num_milliseconds();
                assert!(wait >= whole / 2 && wait <= whole, "{failures}: {wait}");
            }
        }
    }
}
