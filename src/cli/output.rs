//! The output of the verbs. If the output fails, because of a full disk or a closed pipe, a command is not
//! aborted halfway: it first does its work, and then reports that not all was written.
//!
//! In every verb, the macros replace those of the standard library, which would panic.

use std::fmt::Arguments;
use std::io::{self, ErrorKind, Write};
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, Utc};

use crate::domain::instant::to_the_second;

/// Why writing to stdout failed.
static FAILED: Mutex<Option<io::Error>> = Mutex::new(None);

macro_rules! print {
    ($($text:tt)*) => { $crate::cli::output::write(format_args!($($text)*)) };
}

macro_rules! println {
    () => { print!("\n") };
    ($($text:tt)*) => { print!("{}\n", format_args!($($text)*)) };
}

macro_rules! eprintln {
    ($($text:tt)*) => { $crate::cli::output::tell(format_args!($($text)*)) };
}

/// Writes to stdout, unless that has already failed.
pub(super) fn write(text: Arguments<'_>) {
    let mut failed = FAILED.lock().unwrap_or_else(PoisonError::into_inner);
    if failed.is_none() {
        *failed = io::stdout().write_fmt(text).err();
    }
}

/// Writes a line to stderr; if that fails, there is no one left to inform.
pub(super) fn tell(line: Arguments<'_>) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}

/// An instant, ISO 8601 to the second.
pub(super) fn time(at: DateTime<Utc>) -> String {
    to_the_second(at)
}

/// Whether all output was written. A reader that stops early is not an error.
pub(super) fn end() -> io::Result<()> {
    let mut failed = FAILED.lock().unwrap_or_else(PoisonError::into_inner);
    let written = failed.take().map_or_else(|| io::stdout().flush(), Err);
    written.or_else(|error| match error.kind() {
        ErrorKind::BrokenPipe => Ok(()),
        _ => Err(error),
    })
}
