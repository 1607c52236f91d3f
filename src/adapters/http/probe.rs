//! Checks whether the database and the photo store can be written: one check at a time, with its own time limit, so
//! that callers get an answer even when the store gives none.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Mutex;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::domain::ports::{Files, FilesError, Store, StoreError};
use crate::domain::reason::Phrase;

/// How long the result of a check is reused, at least.
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
    /// Why not; [`Phrase::NoAnswer`] if it does not answer in time.
    pub(super) async fn database(&self, store: &Arc<dyn Store>) -> Result<(), StoreError> {
        let store = Arc::clone(store);
        let silent = || StoreError::Unavailable(Phrase::NoAnswer.to_string());
        self.database
            .look(LIMIT, async move { store.ping().await }, silent, |_| false)
            .await
    }

    /// Whether photos can be written.
    ///
    /// # Errors
    /// Why not; [`Phrase::NoAnswer`] if the store does not answer in time.
    pub(super) async fn files(&self, files: &Arc<dyn Files>) -> Result<(), FilesError> {
        let asked = Arc::clone(files);
        let ping = async move { asked.ping().await };
        let silent = || FilesError(Phrase::NoAnswer.to_string());
        let still_holds = |asked| files.still_holds(asked);
        self.files.look(LIMIT, ping, silent, still_holds).await
    }
}

/// Checks one of them.
#[derive(Debug)]
struct Look<E>(Mutex<Seen<E>>);

#[derive(Debug)]
struct Seen<E> {
    last: Option<Found<E>>,
    /// A check that has not finished, and when it was started: a second one would only wait behind it.
    under_way: Option<(Instant, JoinHandle<Result<(), E>>)>,
}

/// The result of a check.
#[derive(Debug)]
struct Found<E> {
    /// When the result was recorded.
    at: Instant,
    /// When the check was started; `None` if it gave no answer.
    asked: Option<Instant>,
    result: Result<(), E>,
}

