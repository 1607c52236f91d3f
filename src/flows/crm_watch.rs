//! The state of the CRM, as shown by the last calls: whether it answers, and when to try it again.
//!
//! Kept in memory, by each process separately: after a restart, the first call finds out again. It only saves
//! calls; no guarantee depends on it.

mod readings;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::time::Instant;

use crate::domain::ports::CrmError;
use crate::flows::backoff::{span, wait};
use crate::settings::DeliverySettings;

pub use readings::{Ahead, Readings, Unread};

/// Name of the call that creates a demande.
const CREATE_OPERATION: &str = "create";

/// The state of the CRM, as far as calls have shown it.
#[derive(Debug, Default)]
pub struct CrmWatch {
    outage: Mutex<Option<Outage>>,
    /// An outage has ended, and nobody has yet woken what waited for that.
    mended: AtomicBool,
    /// The outage is no longer reported, although the CRM has not answered since.
    untold: AtomicBool,
    /// How its list of changes was last read; empty if it is not polled.
    pub readings: Readings,
}

/// A period in which the CRM's calls fail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outage {
    /// When the first call in a row failed.
    pub since: DateTime<Utc>,
    /// Number of consecutive failed calls.
    pub failures: u32,
    /// Until when work that can wait does not call it.
    pub until: DateTime<Utc>,
    /// Why, without personal data.
    pub reason: String,
    /// The operation that failed; creating, if that is among them.
    operation: &'static str,
    /// When the last call failed, on the monotonic clock.
    noted: Instant,
    /// The time from `noted` until [`Self::until`].
    rest: Duration,
}

impl Outage {
    /// How long ago the last call failed.
    pub(super) fn age(&self) -> Duration {
        self.noted.elapsed()
    }

    /// How much longer work that can wait does not call it.
    pub(super) fn left(&self) -> Duration {
        self.rest.saturating_sub(self.age())
    }
}

impl CrmWatch {
    /// The current outage, if any.
    #[must_use]
    pub fn outage(&self) -> Option<Outage> {
        self.state().clone()
    }

    /// Records how a call went.
    pub(super) fn note<T>(
        &self,
        operation: &'static str,
        outcome: &Result<T, CrmError>,
        policy: &DeliverySettings,
        now: DateTime<Utc>,
    ) {
        let label = match outcome {
            Ok(_) => "done",
            Err(CrmError::Refused { .. }) => "refused",
            Err(CrmError::Unavailable { .. } | CrmError::Unreadable(_)) => "unavailable",
            Err(CrmError::Unauthorized(_)) => "unauthorized",
            Err(CrmError::InDoubt(_) | CrmError::Unidentified(_)) => "in_doubt",
            Err(CrmError::Misconfigured(_)) => "misconfigured",
            Err(CrmError::Files(_)) => "files",
        };
        metrics::counter!(
            "passerelle_crm_calls_total", "operation" => operation, "outcome" => label
        )
        .increment(1);
        if let Err(CrmError::Unauthorized(reason)) = outcome {
            tracing::error!(%reason, "ALARM: the CRM refuses our credentials");
        }
        self.judge(operation, outcome, policy, now);
    }

    fn judge<T>(
        &self,
        operation: &'static str,
        outcome: &Result<T, CrmError>,
        policy: &DeliverySettings,
        now: DateTime<Utc>,
    ) {
        let (error, retry_at) = match outcome {
            // It answered, whatever it said.
            Ok(_) | Err(CrmError::Refused { .. }) => {
                return self.recovered(operation);
            }
            // Our own misconfiguration says nothing about the CRM.
            Err(CrmError::Misconfigured(_)) => return,
            // Neither do lost photos, and what earlier calls said no longer explains the failure.
            Err(CrmError::Files(_)) => {
                if self.state().take().is_some() {
                    self.untold.store(true, Ordering::Release);
                }
                return;
            }
            Err(error @ CrmError::Unavailable { retry_at, .. }) => (error, *retry_at),
            Err(
                error @ (CrmError::Unauthorized(_)
                | CrmError::InDoubt(_)
                | CrmError::Unidentified(_)
                | CrmError::Unreadable(_)),
            ) => (error, None),
        };
        let reason = error.to_string();
        let mut state = self.state();
        let before = state.take();
        let failures = before.as_ref().map_or(0, |it| it.failures) + 1;
        let ours = now + wait(policy, failures);
        let longest = now + span(policy.max_retry);
        let until = retry_at.map_or(ours, |theirs| theirs.min(longest).max(ours));
        let creating = before
            .as_ref()
            .is_some_and(|it| it.operation == CREATE_OPERATION);
        if before.is_none() {
            tracing::error!(reason, "calls to the CRM fail");
        }
        *state = Some(Outage {
            since: before.map_or(now, |it| it.since),
            failures,
            until,
            reason,
            operation: if creating {
                CREATE_OPERATION
            } else {
                operation
            },
            noted: Instant::now(),
            rest: (until - now).to_std().unwrap_or_default(),
        });
    }

    /// Wakes what waits if the operation that failed works again: a readable list does not show that creating
    /// works.
    fn recovered(&self, operation: &'static str) {
        let outage = self.state().take();
        let untold = self.untold.load(Ordering::Acquire);
        if outage.is_some() {
            tracing::info!("the CRM answers again");
        }
        let failed = outage.is_some_and(|it| it.operation == operation);
        if failed || operation == CREATE_OPERATION && untold {
            self.untold.store(false, Ordering::Release);
            self.mended.store(true, Ordering::Release);
        }
    }

