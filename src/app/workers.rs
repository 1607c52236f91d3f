//! What runs beside the requests, for as long as the daemon does.

use std::time::Duration;

use tokio::signal::unix::Signal;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::adapters::http::AppState;

/// How soon a token that the command line made replaces the old one.
pub const TOKEN_REFRESH: Duration = Duration::from_secs(2);
/// How often the metrics' histograms are tidied.
const METRICS_UPKEEP: Duration = Duration::from_secs(5);

/// What runs beside the requests. Without any one of them the daemon would look alive and lose its
/// promises: one that ends on its own stops it.
pub(super) struct Workers {
    tasks: TaskTracker,
    stop: CancellationToken,
    /// One ended on its own.
    pub(super) broken: CancellationToken,
}

impl Workers {
    pub(super) fn new(stop: &CancellationToken) -> Self {
        Self {
            tasks: TaskTracker::new(),
            stop: stop.clone(),
            broken: CancellationToken::new(),
        }
    }

    /// One that may be left at any point when the daemon stops.
    pub(super) fn until_stop(
        &self,
        name: &'static str,
        work: impl Future<Output = ()> + Send + 'static,
    ) {
        let (stop, broken) = (self.stop.clone(), self.broken.clone());
        let mut task = tokio::spawn(work);
        self.tasks.spawn(async move {
            tokio::select! {
                () = stop.cancelled() => task.abort(),
                ended = &mut task => {
                    tracing::error!(name, ?ended, "a worker ended; the daemon stops");
                    broken.cancel();
                    stop.cancel();
                }
            }
        });
    }

    /// One that learns of the stop itself, and finishes what it has under way before it ends.
    pub(super) fn to_the_end(
        &self,
        name: &'static str,
        work: impl Future<Output = ()> + Send + 'static,
    ) {
        let (stop, broken) = (self.stop.clone(), self.broken.clone());
        let task = tokio::spawn(work);
        self.tasks.spawn(async move {
            let ended = task.await;
            if !stop.is_cancelled() {
                tracing::error!(name, ?ended, "a worker ended; the daemon stops");
                broken.cancel();
                stop.cancel();
            }
        });
    }

    pub(super) async fn ended(&self) {
        self.tasks.close();
        self.tasks.wait().await;
    }
}

/// `SIGHUP` reloads settings and rules.
pub(super) async fn reload_on_hangup(state: AppState, mut hangups: Signal) {
    while hangups.recv().await.is_some() {
        state.settings.reload().await;
        state.reload.reload().await;
    }
}

/// A token that the command line made counts soon.
pub(super) async fn refresh_tokens(state: AppState) {
    loop {
        tokio::time::sleep(TOKEN_REFRESH).await;
        // While the database is away, the tokens known so far stay good.
        if let Ok(tokens) = state.store.tokens().await {
            state.gate.set_stored(tokens);
        }
    }
}

/// Keeps the histograms small.
pub(super) async fn tidy_metrics(state: AppState) {
    loop {
        tokio::time::sleep(METRICS_UPKEEP).await;
        state.metrics.run_upkeep();
    }
}
