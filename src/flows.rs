//! What the daemon does, in terms of the domain, the rules and the ports.
//!
//! [`inbound`] takes a signalement to the CRM, [`creation`] creates it in a remote CRM exactly once,
//! [`managers`] asks the CRM for managers that only it knows, [`outbound`] takes a status towards SoWell,
//! [`poll`] finds the status changes that the CRM does not send, [`delivery`] empties the outbox and requeues
//! dead letters, [`crm_watch`] tells whether the CRM answers, [`rules`] gives access to the rules and [`reload`]
//! swaps them, [`settings`] does the same for the live settings, [`resume`] makes due what waited for either of
//! them to change, [`impact`] replays the past to show what an edit would change, [`replica`] announces this
//! daemon to the others, [`in_hand`] tracks the leases that this process holds, [`set_back`] handles a clock that
//! is set back, [`retention`] deletes what has passed its retention period, [`sweep`] removes photos that no
//! signalement names, [`trial`] shows what the rules would do, [`hint`] wakes the workers of all of these.
//! They reach the outside world only through [`crate::domain::ports`].

pub mod creation;
pub mod crm_watch;
pub mod delivery;
pub mod hint;
pub mod impact;
pub mod in_hand;
pub mod inbound;
pub mod managers;
pub mod outbound;
pub mod poll;
pub mod reload;
pub mod replica;
pub mod retention;
pub mod rules;
pub mod set_back;
pub mod settings;
pub mod sweep;
pub mod trial;

mod acknowledge;
mod backoff;
mod debounce;
mod lasting;
mod offload;
mod panics;
pub mod resume;
pub(crate) mod time_limit;
mod unwritten;
