//! Chooses the thread on which rules run.
//!
//! A decision takes some microseconds; handing it to a separate thread and being woken at its end costs several
//! times that. So rules run inline as long as they are fast, and on a separate thread once they were not, where
//! they do not hold up other requests.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

use crate::flows::panics::BrokeOff;
use crate::rules::pace::Pace;

/// Runs work that calls scripts or templates of the rules with this pace.
///
/// # Errors
/// When the work panics.
pub(super) async fn run<T, W>(pace: &Pace, work: W) -> Result<T, BrokeOff>
where
    T: Send + 'static,
    W: FnOnce() -> T + Send + 'static,
{
    if pace.is_lengthy() {
        let timed = move || {
            let begun = time_of_this_thread();
            let made = work();
            (made, time_of_this_thread().saturating_sub(begun))
        };
        let apart = tokio::task::spawn_blocking(timed).await;
        let (made, took) = apart.map_err(BrokeOff::from)?;
        pace.note(took);
        return Ok(made);
    }
    let begun = time_of_this_thread();
    // What the work leaves behind when it panics is dropped with it.
    let ended = catch_unwind(AssertUnwindSafe(work));
    pace.note(time_of_this_thread().saturating_sub(begun));
    ended.map_err(|panic| BrokeOff::by(panic.as_ref()))
}

/// Runs work on a separate thread, however long it takes: for people who try the rules, where it renders every e-mail too.
///
/// # Errors
/// When the work panics.
pub(super) async fn apart<T, W>(work: W) -> Result<T, BrokeOff>
where
    T: Send + 'static,
    W: FnOnce() -> T + Send + 'static,
{
    let ended = tokio::task::spawn_blocking(work).await;
    ended.map_err(BrokeOff::from)
}

/// CPU time rather than elapsed time: on a busy machine, a fast decision waits too.
fn time_of_this_thread() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::try_from(time).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_millis(50);

    #[tokio::test]
    async fn rules_that_took_long_run_on_a_thread_of_their_own() {
        let pace = Pace::default();
        let here = std::thread::current().id();
        let thread = || std::thread::current().id();
        assert_eq!(run(&pace, thread).await.unwrap(), here);
        let long = || {
            let begun = time_of_this_thread();
            while time_of_this_thread().saturating_sub(begun) <= LONG {}
        };
        run(&pace, long).await.unwrap();
        assert_ne!(run(&pace, thread).await.unwrap(), here);
        assert!(pace.is_lengthy());
    }

    #[tokio::test]
    async fn a_panic_is_an_error_inline_and_apart() {
        let pace = Pace::default();
        for _ in 0..2 {
            let work = || -> () { panic!("by design") };
            let words = run(&pace, work).await.unwrap_err().to_string();
            assert!(words.contains("by design"), "{words}");
            pace.note(LONG);
        }
    }
}
