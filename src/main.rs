//! Parses the command line, runs the verb, and turns its outcome into an exit code.

use std::process::ExitCode;

use clap::Parser;
use mimalloc::MiMalloc;
use passerelle::cli::Cli;

/// Frees what a reload or a crowd of photos took, soon, and costs less a request than the C library's:
/// `docs/performance.md`.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    Cli::parse().run()
}
