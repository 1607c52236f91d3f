//! What was found when a store of photos was last looked at. Anybody may ask for a look, without a token, and each one
//! writes: what it found is believed for a while.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::domain::ports::FilesError;

/// The last look at a store of photos.
#[derive(Debug)]
pub(super) struct LastLook {
    /// How long what it found is believed.
    believed: Duration,
    /// How many photos could not be stored; nobody waits for a look to say so.
    failures: AtomicU64,
    /// Held during a look: whoever asks meanwhile wants the same answer.
    found: Mutex<Option<Found>>,
}

#[derive(Debug)]
struct Found {
    at: Instant,
    /// How many photos had failed when the look began.
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

    /// What was found, or is found now where that is too long ago.
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

    /// A photo could not be stored: whoever asks next is not to hear what was true before.
    pub(super) fn forget(&self) {
        self.failures.fetch_add(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_look_is_believed_for_a_while_unless_a_photo_fails() {
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
