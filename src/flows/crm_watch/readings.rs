//! What the last readings of the CRM's list of changes showed: whether it can be read, and whether its dates
//! are plausible.

use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};

/// How the list was last read.
#[derive(Debug, Default)]
pub struct Readings(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    unread: Option<Unread>,
    ahead: Vec<Ahead>,
}

/// A list that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unread {
    /// When the first of the consecutive readings failed.
    pub since: DateTime<Utc>,
    /// Why the last one failed, without personal data.
    pub reason: String,
}

/// A change that the CRM dates in the future.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ahead {
    /// The UID of the demande.
    pub uid: String,
    /// The date of the change, by the CRM's clock.
    pub at: DateTime<Utc>,
}

impl Readings {
    /// Why the list cannot be read, if the last reading failed.
    #[must_use]
    pub fn unread(&self) -> Option<Unread> {
        self.state().unread.clone()
    }

    /// The changes in the last reading that the CRM dates in the future.
    #[must_use]
    pub fn ahead(&self) -> Vec<Ahead> {
        self.state().ahead.clone()
    }

    /// Records that the list was read.
    pub(in crate::flows) fn done(&self) {
        self.state().unread = None;
    }

    /// Records that the list could not be read.
    pub(in crate::flows) fn failed(&self, reason: String, now: DateTime<Utc>) {
        let mut state = self.state();
        let since = state.unread.as_ref().map_or(now, |it| it.since);
        state.unread = Some(Unread { since, reason });
    }

    /// Records the changes dated in the future that a reading found.
    pub(in crate::flows) fn found(&self, ahead: Vec<Ahead>) {
        self.state().ahead = ahead;
    }

    /// The list is no longer polled.
    pub(in crate::flows) fn forget(&self) {
        *self.state() = State::default();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
