//! What the last readings of the CRM's list of changes say: whether it can be read, and whether what it
//! lists can be believed.

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

/// The list is not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unread {
    /// When the first reading in a row failed.
    pub since: DateTime<Utc>,
    /// Why the last one did, without personal data.
    pub reason: String,
}

/// A change that the CRM dates in the future.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ahead {
    /// The demande.
    pub uid: String,
    /// When it changes, by the CRM.
    pub at: DateTime<Utc>,
}

impl Readings {
    /// Why the list is not read, where the last reading failed.
    #[must_use]
    pub fn unread(&self) -> Option<Unread> {
        self.state().unread.clone()
    }

    /// The changes of the last reading that the CRM dates in the future.
    #[must_use]
    pub fn ahead(&self) -> Vec<Ahead> {
        self.state().ahead.clone()
    }

    /// The list was read.
    pub(in crate::flows) fn done(&self) {
        self.state().unread = None;
    }

    /// It was not.
    pub(in crate::flows) fn failed(&self, reason: String, now: DateTime<Utc>) {
        let mut state = self.state();
        let since = state.unread.as_ref().map_or(now, |it| it.since);
        state.unread = Some(Unread { since, reason });
    }

    /// What a reading found of changes dated in the future.
    pub(in crate::flows) fn found(&self, ahead: Vec<Ahead>) {
        self.state().ahead = ahead;
    }

    /// Nobody reads the list any more.
    pub(in crate::flows) fn forget(&self) {
        *self.state() = State::default();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
