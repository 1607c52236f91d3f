//! Facts about templates that need no values: what they compare, and what they name as literals.

pub(super) mod compared;
pub(super) mod conditions;
pub(super) mod connector_text;
pub(super) mod managers;
pub(super) mod parts;
pub(super) mod unasked;
pub(super) mod written;
