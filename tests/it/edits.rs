//! The landlord's files: what is accepted, what is reported, and when it takes effect.

mod diagnostics;
mod editors;
mod foresight;
mod generations;
mod reload;
pub mod schemas;
mod scripts;
mod shipped;
