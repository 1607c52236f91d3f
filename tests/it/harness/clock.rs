//! A clock that a test sets, as somebody sets that of a machine: it goes on from there.

use std::sync::Mutex;

use chrono::{DateTime, TimeDelta, Utc};
use passerelle::adapters::clock::SystemClock;
use passerelle::domain::ports::Clock;

/// The machine's clock, and how far it is ahead of it.
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