impl<E> Found<E> {
    fn is_believed(&self, still_holds: impl Fn(Instant) -> bool) -> bool {
        self.at.elapsed() < PROBE_EVERY || self.asked.is_some_and(still_holds)
    }
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
        still_holds: impl Fn(Instant) -> bool,
    ) -> Result<(), E> {
        let mut seen = self.0.lock().await;
        if let Some(last) = &seen.last
            && last.is_believed(&still_holds)
        {
            return last.result.clone();
        }
        // The result of one that has finished since its caller stopped waiting is used if it still holds: a store
        // that always takes longer than the limit would never be ready otherwise. The check stays recorded while it
        // is awaited: the caller may give up first, and the next one must not start another.
        let before = seen.under_way.take();
        let before = before.filter(|(asked, ping)| !ping.is_finished() || still_holds(*asked));
        let begin = || (Instant::now(), tokio::spawn(ping));
        let (asked, ping) = seen.under_way.insert(before.unwrap_or_else(begin));
        let asked = *asked;
        let ended = timeout(limit, ping).await;
        if ended.is_ok() {
            seen.under_way = None;
        }
        // If it panicked, which is logged, there is no answer.
        let answer = ended.ok().and_then(Result::ok);
        let asked = answer.is_some().then_some(asked);
        let result = answer.unwrap_or_else(|| Err(silent()));
        seen.last = Some(Found {
            at: Instant::now(),
            asked,
            result: result.clone(),
        });
        result
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};
    use std::sync::atomic::{AtomicU32, Ordering};

    use tokio::sync::oneshot;

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

    /// A check whose result is reused for [`PROBE_EVERY`] only.
    async fn ask(
        look: &Look<&'static str>,
        limit: Duration,
        ping: impl Future<Output = Result<(), &'static str>> + Send + 'static,
    ) -> Result<(), &'static str> {
        look.look(limit, ping, || "silent", |_| false).await
    }

    /// Makes the last result older than [`PROBE_EVERY`].
    async fn let_it_age(look: &Look<&'static str>) {
        let last = &mut look.0.lock().await.last;
        last.as_mut().unwrap().at -= PROBE_EVERY;
    }

    #[tokio::test]
    async fn a_check_without_an_answer_is_reported_in_time_and_started_once() {
        let (look, asked) = (Look::<&str>::default(), Arc::new(AtomicU32::new(0)));
        for _ in 0..3 {
            let found = ask(&look, Duration::from_millis(5), hangs(&asked));
            assert_eq!(found.await, Err("silent"));
            let_it_age(&look).await;
        }
        assert_eq!(asked.load(Ordering::Relaxed), 1);
    }

    #[tokio::test]
    async fn a_caller_that_gives_up_leaves_one_check_running() {
        let (look, asked) = (Look::<&str>::default(), Arc::new(AtomicU32::new(0)));
        for _ in 0..3 {
            let found = ask(&look, LIMIT, hangs(&asked));
            let gave_up = timeout(Duration::from_millis(5), found).await;
            assert!(gave_up.is_err());
        }
        assert_eq!(asked.load(Ordering::Relaxed), 1);
    }

    #[tokio::test]
    async fn a_result_is_reused_for_a_while() {
        let look = Look::<&str>::default();
        assert_eq!(ask(&look, LIMIT, ready(Err("full"))).await, Err("full"));
        assert_eq!(ask(&look, LIMIT, ready(Ok(()))).await, Err("full"));
        let_it_age(&look).await;
        assert_eq!(ask(&look, LIMIT, ready(Ok(()))).await, Ok(()));
    }

    /// A check that outlives its caller's wait, and then ends with this result.
    async fn let_one_end_late(look: &Look<&'static str>, result: Result<(), &'static str>) {
        let (end, ended) = oneshot::channel();
        let ping = async move { ended.await.unwrap_or(Err("dropped")) };
        let silence = ask(look, Duration::from_millis(5), ping);
        assert_eq!(silence.await, Err("silent"));
        end.send(result).unwrap();
        let is_finished = async || {
            let under_way = &look.0.lock().await.under_way;
            under_way.as_ref().unwrap().1.is_finished()
        };
        while !is_finished().await {
            tokio::task::yield_now().await;
        }
        let_it_age(look).await;
    }

    #[tokio::test]
    async fn a_result_that_came_after_the_limit_is_used_while_it_holds() {
        for late in [Ok(()), Err("full")] {
            let look = Look::<&str>::default();
            let_one_end_late(&look, late).await;
            let asked = Arc::new(AtomicU32::new(0));
            for _ in 0..2 {
                let found = look.look(LIMIT, hangs(&asked), || "silent", |_| true);
                assert_eq!(found.await, late);
                let_it_age(&look).await;
            }
            assert_eq!(asked.load(Ordering::Relaxed), 0);
        }
    }

    #[tokio::test]
    async fn a_result_that_came_after_the_limit_and_holds_no_longer_is_not_used() {
        let look = Look::<&str>::default();
        let_one_end_late(&look, Err("full")).await;
        assert_eq!(ask(&look, LIMIT, ready(Ok(()))).await, Ok(()));
    }

    #[tokio::test]
    async fn a_result_that_still_holds_is_reused_unless_there_was_no_answer() {
        let look = Look::<&str>::default();
        let holds = |_| true;
        let silence = look.look(Duration::from_millis(5), pending(), || "silent", holds);
        assert_eq!(silence.await, Err("silent"));
        let_it_age(&look).await;
        look.0.lock().await.under_way = None;
        let full = look.look(LIMIT, ready(Err("full")), || "silent", holds);
        assert_eq!(full.await, Err("full"));
        let_it_age(&look).await;
        let held = look.look(LIMIT, ready(Ok(())), || "silent", holds);
        assert_eq!(held.await, Err("full"));
        assert_eq!(ask(&look, LIMIT, ready(Ok(()))).await, Ok(()));
    }
}
