//! What daemons with one memory do in turn: forgetting, sweeping, being seen.

use chrono::{DateTime, Duration, Utc};
use strum::{EnumIter, IntoStaticStr};

/// What is kept for a while only, in the order of the settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumIter, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum Kept {
    /// The steps of decisions.
    Traces,
    /// What SoWell sent, once it is a demande. Whatever else was kept may be decided anew.
    Payloads,
    /// Deliveries, once they were delivered.
    Deliveries,
}

impl Kept {
    /// The word in the settings, the metrics and the logs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// How long the removal of a photo may take from the moment it is noted, differences of clocks
/// included: what is received later finds it over.
pub const REMOVAL_WINDOW: Duration = Duration::minutes(2);

/// A work that daemons with one memory leave to one of them at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Work {
    /// Looking for photos that nobody names.
    Sweep,
    /// Forgetting what is no longer kept.
    Purge,
}

/// The right to do a [`Work`], until it is dropped.
pub type Turn = Box<dyn Send>;

/// A daemon that shares its memory with others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replica {
    /// The machine and the process.
    pub id: String,
    /// The version of the rules that it has in force.
    pub version: String,
    /// When it last said so.
    pub seen_at: DateTime<Utc>,
}
