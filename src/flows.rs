//! What the daemon does, in terms of the domain, the rules and the ports.
//!
//! [`inbound`] takes a signalement to the CRM, [`creation`] makes sure that a remote one has it once,
//! [`managers`] asks it whom only the CRM knows, [`outbound`] takes a status towards SoWell, [`poll`]
//! finds those that nobody tells us, [`delivery`] empties the outbox, [`resend`] brings dead letters
//! back, [`rules`] is where all of them find the rules and [`reload`] swaps these, [`settings`] the
//! live settings, [`impact`] asks the past what an edit would change, [`replica`] is one daemon among
//! others, [`in_hand`] what it is at work on itself, [`set_back`] sees to it that no set clock makes anything wait,
//! [`retention`] forgets what was kept long enough, [`sweep`] removes photos that nobody names.
//! They reach the world through [`crate::domain::ports`] alone.

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
pub mod resend;
pub mod retention;
pub mod rules;
pub mod set_back;
pub mod settings;
pub mod sweep;

mod acknowledge;
mod backoff;
mod breaker;
mod debounce;
mod lasting;
mod offload;
mod panics;
pub mod resume;
pub(crate) mod time_limit;
mod unwritten;
