//! The tags of a template's text, and what was probably meant by one that the parser refuses.

pub(super) mod idioms;
pub(super) mod names;
pub(super) mod remedies;
pub(super) mod strays;
pub(super) mod tags;
pub(super) mod tokens;
pub(super) mod unclosed;
