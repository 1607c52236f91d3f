//! The text of a script that the parser refuses: what was probably meant, and what to write instead.

pub(super) mod brackets;
pub(super) mod foreign;
pub(super) mod lost_opening;
pub(super) mod outline;
pub(super) mod slips;
pub(super) mod tokens;
