//! Shared by the whole-process benches: a landlord, programs to measure, load, a report.

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

/// Sleeps; a bench measures against its own clock, so awaiting a condition cannot replace it.
pub fn wait(time: std::time::Duration) {
    #[expect(
        clippy::disallowed_methods,
        reason = "a bench measures time, and lets some pass"
    )]
    std::thread::sleep(time);
}
