//! The one idea: a decision is a pure function of the rules, the reference data and the input.
//!
//! The live flows, the admins' cases and every tool that asks "what would happen if" call these
//! functions; there is no second version of them. No clock, no I/O, no global.
//!
//! A file a question: [which codes are unknown](unknown_codes), [what becomes of a
//! signalement](signalement()), [what SoWell is told of a status](statut()), [which e-mails the
//! landlord wants](accuses()).

mod accuses;
mod codes;
mod gone;
mod signalement;
mod statut;

pub use accuses::{MailContext, Occasion, accuses, after, write_stored};
pub use codes::{Codes, unknown_codes};
pub use signalement::{Decision, Undecided, signalement};
pub use statut::{StatutDecision, deciding_comment, statut};

pub(super) use signalement::signalement_with;
pub(super) use statut::statut_with;
