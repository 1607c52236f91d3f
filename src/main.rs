//! Parses the command line, runs the verb, and turns its outcome into an exit code.

use std::process::ExitCode;

use clap::Parser;
use passerelle::cli::Cli;

fn main() -> ExitCode {
    give_large_blocks_back();
    Cli::parse().run()
}

/// Makes the C library map each large block (a body with photos, an export being read) separately, so that its
/// memory is returned to the system when it is freed.
///
/// By default, glibc takes the first such block as a sign of many to come, and from then on keeps up to 32 MiB
/// of each arena: measured, an idle daemon with 100,000 biens used twice as much, and so did one under three
/// photos of 2 MB per request (docs/performance.md).
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[expect(
    unsafe_code,
    reason = "the library can be told by this call or by the environment of the process only"
)]
fn give_large_blocks_back() {
    const LARGE_BYTES: libc::c_int = 256 * 1024;
    // SAFETY: it takes two numbers and may be called at any time; no other thread is running yet.
    let taken = unsafe { libc::mallopt(libc::M_MMAP_THRESHOLD, LARGE_BYTES) };
    debug_assert_eq!(taken, 1, "glibc knows no such threshold");
}

/// Other C libraries do this by themselves.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
fn give_large_blocks_back() {}
