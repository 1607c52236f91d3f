//! Facts about a script, from its syntax tree: what its names refer to, what it reads and compares, and
//! what it names as literals.

pub(super) mod absent_fields;
pub(super) mod chain;
pub(super) mod closures;
pub(super) mod comparisons;
pub(super) mod functions;
pub(super) mod given;
pub(super) mod library;
pub(super) mod loops;
pub(super) mod message_keys;
pub(super) mod names;
mod origins;
pub(super) mod parts;
pub(super) mod passed;
pub(super) mod reads;
pub(super) mod switches;
mod table_keys;
pub(super) mod uses;
pub(super) mod written;
