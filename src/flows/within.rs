//! Limits of time that hold against a partner, not against ourselves: a process that stood still,
//! stopped by a signal or on a machine that was suspended, finds its limits over and the answers in
//! its sockets, and must read those first.

use std::time::Duration;

use tokio::time::{Instant, timeout, timeout_at};

/// A limit that is noticed so much too late tells that the process stood still.
pub(crate) const LATE: Duration = Duration::from_secs(1);
/// How long what came meanwhile may take to be read.
const GRACE: Duration = Duration::from_secs(5);
/// How long before its limit whoever has a part of an answer stops waiting for the rest, so that what is known of it
/// is told and not lost with the rest.
const TO_TELL: Duration = Duration::from_millis(100);

tokio::task_local! {
    /// When the first of the limits around the work under way is over.
    static END: Instant;
}

/// The time is up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TimeIsUp;

/// Waits for what a partner does, for so long.
///
/// # Errors
/// When it did not end in time.
pub(crate) async fn within<T>(
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
    let first = END.try_with(|around| end.min(*around)).unwrap_or(end);
    let mut work = std::pin::pin!(END.scope(first, work));
    if let Ok(done) = timeout_at(end, work.as_mut()).await {
        return Ok(done);
    }
    if end.elapsed() < LATE {
        return Err(TimeIsUp);
    }
    timeout(GRACE, work).await.map_err(|_| TimeIsUp)
}

/// Until when the rest of an answer that has begun may be waited for, by the limits around the work under way; `None`
/// where there are none.
pub(crate) fn end_for_the_rest() -> Option<Instant> {
    END.try_with(|end| end.checked_sub(TO_TELL)).ok().flatten()
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
        let silence = within(Duration::ZERO, std::future::pending::<()>()).await;
        // On a machine so busy that its limit was noticed late, it has its grace.
        let noticed = begun.elapsed();
        assert!(
            silence == Err(TimeIsUp) && noticed < LATE + GRACE,
            "{noticed:?}"
        );
        let prompt = within(Duration::MAX, async { 1 }).await;
        assert_eq!(prompt, Ok(1));
    }

    #[tokio::test]
    async fn what_has_begun_is_told_before_the_first_of_the_limits_around_it() {
        let long = Duration::from_hours(1);
        let begun = Instant::now();
        let told = async {
            let rest = end_for_the_rest().unwrap();
            by(rest, std::future::pending::<()>()).await.unwrap_err();
            "known"
        };
        let short = Duration::from_millis(300);
        let told = within(long, within(short, within(long, told))).await;
        assert_eq!(told, Ok(Ok(Ok("known"))));
        assert!(begun.elapsed() < long);
        assert_eq!(end_for_the_rest(), None);
    }
}
