//! Limits of time that hold against a partner, not against ourselves: a process that stood still,
//! stopped by a signal or on a machine that was suspended, finds its limits over and the answers in
//! its sockets, and must read those first.

use std::time::Duration;

use tokio::time::{Instant, timeout, timeout_at};

/// A limit that is noticed so much too late tells that the process stood still.
pub(crate) const LATE: Duration = Duration::from_secs(1);
/// How long what came meanwhile may take to be read.
const GRACE: Duration = Duration::from_secs(5);

/// The time is up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TimeIsUp;

/// Waits for what a partner does, for so long.
///
/// # Errors
/// When it did not end in time.
pub(crate) async fn in_time<T>(
    limit: Duration,
    work: impl Future<Output = T>,
) -> Result<T, TimeIsUp> {
    let now = Instant::now();
    // A limit beyond what an instant can be is none.
    match now.checked_add(limit) {
        Some(end) => by(end, work).await,
        None => Ok(work.await),
    }
}

/// Waits for what a partner does, until then.
///
/// # Errors
/// When it did not end by then.
pub(crate) async fn by<T>(end: Instant, work: impl Future<Output = T>) -> Result<T, TimeIsUp> {
    let mut work = std::pin::pin!(work);
    if let Ok(done) = timeout_at(end, work.as_mut()).await {
        return Ok(done);
    }
    if end.elapsed() < LATE {
        return Err(TimeIsUp);
    }
    timeout(GRACE, work).await.map_err(|_| TimeIsUp)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::sync::oneshot;

    #[tokio::test]
    async fn a_process_that_stood_still_reads_what_came_meanwhile() {
        let long_over = Instant::now().checked_sub(LATE * 60).unwrap();
        let (answer, answered) = oneshot::channel();
        let call = tokio::spawn(by(long_over, answered));
        // The limit is over before anybody has looked at the socket.
        tokio::task::yield_now().await;
        answer.send("taken").unwrap();
        assert_eq!(call.await.unwrap(), Ok(Ok("taken")));
    }

    #[tokio::test]
    async fn silence_has_its_limit_and_no_more() {
        let begun = Instant::now();
        let silence = in_time(Duration::ZERO, std::future::pending::<()>()).await;
        // On a machine so busy that its limit was noticed late, it has its grace.
        let noticed = begun.elapsed();
        assert!(
            silence == Err(TimeIsUp) && noticed < LATE + GRACE,
            "{noticed:?}"
        );
        let prompt = in_time(Duration::MAX, async { 1 }).await;
        assert_eq!(prompt, Ok(1));
    }
}
