//! Parses the command line, runs the verb, and turns its outcome into an exit code.

use std::process::ExitCode;

use clap::Parser;
use passerelle::cli::Cli;

fn main() -> ExitCode {
    Cli::parse().run()
}
