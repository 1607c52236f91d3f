//! The outside world: each module implements one port of [`crate::domain::ports`], or calls the flows.
//!
//! Wire and row formats live here and nowhere else.

pub mod clock;
pub mod crm;
pub mod edited;
pub mod explanation;
pub mod files;
pub mod french;
pub mod http;
pub(crate) mod json;
pub mod mail;
pub mod partner;
pub mod shipped;
pub mod sowell;
pub mod store;
pub mod submission;
pub mod synced;
pub mod telemetry;
pub mod watch;
