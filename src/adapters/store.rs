//! The daemon's memory; the only place that writes SQL.
//!
//! One folder a backend, each with its own migrations under `migrations/`.

mod rows;
pub mod sqlite;
