//! Retries writing a result while the database is briefly unavailable. The worker still holds the claim;
//! dropping the result would repeat the work or lose it.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::domain::ports::StoreError;

/// The first wait before a retry; it doubles each time.
const FIRST: Duration = Duration::from_millis(100);
/// The longest wait before a retry.
const LONGEST: Duration = Duration::from_secs(5);

/// Writes, retrying temporary errors until `end`.
///
/// # Errors
/// The last error, if it could not be written by then; an error that is not temporary, at once.
pub(super) async fn until_written<T, W>(
    end: Instant,
    mut write: impl FnMut() -> W,
) -> Result<T, StoreError>
where
    W: Future<Output = Result<T, StoreError>>,
{
    let mut wait = FIRST;
    loop {
        let error = match write().await {
            Err(error) if may_pass(&error) => error,
            done => return done,
        };
        if Instant::now() + wait >= end {
            return Err(error);
        }
        sleep(wait).await;
        wait = LONGEST.min(wait * 2);
    }
}

/// Whether the same write may succeed later.
pub(super) fn may_pass(error: &StoreError) -> bool {
    matches!(error, StoreError::Unavailable(_) | StoreError::Busy(_))
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    /// Runs it with this many failing tries; returns the number of tries and the result.
    async fn tried(failures: u32, error: StoreError) -> (u32, Result<u32, StoreError>) {
        let tries = Cell::new(0);
        // Time for three waits, but not enough for a fourth and a fifth.
        let end = Instant::now() + FIRST * 15;
        let written = until_written(end, || {
            tries.set(tries.get() + 1);
            let failed = tries.get() <= failures;
            let outcome = if failed { Err(error.clone()) } else { Ok(7) };
            async move { outcome }
        });
        let written = written.await;
        (tries.get(), written)
    }

    #[tokio::test]
    async fn what_may_pass_is_tried_again_until_the_end() {
        let away = || StoreError::Unavailable("away".into());
        assert!(matches!(tried(0, away()).await, (1, Ok(7))));
        assert!(matches!(tried(3, away()).await, (4, Ok(7))));
        let busy = StoreError::Busy("a lock".into());
        assert!(matches!(tried(3, busy).await, (4, Ok(7))));
        let (tries, written) = tried(u32::MAX, away()).await;
        assert!(tries >= 2 && written.is_err(), "{tries}");
        let fault = StoreError::Fault("ours".into());
        assert!(matches!(tried(1, fault).await, (1, Err(_))));
    }
}
