//! Starting, stopping, and the settings.

mod crash;
mod handover;
mod resume;
mod settings;
