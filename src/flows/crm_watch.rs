//! What the last calls say of the CRM: whether it answers, and when to try it again.
//!
//! Kept in memory, by each process for itself: a restart may try at once, and whoever calls finds
//! out anew. It only spares calls; no guarantee depends on it.

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

/// The call that creates a demande.
const CREATE_OPERATION: &str = "create";

/// The state of the CRM, as far as calls have shown it.
#[derive(Debug, Default)]
pub struct CrmWatch {
    outage: Mutex<Option<Outage>>,
    /// An outage ended, and nobody has woken what waited for that.
    mended: AtomicBool,
    /// An outage is told no more, though the CRM has not answered since.
    untold: AtomicBool,
    /// How its list of changes was last read; nothing where it is not polled.
    pub readings: Readings,
}

/// The CRM does not do what it is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outage {
    /// When the first call in a row failed.
    pub since: DateTime<Utc>,
    /// Calls in a row that failed.
    pub failures: u32,
    /// Until when what can wait leaves it alone.
    pub until: DateTime<Utc>,
    /// Why, without personal data.
    pub reason: String,
    /// What was asked of it; creating, where that is among what failed.
    operation: &'static str,
    /// When the last call failed, by the clock that nobody sets.
    noted: Instant,
    /// From then until [`Self::until`].
    rest: Duration,
}

impl Outage {
    /// How long ago the last call failed.
    pub(super) fn age(&self) -> Duration {
        self.noted.elapsed()
    }

    /// For how long what can wait still leaves it alone.
    pub(super) fn left(&self) -> Duration {
        self.rest.saturating_sub(self.age())
    }
}

impl CrmWatch {
    /// The outage that lasts, if any.
    #[must_use]
    pub fn outage(&self) -> Option<Outage> {
        self.state().clone()
    }

    /// Notes how a call went.
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
            Err(CrmError::InDoubt(_)) => "in_doubt",
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
            // It speaks to us, whatever it says.
            Ok(_) | Err(CrmError::Refused { .. }) => {
                return self.recovered(operation);
            }
            // That is ours to mend, and says nothing of the CRM.
            Err(CrmError::Misconfigured(_)) => return,
            // Nor does that, and what earlier calls said is no longer why it is not done.
            Err(CrmError::Files(_)) => {
                if self.state().take().is_some() {
                    self.untold.store(true, Ordering::Release);
                }
                return;
            }
            Err(error @ CrmError::Unavailable { retry_at, .. }) => (error, *retry_at),
            Err(
                error
                @ (CrmError::Unauthorized(_) | CrmError::InDoubt(_) | CrmError::Unreadable(_)),
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
            tracing::error!(reason, "the CRM does not do what it is asked");
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

    /// What waits is woken where what failed works again: a list that can be read says nothing of creating.
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

    /// What waits was not woken: it is to be tried again.
    pub(super) fn still_mended(&self) {
        self.mended.store(true, Ordering::Release);
    }

    /// It is called in another way from now on: what the calls so far say does not count.
    pub(super) fn forget(&self) {
        self.state().take();
        self.mended.store(true, Ordering::Release);
    }

    /// Whether what waits for the CRM may be tried at once; told once.
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
