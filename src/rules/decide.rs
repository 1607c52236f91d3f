//! A decision is a pure function of the rules, the reference data and the input.
//!
//! The live flows, the admins' cases and every what-if tool call these functions; there is no second version of them.
//! No clock, no I/O, no globals.
//!
//! One file per question: [which codes are unknown](unknown_codes), [what happens to a signalement](signalement()),
//! [which status SoWell receives](statut()), [which e-mails the landlord wants](accuses()).

mod accuses;
mod codes;
mod gone;
mod signalement;
mod statut;

pub use accuses::{MailContext, Occasion, accuses, after, write_stored};
pub use codes::{Codes, unknown_codes};
pub use signalement::{Decision, Undecided, signalement};
pub use statut::{StatutDecision, channel, deciding_comment, lacking_field, statut};

pub(super) use signalement::signalement_with;
pub(super) use statut::statut_with;
