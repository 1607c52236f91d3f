//! The machine's clock.

use chrono::{DateTime, Utc};

use crate::domain::ports::Clock;

/// The machine's clock, truncated to the milliseconds that the database keeps.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> DateTime<Utc> {
        let now = Utc::now();
        DateTime::from_timestamp_millis(now.timestamp_millis()).unwrap_or(now)
    }
}
