//! Work that panicked, which is a bug of ours. Only that piece of work is lost.

use std::any::Any;
use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;
use tokio::task::JoinError;

/// A panic, which neither rules nor partners can cause: a bug of ours.
#[derive(Debug, thiserror::Error)]
#[error("it panicked: {0}")]
pub(super) struct BrokeOff(String);

impl BrokeOff {
    /// Takes the message out of a panic.
    pub(super) fn by(panic: &(dyn Any + Send)) -> Self {
        let text = panic.downcast_ref::<&str>().map(|it| (*it).to_owned());
        let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
        Self(text.unwrap_or_else(|| "a panic without a message".into()))
    }
}

impl From<JoinError> for BrokeOff {
    fn from(error: JoinError) -> Self {
        Self(error.to_string())
    }
}

/// Runs work whose panic must not end the surrounding task.
///
/// # Errors
/// When it panics. What the work leaves behind is then dropped with it.
pub(super) async fn contained<T>(work: impl Future<Output = T>) -> Result<T, BrokeOff> {
    let ended = AssertUnwindSafe(work).catch_unwind().await;
    ended.map_err(|panic| BrokeOff::by(panic.as_ref()))
}