    /// Waking what waits failed: try again.
    pub(super) fn still_mended(&self) {
        self.mended.store(true, Ordering::Release);
    }

    /// It is called differently from now on, so the results of past calls do not count.
    pub(super) fn forget(&self) {
        self.state().take();
        self.mended.store(true, Ordering::Release);
    }

    /// Whether work waiting for the CRM may be tried at once; `true` only once per recovery.
    pub(super) fn take_mended(&self) -> bool {
        self.mended.swap(false, Ordering::AcqRel)
    }

    fn state(&self) -> std::sync::MutexGuard<'_, Option<Outage>> {
        self.outage.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use crate::domain::ports::FilesError;
    use crate::domain::reason::{Phrase, Reason};

    use super::*;
    use chrono::TimeDelta;
    use std::time::Duration;

    const POLICY: DeliverySettings = DeliverySettings {
        first_retry: Duration::from_secs(1),
        max_retry: Duration::from_mins(1),
        give_up_after: Duration::from_hours(1),
        attempt: Duration::from_mins(1),
    };

    fn away(retry_at: Option<DateTime<Utc>>) -> Result<(), CrmError> {
        Err(CrmError::Unavailable {
            reason: Phrase::NoConnection.into(),
            retry_at,
        })
    }

    #[test]
    fn an_outage_begins_with_the_first_failure_and_ends_with_any_answer() {
        let (watch, begin) = (CrmWatch::default(), DateTime::UNIX_EPOCH);
        watch.note("create", &away(None), &POLICY, begin);
        watch.note(
            "create",
            &away(None),
            &POLICY,
            begin + TimeDelta::seconds(5),
        );
        let outage = watch.outage().unwrap();
        assert_eq!((outage.since, outage.failures), (begin, 2));
        assert!(outage.until > begin + TimeDelta::seconds(5));
        let broken: Result<(), _> = Err(CrmError::Misconfigured(Reason::told("no path")));
        watch.note("create", &broken, &POLICY, begin);
        assert!(watch.outage().is_some());
        let refused: Result<(), _> = Err(CrmError::Refused {
            status: 422,
            excerpt: String::new(),
        });
        watch.note("create", &refused, &POLICY, begin);
        assert_eq!(watch.outage(), None);
    }

    #[test]
    fn it_is_left_alone_for_as_long_as_it_asks_within_our_longest_wait() {
        let (watch, begin) = (CrmWatch::default(), DateTime::UNIX_EPOCH);
        let asked = begin + TimeDelta::seconds(40);
        watch.note("create", &away(Some(asked)), &POLICY, begin);
        assert_eq!(watch.outage().unwrap().until, asked);
        let a_day = begin + TimeDelta::days(1);
        watch.note("create", &away(Some(a_day)), &POLICY, begin);
        let longest = begin + TimeDelta::minutes(1);
        assert_eq!(watch.outage().unwrap().until, longest);
    }

    #[test]
    fn the_end_of_an_outage_wakes_what_waits_once() {
        let (watch, now) = (CrmWatch::default(), DateTime::UNIX_EPOCH);
        watch.note("create", &Ok(()), &POLICY, now);
        assert!(!watch.take_mended(), "it was never away");
        watch.note("create", &away(None), &POLICY, now);
        assert!(!watch.take_mended());
        watch.note("create", &Ok(()), &POLICY, now);
        assert!(watch.take_mended() && !watch.take_mended());
        watch.note("create", &away(None), &POLICY, now);
        watch.forget();
        assert!(watch.outage().is_none() && watch.take_mended());
    }

    #[test]
    fn a_list_that_is_read_wakes_nothing_that_could_not_be_created() {
        let (watch, now) = (CrmWatch::default(), DateTime::UNIX_EPOCH);
        watch.note("create", &away(None), &POLICY, now);
        watch.note("changes", &away(None), &POLICY, now);
        watch.note("changes", &Ok(()), &POLICY, now);
        assert!(watch.outage().is_none() && !watch.take_mended());
        watch.note("changes", &away(None), &POLICY, now);
        watch.note("changes", &Ok(()), &POLICY, now);
        assert!(watch.take_mended());
    }

    #[test]
    fn photos_that_are_lost_hide_no_end_of_an_outage() {
        let (watch, now) = (CrmWatch::default(), DateTime::UNIX_EPOCH);
        watch.note("create", &away(None), &POLICY, now);
        let lost: Result<(), _> = Err(CrmError::Files(FilesError("gone".into())));
        watch.note("create", &lost, &POLICY, now);
        assert!(watch.outage().is_none() && !watch.take_mended());
        watch.note("create", &Ok(()), &POLICY, now);
        assert!(watch.take_mended());
    }

    #[test]
    fn for_how_long_it_is_left_alone_is_no_matter_of_the_clock_on_the_wall() {
        let (watch, ahead) = (CrmWatch::default(), DateTime::UNIX_EPOCH);
        let asked = ahead + TimeDelta::hours(1);
        let patient = DeliverySettings {
            max_retry: Duration::from_hours(1),
            ..POLICY
        };
        watch.note("create", &away(Some(asked)), &patient, ahead);
        let outage = watch.outage().unwrap();
        let hour = Duration::from_hours(1);
        assert!(outage.left() <= hour && outage.left() > hour / 2);
        assert!(outage.age() < hour / 2);
    }
}
