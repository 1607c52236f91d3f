//! The database; the only place with SQL.
//!
//! `shared/` holds the SQL that both databases understand, written once and compiled for each backend; what is
//! specific to one is in its folder. Each has its own migrations under `migrations/`.

pub mod copy;
pub mod postgres;
mod rows;
mod schema;
pub mod sqlite;
