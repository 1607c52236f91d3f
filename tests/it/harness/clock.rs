//! Virtual time.

use std::sync::Mutex;

use chrono::{DateTime, TimeDelta, Utc};
use passerelle::domain::ports::Clock;

/// A clock that stands still until a test moves it.
pub struct MovedClock(Mutex<DateTime<Utc>>);

impl MovedClock {
    /// A clock that shows the time of day.
    pub fn new() -> Self {
        Self::ahead(TimeDelta::zero())
    }

    /// A clock that is ahead of the time of day.
    pub fn ahead(time: TimeDelta) -> Self {
        Self(Mutex::new(Utc::now() + time))
    }

    /// Moves it forward.
    pub fn pass(&self, time: TimeDelta) {
        *self.0.lock().unwrap() += time;
    }
}

impl Clock for MovedClock {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap()
    }
}
