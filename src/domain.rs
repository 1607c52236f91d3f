//! The landlord's vocabulary, and the ports through which the flows reach the outside world.
//!
//! Nothing here performs I/O, reads a clock or knows a wire format: that is the work of [`crate::adapters`].

pub mod demande;
pub mod digest;
pub mod fault;
pub mod instant;
pub mod livraison;
pub mod motif;
pub mod ports;
pub mod reason;
pub mod referentiel;
pub mod signalement;
pub mod statut;
