//! Facts about templates that need no values: what they compare, write out, and name outright.

pub(super) mod compared;
pub(super) mod managers;
pub(super) mod parts;
pub(super) mod written;
