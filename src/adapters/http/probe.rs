//! Whether the database and the place of photos can be written: one look at a time, with a limit of
//! its own, so that whoever asks has an answer while they give none.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Mutex;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::domain::ports::{Files, FilesError, Store, StoreError};
use crate::domain::reason::Phrase;

/// How long what a look found is believed at least.
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
            .look(LIMIT, async move { store.ping().await }, silent, |_| false)
            .await
    }

    /// Whether photos can be written.
    ///
    /// # Errors
    /// Why not; [`Phrase::NoAnswer`] where the place does not tell in time.
    pub(super) async fn files(&self, files: &Arc<dyn Files>) -> Result<(), FilesError> {
        let asked = Arc::clone(files);
        let ping = async move { asked.ping().await };
        let silent = || FilesError(Phrase::NoAnswer.to_string());
        let still_holds = |asked| files.still_holds(asked);
        self.files.look(LIMIT, ping, silent, still_holds).await
    }
}

/// Looks at one thing.
#[derive(Debug)]
struct Look<E>(Mutex<Seen<E>>);

#[derive(Debug)]
struct Seen<E> {
    last: Option<Found<E>>,
    /// A look that has not ended, and when it was begun: another would only wait behind it.
    under_way: Option<(Instant, JoinHandle<Result<(), E>>)>,
}

/// What came of a look.
#[derive(Debug)]
struct Found<E> {
    at: Instant,
    /// When it was begun, where it was answered.
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
            && last.is_believed(still_holds)
        {
            return last.result.clone();
        }
        // One that has ended meanwhile tells of then. It stays noted while it is waited for: whoever asked may
        // give up first, and the next is not to begin another.
        let before = seen.under_way.take();
        let before = before.filter(|(_, ping)| !ping.is_finished());
        let begin = || (Instant::now(), tokio::spawn(ping));
        let (asked, ping) = seen.under_way.insert(before.unwrap_or_else(begin));
        let asked = *asked;
        let ended = timeout(limit, ping).await;
        if ended.is_ok() {
            seen.under_way = None;
        }
        // Where it panicked, which the log tells, it has not answered.
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

    /// A look at what is to be asked each time.
    async fn ask(
        look: &Look<&'static str>,
        limit: Duration,
        ping: impl Future<Output = Result<(), &'static str>> + Send + 'static,
    ) -> Result<(), &'static str> {
        look.look(limit, ping, || "silent", |_| false).await
    }

    /// What the last look found is older than what is believed without asking.
    async fn let_it_age(look: &Look<&'static str>) {
        let last = &mut look.0.lock().await.last;
        last.as_mut().unwrap().at -= PROBE_EVERY;
    }

    #[tokio::test]
    async fn what_does_not_answer_is_told_in_time_and_asked_once() {
        let (look, asked) = (Look::<&str>::default(), Arc::new(AtomicU32::new(0)));
        for _ in 0..3 {
            let found = ask(&look, Duration::from_millis(5), hangs(&asked));
            assert_eq!(found.await, Err("silent"));
            let_it_age(&look).await;
        }
        assert_eq!(asked.load(Ordering::Relaxed), 1);
    }

    #[tokio::test]
    async fn who_gives_up_waiting_leaves_one_look_under_way() {
        let (look, asked) = (Look::<&str>::default(), Arc::new(AtomicU32::new(0)));
        for _ in 0..3 {
            let found = ask(&look, LIMIT, hangs(&asked));
            let gave_up = timeout(Duration::from_millis(5), found).await;
            assert!(gave_up.is_err());
        }
        assert_eq!(asked.load(Ordering::Relaxed), 1);
    }

    #[tokio::test]
    async fn what_was_found_is_believed_for_a_while() {
        let look = Look::<&str>::default();
        assert_eq!(ask(&look, LIMIT, ready(Err("full"))).await, Err("full"));
        assert_eq!(ask(&look, LIMIT, ready(Ok(()))).await, Err("full"));
        let_it_age(&look).await;
        assert_eq!(ask(&look, LIMIT, ready(Ok(()))).await, Ok(()));
    }

    #[tokio::test]
    async fn what_still_holds_is_not_asked_again_unless_it_was_silence() {
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
