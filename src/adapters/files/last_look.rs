//! The result of the last check of a photo store. Anyone may request a check, without a token, and each one writes,
//! so its result is reused for a while.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::domain::ports::FilesError;

/// The last check of a photo store.
#[derive(Debug)]
pub(super) struct LastLook {
    /// How long a result is reused.
    believed: Duration,
    /// How many photos could not be stored. A counter, so that nobody has to wait for a check to record a failure.
    failures: AtomicU64,
    /// Locked during a check: anyone who asks meanwhile wants the same answer.
    found: Mutex<Option<Found>>,
}

#[derive(Debug)]
struct Found {
    at: Instant,
    /// How many photos had failed when the check began.
    failures: u64,
    result: Result<(), FilesError>,
}

impl LastLook {
    pub(super) fn new(believed: Duration) -> Self {
        Self {
            believed,
            failures: AtomicU64::new(0),
            found: Mutex::default(),
        }
    }

    /// The last result, or a new one if that is too old.
    pub(super) async fn or(
        &self,
        look: impl Future<Output = Result<(), FilesError>>,
    ) -> Result<(), FilesError> {
        let mut last = self.found.lock().await;
        let failures = self.failures.load(Ordering::Relaxed);
        if let Some(last) = &*last
            && last.failures == failures
            && last.at.elapsed() < self.believed
        {
            return last.result.clone();
        }
        let result = look.await;
        *last = Some(Found {
            at: Instant::now(),
            failures,
            result: result.clone(),
        });
        result
    }

    /// Records that a photo could not be stored, so that the previous result is not reused.
    pub(super) fn forget(&self) {
        self.failures.fetch_add(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_result_is_reused_for_a_while_unless_a_photo_fails() {
        let look = LastLook::new(Duration::from_hours(1));
        assert!(look.or(async { Ok(()) }).await.is_ok());
        let away = || async { Err(FilesError("away".into())) };
        assert!(look.or(away()).await.is_ok());
        look.forget();
        assert!(look.or(away()).await.is_err());
        let never = LastLook::new(Duration::ZERO);
        assert!(never.or(async { Ok(()) }).await.is_ok());
        assert!(never.or(away()).await.is_err());
    }
}
