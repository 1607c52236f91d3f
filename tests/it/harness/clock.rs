//! Clocks controlled by a test.

use std::sync::Mutex;

use chrono::{DateTime, TimeDelta, Utc};
use passerelle::adapters::clock::SystemClock;
use passerelle::domain::ports::Clock;

/// A clock that stands still until a test moves it.
pub struct MovedClock(Mutex<DateTime<Utc>>);

impl MovedClock {
    /// A clock that shows the current time.
    pub fn new() -> Self {
        Self::ahead(TimeDelta::zero())
    }

    /// A clock that is ahead of the current time.
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

/// The machine's clock plus an offset.
#[derive(Default)]
pub struct SetClock(Mutex<TimeDelta>);

impl SetClock {
    /// Sets it forward, or back.
    pub fn step(&self, by: TimeDelta) {
        *self.0.lock().unwrap() += by;
    }
}

impl Clock for SetClock {
    fn now(&self) -> DateTime<Utc> {
        SystemClock.now() + *self.0.lock().unwrap()
    }
}
