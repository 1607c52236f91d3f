//! Checks whether the database and the photo store can be written: one check at a time, with its own time limit, so
//! that callers get an answer even when the store gives none.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Mutex;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::domain::ports::{Files, FilesError, NO_ANSWER, Store, StoreError};

/// How long the result of a check is reused.
const PROBE_EVERY: Duration = Duration::from_secs(1);
/// How long a check may take. Nobody should wait for a write that takes longer, and most clients of `/readyz` give
/// up after a few seconds themselves.
const LIMIT: Duration = Duration::from_secs(3);

/// Checks the database and the photo store, one check at a time and at most one per second: a check writes, and
/// anyone may request it without a token.
#[derive(Debug, Default)]
pub struct Probe {
    database: Look<StoreError>,
    files: Look<FilesError>,
}

impl Probe {
    /// Whether the database can be written and read.
    ///
    /// # Errors
    /// Why not; [`NO_ANSWER`] if it does not answer in time.
    pub(super) async fn database(&self, store: &Arc<dyn Store>) -> Result<(), StoreError> {
        let store = Arc::clone(store);
        let silent = || StoreError::Unavailable(NO_ANSWER.into());
        self.database
            .look(LIMIT, async move { store.ping().await }, silent)
            .await
    }

    /// Whether photos can be written.
    ///
    /// # Errors
    /// Why not; [`NO_ANSWER`] if the store does not answer in time.
    pub(super) async fn files(&self, files: &Arc<dyn Files>) -> Result<(), FilesError> {
        let files = Arc::clone(files);
        let silent = || FilesError(NO_ANSWER.into());
        self.files
            .look(LIMIT, async move { files.ping().await }, silent)
            .await
    }
}

/// Checks one of them.
#[derive(Debug)]
struct Look<E>(Mutex<Seen<E>>);

#[derive(Debug)]
struct Seen<E> {
    last: Option<(Instant, Result<(), E>)>,
    /// A check that has not finished: a second one would only wait behind it.
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
        // The result of one that has finished since is out of date. The check stays recorded while it is awaited:
        // the caller may give up first, and the next one must not start another.
        let before = seen.under_way.take().filter(|it| !it.is_finished());
        let ping = seen
            .under_way
            .insert(before.unwrap_or_else(|| tokio::spawn(ping)));
        let found = match timeout(limit, ping).await {
            Ok(ended) => {
                seen.under_way = None;
                // If it panicked, which is logged, there is no answer.
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

    /// A check that never ends, and counts how often it was started.
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
    async fn a_check_without_an_answer_is_reported_in_time_and_started_once() {
        let (look, asked) = (Look::<&str>::default(), Arc::new(AtomicU32::new(0)));
        for _ in 0..3 {
            let found = look.look(Duration::from_millis(5), hangs(&asked), || "silent");
            assert_eq!(found.await, Err("silent"));
            look.0.lock().await.last = None;
        }
        assert_eq!(asked.load(Ordering::Relaxed), 1);
    }

    #[tokio::test]
    async fn a_caller_that_gives_up_leaves_one_check_running() {
        let (look, asked) = (Look::<&str>::default(), Arc::new(AtomicU32::new(0)));
        for _ in 0..3 {
            let found = look.look(LIMIT, hangs(&asked), || "silent");
            let gave_up = timeout(Duration::from_millis(5), found).await;
            assert!(gave_up.is_err());
        }
        assert_eq!(asked.load(Ordering::Relaxed), 1);
    }

    #[tokio::test]
    async fn a_result_is_reused_for_a_while() {
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
