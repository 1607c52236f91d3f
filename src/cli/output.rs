//! What the verbs print. An output that takes no more, a full disk or a reader that has gone, does not abort a
//! command halfway: what was to be done is done first, and whoever asked for it is then told that it was not all written.
//!
//! The macros stand in for those of the standard library, which panic there, in every verb.

use std::fmt::Arguments;
use std::io::{self, ErrorKind, Write};
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, Utc};

use crate::domain::instant::to_the_second;

/// Why the output took no more.
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

/// Writes to stdout, as long as that takes anything.
pub(super) fn write(text: Arguments<'_>) {
    let mut failed = FAILED.lock().unwrap_or_else(PoisonError::into_inner);
    if failed.is_none() {
        *failed = io::stdout().write_fmt(text).err();
    }
}

/// Writes a line to stderr; where that fails, there is nobody left to tell.
pub(super) fn tell(line: Arguments<'_>) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}

/// An instant, ISO 8601 to the second.
pub(super) fn time(at: DateTime<Utc>) -> String {
    to_the_second(at)
}

/// What comes from outside must not steer the terminal. Lines stay lines.
pub(super) fn printable(text: Option<&str>) -> String {
    let steers = |sign: char| sign.is_control() && sign != '\n';
    text.unwrap_or_default().replace(steers, "\u{fffd}")
}

/// Whether all of it was written. A reader that has seen enough is no fault.
pub(super) fn end() -> io::Result<()> {
    let mut failed = FAILED.lock().unwrap_or_else(PoisonError::into_inner);
    let written = failed.take().map_or_else(|| io::stdout().flush(), Err);
    written.or_else(|error| match error.kind() {
        ErrorKind::BrokenPipe => Ok(()),
        _ => Err(error),
    })
}
