//! The words of the trade and the ports through which the flows reach the world.
//!
//! Nothing here performs I/O, reads a clock or knows a wire format: those belong to
//! [`crate::adapters`].

pub mod demande;
pub mod digest;
pub mod fault;
pub mod instant;
pub mod livraison;
pub mod ports;
pub mod reason;
pub mod referentiel;
pub mod signalement;
pub mod statut;
