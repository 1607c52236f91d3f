//! What the daemon does, in terms of the domain, the rules and the ports.
//!
//! [`inbound`] takes a signalement to the CRM, [`creation`] makes sure that a remote one has it once,
//! [`outbound`] takes a status towards SoWell, [`poll`] finds those that nobody tells us, [`delivery`]
//! empties the outbox, [`reload`] swaps the rules, [`settings`] the live settings, [`impact`] asks
//! the past what an edit would change, [`replica`] is one daemon among others, [`sweep`] removes photos
//! that nobody names, [`resend`] brings dead letters back. They reach the world through [`crate::domain::ports`] alone.

pub mod creation;
pub mod crm_watch;
pub mod delivery;
pub mod hint;
pub mod impact;
pub mod inbound;
pub mod managers;
pub mod outbound;
pub mod poll;
pub mod reload;
pub mod replica;
pub mod resend;
pub mod retention;
pub mod settings;
pub mod sweep;

mod acknowledge;
mod backoff;
mod breaker;
mod on_the_spot;
mod renewal;
mod settle;
