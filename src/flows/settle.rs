//! Files that someone is saving: they count once they stand still.

use std::time::Duration;

use tokio::sync::mpsc;

/// Editors write several files, or one in several steps: quiet for this long ends a burst.
const QUIET: Duration = Duration::from_millis(100);
/// A burst that does not end is looked at all the same.
const LONGEST_BURST: Duration = Duration::from_secs(1);
/// How often the files may change while they are read before the attempt is put off.
const MAX_ROUNDS: u32 = 20;
/// When an attempt that could not be finished is made again.
const PUT_OFF: Duration = Duration::from_secs(2);

/// Makes an attempt after each burst of hints, until their sender is gone. One that gives `None`
/// must be made again, hint or no hint.
pub(super) async fn after_each_burst<F: Future<Output = Option<()>>>(
    mut hints: mpsc::Receiver<()>,
    attempt: impl Fn() -> F,
) {
    let mut put_off = false;
    loop {
        let hint = if put_off {
            tokio::select! {
                hint = hints.recv() => hint,
                () = tokio::time::sleep(PUT_OFF) => Some(()),
            }
        } else {
            hints.recv().await
        };
        if hint.is_none() {
            return;
        }
        settle(&mut hints).await;
        put_off = attempt().await.is_none();
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

/// What is seen once two looks in a row see the same; `None` where it never ceases to change.
///
/// # Errors
/// As soon as one look fails.
pub(super) async fn seen_twice<T, E, F: Future<Output = Result<T, E>>>(
    look: impl Fn() -> F,
    same: impl Fn(&T, &T) -> bool,
) -> Result<Option<T>, E> {
    let mut before = look().await?;
    for _ in 0..MAX_ROUNDS {
        tokio::time::sleep(QUIET / 4).await;
        let now = look().await?;
        if same(&before, &now) {
            return Ok(Some(now));
        }
        before = now;
    }
    Ok(None)
}
