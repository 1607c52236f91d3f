//! Debounces file changes: files are read once they have stopped changing.

use std::time::Duration;

use tokio::sync::mpsc;

/// Editors write several files, or one file in several steps: this much quiet ends a burst.
const QUIET: Duration = Duration::from_millis(100);
/// A burst longer than this is processed anyway.
const LONGEST_BURST: Duration = Duration::from_secs(1);
/// So is a file that is still being written after this long.
const LONGEST_WRITE: Duration = Duration::from_secs(30);
/// How often the files may change while being read before the attempt is postponed.
const MAX_ROUNDS: u32 = 20;
/// Delay before an unfinished attempt is repeated.
const PUT_OFF: Duration = Duration::from_secs(2);

/// What is known about the files besides the hints.
pub(super) struct Files<U, W> {
    /// Whether the last attempt, whoever made it, must be repeated.
    pub unfinished: U,
    /// Whether a file is half written.
    pub being_written: W,
}

/// The outcome of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Attempted {
    /// Finished, whether or not the change took effect.
    Settled,
    /// Must be repeated, with or without a hint.
    TryAgain,
}

/// Makes an attempt after each burst of hints, until their sender is dropped.
pub(super) async fn after_each_burst<F: Future<Output = Attempted>>(
    mut hints: mpsc::Receiver<()>,
    files: Files<impl Fn() -> bool, impl Fn() -> bool>,
    attempt: impl Fn() -> F,
) {
    let mut put_off = false;
    loop {
        match tokio::time::timeout(PUT_OFF, hints.recv()).await {
            Ok(Some(())) => settle(&mut hints).await,
            Ok(None) => return,
            Err(_) if put_off || (files.unfinished)() => {}
            Err(_) => continue,
        }
        written(&mut hints, &files.being_written).await;
        put_off = attempt().await == Attempted::TryAgain;
    }
}

/// Waits until the hints stop, or the burst has lasted too long.
async fn settle(hints: &mut mpsc::Receiver<()>) {
    let end = tokio::time::Instant::now() + LONGEST_BURST;
    loop {
        let quiet = tokio::time::Instant::now() + QUIET;
        match tokio::time::timeout_at(quiet.min(end), hints.recv()).await {
            Ok(Some(())) => {}
            Ok(None) | Err(_) => return,
        }
    }
}

/// Waits until no file is half written: a truncated file may look valid with rows missing.
async fn written(hints: &mut mpsc::Receiver<()>, being_written: impl Fn() -> bool) {
    let end = tokio::time::Instant::now() + LONGEST_WRITE;
    while being_written() && tokio::time::Instant::now() < end {
        tokio::time::sleep(QUIET / 4).await;
        settle(hints).await;
    }
}

/// Returns the value once two consecutive looks agree; `None` if it never stops changing.
pub(super) async fn seen_twice<T, F: Future<Output = T>>(
    look: impl Fn() -> F,
    same: impl Fn(&T, &T) -> bool,
) -> Option<T> {
    let mut before = look().await;
    for _ in 0..MAX_ROUNDS {
        tokio::time::sleep(QUIET / 4).await;
        let now = look().await;
        if same(&before, &now) {
            return Some(now);
        }
        before = now;
    }
    None
}
