//! Checks whether the database and the photo store can be written: one check at a time. What counts is how long the
//! check takes, not how long its caller waits, so that all callers get the same result, and get it even when the store
//! never answers.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Mutex;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::domain::ports::{Files, FilesError, PING_LIMIT, Store, StoreError};
use crate::domain::reason::Phrase;

/// How long the result of a check is reused, at least.
const PROBE_EVERY: Duration = Duration::from_secs(1);

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
    /// Why not; [`Phrase::NoAnswer`] if it does not answer within [`PING_LIMIT`].
    pub(super) async fn database(&self, store: &Arc<dyn Store>) -> Result<(), StoreError> {
        let store = Arc::clone(store);
        let silent = || StoreError::Unavailable(Phrase::NoAnswer.to_string());
        self.database
            .look(
                PING_LIMIT,
                async move { store.ping().await },
                silent,
                |_| false,
            )
            .await
    }

    /// Whether photos can be written.
    ///
    /// # Errors
    /// Why not; [`Phrase::NoAnswer`] if the store does not answer within [`PING_LIMIT`].
    pub(super) async fn files(&self, files: &Arc<dyn Files>) -> Result<(), FilesError> {
        let asked = Arc::clone(files);
        let ping = async move { asked.ping().await };
        let silent = || FilesError(Phrase::NoAnswer.to_string());
        let still_holds = |asked| files.still_holds(asked);
        self.files.look(PING_LIMIT, ping, silent, still_holds).await
    }
}

/// Checks one of them.
#[derive(Debug)]
struct Look<E>(Mutex<Seen<E>>);

#[derive(Debug)]
struct Seen<E> {
    last: Option<Found<E>>,
    /// A check whose result nobody has taken yet: a second one would only wait behind it.
    under_way: Option<UnderWay<E>>,
}

