//! What the whole-process benches share: a landlord, programs under measurement, load, a report.

#![allow(
    dead_code,
    reason = "each bench is a program of its own and uses a part of this"
)]
#![allow(clippy::cast_precision_loss, reason = "no bench counts as far as 2^53")]

pub mod crm;
pub mod daemon;
pub mod landlord;
pub mod options;
pub mod partner;
pub mod past;
pub mod payload;
pub mod postgres;
pub mod program;
pub mod report;
pub mod requests;

/// Waits for a time; what a bench measures has a clock of its own, so conditions cannot replace it.
pub fn wait(time: std::time::Duration) {
    #[expect(
        clippy::disallowed_methods,
        reason = "a bench measures time, and lets some pass"
    )]
    std::thread::sleep(time);
}
