//! Tasks that daemons sharing a database do in turn: purging, sweeping.

use chrono::Duration;
use strum::{EnumIter, IntoStaticStr};

/// What is kept only for a while, in the order of the settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumIter, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum Kept {
    /// The steps of decisions.
    Traces,
    /// What SoWell sent, once it is a demande. Other payloads are kept, since they may be decided again.
    Payloads,
    /// Deliveries, once delivered.
    Deliveries,
}

impl Kept {
    /// The word in the settings, the metrics and the logs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// How long removing a photo may take from the moment it is recorded, including clock differences: anything
/// received after that finds the removal finished.
pub const REMOVAL_WINDOW: Duration = Duration::minutes(2);

/// A task that only one of the daemons sharing a database does at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Work {
    /// Looking for photos that no signalement names.
    Sweep,
    /// Deleting what has passed its retention period.
    Purge,
}

/// The right to do a [`Work`], until it is dropped.
pub type Turn = Box<dyn Send>;
