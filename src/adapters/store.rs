//! The daemon's memory; the only place that writes SQL.
//!
//! `shared/` holds the SQL that both databases understand, written once and compiled once for each
//! backend; what a database has of its own stands in its folder. Each has its own migrations under
//! `migrations/`.

pub mod copy;
pub mod postgres;
mod rows;
mod schema;
pub mod sqlite;
