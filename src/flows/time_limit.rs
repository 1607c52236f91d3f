//! Time limits that apply to a partner, not to ourselves: a process that was stalled, stopped by a signal or on
//! a suspended machine, finds its limits exceeded and the answers in its sockets, and must read those first.

use std::time::Duration;

use tokio::time::{Instant, timeout, timeout_at};

/// If a limit is noticed this much too late, the process was stalled.
pub(crate) const LATE: Duration = Duration::from_secs(1);
/// Time allowed to read what arrived meanwhile.
const GRACE: Duration = Duration::from_secs(5);

/// The time limit was exceeded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TimeIsUp;

/// Waits for a partner, at most for `limit`.
///
/// # Errors
/// When the limit is exceeded.
pub(crate) async fn in_time<T>(
    limit: Duration,
    work: impl Future<Output = T>,
) -> Result<T, TimeIsUp> {
    let now = Instant::now();
    // A limit beyond the range of an instant is no limit.
    match now.checked_add(limit) {
        Some(end) => by(end, work).await,
        None => Ok(work.await),
    }
}

/// Waits for a partner, until `end`.
///
/// # Errors
/// When it did not finish by then.
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
        // The limit has passed before the socket was read.
        tokio::task::yield_now().await;
        answer.send("taken").unwrap();
        assert_eq!(call.await.unwrap(), Ok(Ok("taken")));
    }

    #[tokio::test]
    async fn silence_has_its_limit_and_no_more() {
        let begun = Instant::now();
        let silence = in_time(Duration::ZERO, std::future::pending::<()>()).await;
        // On a machine so busy that the limit was noticed late, the grace period applies.
        let noticed = begun.elapsed();
        assert!(
            silence == Err(TimeIsUp) && noticed < LATE + GRACE,
            "{noticed:?}"
        );
        let prompt = in_time(Duration::MAX, async { 1 }).await;
        assert_eq!(prompt, Ok(1));
    }
}