#[derive(Debug)]
struct UnderWay<E> {
    asked: Instant,
    /// Ends with `None` if the store answered after the limit.
    ping: JoinHandle<Option<Result<(), E>>>,
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

impl<E: Send + 'static> UnderWay<E> {
    fn begin(limit: Duration, ping: impl Future<Output = Result<(), E>> + Send + 'static) -> Self {
        let asked = Instant::now();
        let ping = async move {
            let result = ping.await;
            (asked.elapsed() < limit).then_some(result)
        };
        Self {
            asked,
            ping: tokio::spawn(ping),
        }
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
        // A check that its caller stopped waiting for is used if its result still holds. It stays recorded while it
        // is awaited: the caller may give up first, and the next one must not start another.
        let before = seen.under_way.take();
        let before = before.filter(|it| !it.ping.is_finished() || still_holds(it.asked));
        let check = before.unwrap_or_else(|| UnderWay::begin(limit, ping));
        let UnderWay { asked, ping } = seen.under_way.insert(check);
        let asked = *asked;
        let ended = timeout(limit.saturating_sub(asked.elapsed()), ping).await;
        if ended.is_ok() {
            seen.under_way = None;
        }
        // If it panicked, which is logged, there is no answer.
        let answer = ended.ok().and_then(Result::ok).flatten();
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
            let found = ask(&look, PING_LIMIT, hangs(&asked));
            let gave_up = timeout(Duration::from_millis(5), found).await;
            assert!(gave_up.is_err());
        }
        assert_eq!(asked.load(Ordering::Relaxed), 1);
    }

    #[tokio::test]
    async fn a_result_is_reused_for_a_while() {
        let look = Look::<&str>::default();
        assert_eq!(
            ask(&look, PING_LIMIT, ready(Err("full"))).await,
            Err("full")
        );
        assert_eq!(ask(&look, PING_LIMIT, ready(Ok(()))).await, Err("full"));
        let_it_age(&look).await;
        assert_eq!(ask(&look, PING_LIMIT, ready(Ok(()))).await, Ok(()));
    }

    /// A check that outlives its caller's wait, and then ends with this result.
    async fn let_one_end_later(
        look: &Look<&'static str>,
        limit: Duration,
        result: Result<(), &'static str>,
    ) {
        let (end, ended) = oneshot::channel();
        let ping = async move { ended.await.unwrap_or(Err("dropped")) };
        let found = timeout(Duration::from_millis(5), ask(look, limit, ping)).await;
        assert!(found.is_err() || found == Ok(Err("silent")), "{found:?}");
        end.send(result).unwrap();
        let is_finished = async || {
            let under_way = &look.0.lock().await.under_way;
            under_way.as_ref().unwrap().ping.is_finished()
        };
        while !is_finished().await {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn a_result_whose_caller_gave_up_is_used_while_it_holds() {
        for later in [Ok(()), Err("full")] {
            let look = Look::<&str>::default();
            let_one_end_later(&look, PING_LIMIT, later).await;
            let asked = Arc::new(AtomicU32::new(0));
            for _ in 0..2 {
                let found = look.look(PING_LIMIT, hangs(&asked), || "silent", |_| true);
                assert_eq!(found.await, later);
                let_it_age(&look).await;
            }
            assert_eq!(asked.load(Ordering::Relaxed), 0);
        }
    }

    #[tokio::test]
    async fn a_result_whose_caller_gave_up_and_that_holds_no_longer_is_not_used() {
        let look = Look::<&str>::default();
        let_one_end_later(&look, PING_LIMIT, Err("full")).await;
        assert_eq!(ask(&look, PING_LIMIT, ready(Ok(()))).await, Ok(()));
    }

    /// Otherwise a store that is always too slow would be ready or not, depending on how often it is asked.
    #[tokio::test]
    async fn a_result_that_came_after_the_limit_counts_as_none() {
        for late in [Ok(()), Err("full")] {
            let look = Look::<&str>::default();
            let limit = Duration::from_millis(1);
            let_one_end_later(&look, limit, late).await;
            if let Some(last) = &mut look.0.lock().await.last {
                last.at -= PROBE_EVERY;
            }
            let found = look.look(limit, ready(Ok(())), || "silent", |_| true);
            assert_eq!(found.await, Err("silent"));
            let_it_age(&look).await;
            assert_eq!(ask(&look, PING_LIMIT, ready(Ok(()))).await, Ok(()));
        }
    }

    #[tokio::test]
    async fn a_check_that_is_past_the_limit_is_not_waited_for() {
        let (look, asked) = (Look::<&str>::default(), Arc::new(AtomicU32::new(0)));
        let given_up = timeout(
            Duration::from_millis(5),
            ask(&look, PING_LIMIT, hangs(&asked)),
        );
        assert!(given_up.await.is_err());
        if let Some(under_way) = &mut look.0.lock().await.under_way {
            under_way.asked -= PING_LIMIT;
        }
        let found = timeout(PING_LIMIT / 2, ask(&look, PING_LIMIT, hangs(&asked)));
        assert_eq!(found.await, Ok(Err("silent")));
        assert_eq!(asked.load(Ordering::Relaxed), 1);
    }

    #[tokio::test]
    async fn a_result_that_still_holds_is_reused_unless_there_was_no_answer() {
        let look = Look::<&str>::default();
        let holds = |_| true;
        let silence = look.look(Duration::from_millis(5), pending(), || "silent", holds);
        assert_eq!(silence.await, Err("silent"));
        let_it_age(&look).await;
        look.0.lock().await.under_way = None;
        let full = look.look(PING_LIMIT, ready(Err("full")), || "silent", holds);
        assert_eq!(full.await, Err("full"));
        let_it_age(&look).await;
        let held = look.look(PING_LIMIT, ready(Ok(())), || "silent", holds);
        assert_eq!(held.await, Err("full"));
        assert_eq!(ask(&look, PING_LIMIT, ready(Ok(()))).await, Ok(()));
    }
}
