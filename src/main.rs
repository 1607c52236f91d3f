//! Parses the command line, runs the verb, and turns its outcome into an exit code.

use std::process::ExitCode;

use clap::Parser;
use passerelle::cli::Cli;

fn main() -> ExitCode {
    give_large_blocks_back();
    Cli::parse().run()
}

/// Has the C library map each large block (a body with photos, an export that is read) on its own, so
/// that its memory is the system's again once it is freed.
///
/// Left alone, glibc takes the first such block as a sign that many follow, and keeps up to 32 MiB
/// of each arena from then on: measured, an idle daemon with 100,000 biens held twice as much, and
/// one under three photos of 2 MB a request as well (docs/performance.md).
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[expect(
    unsafe_code,
    reason = "the library can be told by this call or by the environment of the process only"
)]
fn give_large_blocks_back() {
    const LARGE_BYTES: libc::c_int = 256 * 1024;
    // SAFETY: it takes two numbers and may be called at any time; no other thread runs yet.
    let taken = unsafe { libc::mallopt(libc::M_MMAP_THRESHOLD, LARGE_BYTES) };
    debug_assert_eq!(taken, 1, "glibc knows no such threshold");
}

/// Other C libraries do so by themselves.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
fn give_large_blocks_back() {}
