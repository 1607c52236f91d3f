//! What was found when a store of photos was last looked at. Anybody may ask for a look, without a token, and each one
//! writes: what it found is believed for a while.

use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::domain::ports::FilesError;

/// The last look at a store of photos.
#[derive(Debug)]
pub(super) struct LastLook {
    /// How long what it found is believed.
    believed: Duration,
    /// Held during a look: whoever asks meanwhile wants the same answer.
    found: Mutex<Option<(Instant, Result<(), FilesError>)>>,
}

impl LastLook {
    pub(super) fn new(believed: Duration) -> Self {
        Self {
            believed,
            found: Mutex::default(),
        }
    }

    /// What was found, or is found now where that is too long ago.
    pub(super) async fn or(
        &self,
        look: impl Future<Output = Result<(), FilesError>>,
    ) -> Result<(), FilesError> {
        let mut last = self.found.lock().await;
        if let Some((at, found)) = &*last
            && at.elapsed() < self.believed
        {
            return found.clone();
        }
        let found = look.await;
        *last = Some((Instant::now(), found.clone()));
        found
    }

    /// A photo could not be stored: whoever asks next is not to hear what was true before.
    pub(super) async fn forget(&self) {
        *self.found.lock().await = None;
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
        look.forget().await;
        assert!(look.or(away()).await.is_err());
        let never = LastLook::new(Duration::ZERO);
        assert!(never.or(async { Ok(()) }).await.is_ok());
        assert!(never.or(away()).await.is_err());
    }
}
