//! Files that someone is saving: they count once they stand still.

use std::time::Duration;

use tokio::sync::mpsc;

/// Editors write several files, or one in several steps: quiet for this long ends a burst.
const QUIET: Duration = Duration::from_millis(100);
/// A burst that does not end is looked at all the same.
const LONGEST_BURST: Duration = Duration::from_secs(1);
/// So is a file that is still being written after this long.
const LONGEST_WRITE: Duration = Duration::from_secs(30);
/// How often the files may change while they are read before the attempt is put off.
const MAX_ROUNDS: u32 = 20;
/// When an attempt that could not be finished is made again.
const PUT_OFF: Duration = Duration::from_secs(2);

/// What is known of the files besides the hints.
pub(super) struct Files<U, W> {
    /// Whether the last attempt, whoever made it, must be made again.
    pub unfinished: U,
    /// Whether one of them is half written.
    pub being_written: W,
}

/// How an attempt went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Attempted {
    /// It came to its end, whether or not what it tried took effect.
    Settled,
    /// It must be made again, hint or no hint.
    TryAgain,
}

/// Makes an attempt after each burst of hints, until their sender is gone.
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

/// Waits until the hints stop, or a burst has gone on for long enough.
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

/// Waits until no file is half written: one that was cut may be a good one with rows missing.
async fn written(hints: &mut mpsc::Receiver<()>, being_written: impl Fn() -> bool) {
    let end = tokio::time::Instant::now() + LONGEST_WRITE;
    while being_written() && tokio::time::Instant::now() < end {
        tokio::time::sleep(QUIET / 4).await;
        settle(hints).await;
    }
}

/// What is seen once two looks in a row see the same; `None` where it never ceases to change.
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
