//! Whether the database and the place of photos can be written: one look at a time, with a limit of
//! its own, so that whoever asks has an answer while they give none.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Mutex;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::domain::ports::{Files, FilesError, Store, StoreError};
use crate::domain::reason::Phrase;

/// How long what a look found is believed.
const PROBE_EVERY: Duration = Duration::from_secs(1);
/// How long a look may take. A write that takes longer is one that nobody should wait for, and what asks
/// `/readyz` mostly gives up after some seconds itself.
const LIMIT: Duration = Duration::from_secs(3);

/// Looks at the database and the place of photos, one look at a time and no more than one a second: it
/// writes, and nobody needs a token to ask for it.
#[derive(Debug, Default)]
pub struct Probe {
    database: Look<StoreError>,
    files: Look<FilesError>,
}

impl Probe {
    /// Whether the database can be written and read.
    ///
    /// # Errors
    /// Why not; [`Phrase::NoAnswer`] where it does not tell in time.
    pub(super) async fn database(&self, store: &Arc<dyn Store>) -> Result<(), StoreError> {
        let store = Arc::clone(store);
        let silent = || StoreError::Unavailable(Phrase::NoAnswer.to_string());
        self.database
            .look(LIMIT, async move { store.ping().await }, silent)
            .await
    }

    /// Whether photos can be written.
    ///
    /// # Errors
    /// Why not; [`Phrase::NoAnswer`] where the place does not tell in time.
    pub(super) async fn files(&self, files: &Arc<dyn Files>) -> Result<(), FilesError> {
        let files = Arc::clone(files);
        let silent = || FilesError(Phrase::NoAnswer.to_string());
        self.files
            .look(LIMIT, async move { files.ping().await }, silent)
            .await
    }
}

/// Looks at one thing.
#[derive(Debug)]
struct Look<E>(Mutex<Seen<E>>);

#[derive(Debug)]
struct Seen<E> {
    last: Option<(Instant, Result<(), E>)>,
    /// A look that has not ended: another would only wait behind it.
    under_way: Option<JoinHandle<Result<(), E>>>,
}

impl<E> Default for Look<E> {
    fn default() -> Self {
        Self(Mutex::new(Seen {
            last: None,
            under_way: None,
        }))
    }
}

impl<E: Clone + Send + 'static> Look<E> {
    async fn look(
        &self,
        limit: Duration,
        ping: impl Future<Output = Result<(), E>> + Send + 'static,
        silent: impl Fn() -> E,
    ) -> Result<(), E> {
        let mut seen = self.0.lock().await;
        if let Some((at, found)) = &seen.last
            && at.elapsed() < PROBE_EVERY
        {
            return found.clone();
        }
        // One that has ended meanwhile tells of then. It stays noted while it is waited for: whoever asked may
        // give up first, and the next is not to begin another.
        let before = seen.under_way.take().filter(|it| !it.is_finished());
        let ping = seen
            .under_way
            .insert(before.unwrap_or_else(|| tokio::spawn(ping)));
        let found = match timeout(limit, ping).await {
            Ok(ended) => {
                seen.under_way = None;
                // Where it panicked, which the log tells, it has not answered.
                ended.unwrap_or_else(|_| Err(silent()))
            }
            Err(_) => Err(silent()),
        };
        seen.last = Some((Instant::now(), found.clone()));
        found
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    /// A look that never ends, and counts that it was begun.
    fn hangs(
        asked: &Arc<AtomicU32>,
    ) -> impl Future<Output = Result<(), &'static str>> + Send + 'static {
        let asked = Arc::clone(asked);
        async move {
            asked.fetch_add(1, Ordering::Relaxed);
            pending().await
        }
    }

    #[tokio::test]
    async fn what_does_not_answer_is_told_in_time_and_asked_once() {
        let (look, asked) = (Look::<&str>::default(), Arc::new(AtomicU32::new(0)));
        for _ in 0..3 {
            let found = look.look(Duration::from_millis(5), hangs(&asked), || "silent");
            assert_eq!(found.await, Err("silent"));
            look.0.lock().await.last = None;
        }
        assert_eq!(asked.load(Ordering::Relaxed), 1);
    }

    #[tokio::test]
    async fn who_gives_up_waiting_leaves_one_look_under_way() {
        let (look, asked) = (Look::<&str>::default(), Arc::new(AtomicU32::new(0)));
        for _ in 0..3 {
            let found = look.look(LIMIT, hangs(&asked), || "silent");
            let gave_up = timeout(Duration::from_millis(5), found).await;
            assert!(gave_up.is_err());
        }
        assert_eq!(asked.load(Ordering::Relaxed), 1);
    }

    #[tokio::test]
    async fn what_was_found_is_believed_for_a_while() {
        let look = Look::<&str>::default();
        let full = look.look(LIMIT, ready(Err("full")), || "silent");
        assert_eq!(full.await, Err("full"));
        let believed = look.look(LIMIT, ready(Ok(())), || "silent");
        assert_eq!(believed.await, Err("full"));
        look.0.lock().await.last = None;
        let looked = look.look(LIMIT, ready(Ok(())), || "silent");
        assert_eq!(looked.await, Ok(()));
    }
}
