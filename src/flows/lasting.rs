//! A failure that may last: logged when it starts and when it ends, not at each occurrence.

use std::fmt::Display;

/// An operation that is tried again and again.
#[derive(Debug)]
pub(super) struct Lasting {
    /// The log message while it fails.
    failing: String,
    /// Why it fails, if it does; a different reason is logged too.
    reason: Option<String>,
}

impl Lasting {
    /// An operation that succeeded so far; `failing` is the log message when it fails.
    pub(super) fn new(failing: impl Into<String>) -> Self {
        Self {
            failing: failing.into(),
            reason: None,
        }
    }

    /// Records the result of the last try, and returns its value.
    pub(super) fn note<T, E: Display>(&mut self, tried: Result<T, E>) -> Option<T> {
        let reason = tried.as_ref().err().map(ToString::to_string);
        match &reason {
            Some(error) if reason != self.reason => {
                tracing::error!(error, "{}; retrying until it succeeds", self.failing);
            }
            None if self.reason.is_some() => tracing::info!("{}: no longer", self.failing),
            _ => {}
        }
        self.reason = reason;
        tried.ok()
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Told(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Told {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn what_fails_for_long_is_told_when_it_begins_and_when_it_ends() {
        let told = Told::default();
        let to = told.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_ansi(false)
            .with_writer(move || to.clone())
            .finish();
        tracing::subscriber::with_default(subscriber, || {
            let mut read = Lasting::new("unread");
            for tried in [
                Ok(1),
                Err("away"),
                Err("away"),
                Err("full"),
                Ok(2),
                Ok(3),
                Err("away"),
            ] {
                assert_eq!(read.note(tried), tried.ok());
            }
        });
        let told = String::from_utf8(told.0.lock().unwrap().clone()).unwrap();
        let levels: Vec<&str> = told
            .lines()
            .filter_map(|it| it.split_whitespace().nth(1))
            .collect();
        assert_eq!(levels, ["ERROR", "ERROR", "INFO", "ERROR"], "{told}");
    }
}
