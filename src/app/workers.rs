//! Background workers, running as long as the daemon does.

use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::App;
use crate::adapters::http::AppState;
use crate::adapters::watch;

/// Maximum pending hints of changed files; one is as good as many.
const HINTS: usize = 8;
/// How often the histograms of the metrics are compacted.
const METRICS_UPKEEP: Duration = Duration::from_secs(5);

/// What happens to a worker when the daemon stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum OnStop {
    /// It may be aborted at any point.
    Abort,
    /// It is told to stop, and finishes what it has in progress first.
    Finish,
}

/// The background workers. Without any one of them, the daemon would look alive but break its promises, so it
/// stops if one ends by itself.
pub(super) struct Workers {
    tasks: TaskTracker,
    stop: CancellationToken,
    /// Cancelled when a worker ended by itself.
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

    /// Starts a worker.
    fn spawn(
        &self,
        name: &'static str,
        on_stop: OnStop,
        work: impl Future<Output = ()> + Send + 'static,
    ) {
        let (stop, broken) = (self.stop.clone(), self.broken.clone());
        let mut task = tokio::spawn(work);
        self.tasks.spawn(async move {
            let ended = tokio::select! {
                () = stop.cancelled(), if on_stop == OnStop::Abort => return task.abort(),
                ended = &mut task => ended,
            };
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

impl App {
    /// Starts the background workers; the reloads end once both senders of hints are dropped.
    pub(super) fn start_workers(self, workers: &Workers) -> [mpsc::Sender<()>; 2] {
        let state = self.state;
        let abort = OnStop::Abort;
        let (hint, hints) = mpsc::channel(HINTS);
        if !self.folders.is_empty() {
            let watching = watch::watch(self.folders, hint.clone());
            workers.spawn("rules watcher", abort, watching);
        }
        let (settings_hint, settings_hints) = mpsc::channel(HINTS);
        if let Some(file) = self.settings_file {
            let watching = watch::watch(vec![file], settings_hint.clone());
            workers.spawn("settings watcher", abort, watching);
        }
        // Installed before the first request can be answered: until then, SIGHUP would end the process.
        match signal(SignalKind::hangup()) {
            Ok(hangups) => {
                workers.spawn("hangups", abort, reload_on_hangup(state.clone(), hangups));
            }
            Err(error) => tracing::warn!(%error, "cannot listen for SIGHUP"),
        }
        let held = Arc::clone(&state.outbound).release_when_known(state.reload.subscribe());
        let tokens = Arc::clone(&state.gate).follow(state.store.clone());
        let mended = Arc::clone(&self.delivery).follow_rules(state.reload.subscribe());
        workers.spawn("held statuses", abort, held);
        workers.spawn("poll", abort, self.poll.run());
        workers.spawn("tokens", abort, tokens);
        workers.spawn("sweep", abort, self.sweep.run());
        workers.spawn("clock", abort, self.set_back.run());
        workers.spawn("retention", abort, self.retention.run());
        workers.spawn("buffers", abort, Arc::clone(&state.buffers).run());
        workers.spawn("metrics", abort, tidy_metrics(state.clone()));
        workers.spawn("replica", abort, Arc::clone(&state.presence).run());
        workers.spawn("rules", abort, Arc::clone(&state.reload).run(hints));
        workers.spawn("versions", abort, Arc::clone(&state.reload).keep_in_store());
        workers.spawn(
            "settings",
            abort,
            Arc::clone(&state.settings).run(settings_hints),
        );
        workers.spawn("mended connectors", abort, mended);
        let (outbox, creations) = (self.delivery, self.creations);
        workers.spawn("outbox", OnStop::Finish, outbox.run(workers.stop.clone()));
        workers.spawn(
            "creations",
            OnStop::Finish,
            creations.run(workers.stop.clone()),
        );
        [hint, settings_hint]
    }
}

/// Reloads settings and rules on `SIGHUP`.
async fn reload_on_hangup(state: AppState, mut hangups: Signal) {
    while hangups.recv().await.is_some() {
        state.settings.reload().await;
        state.reload.reload().await;
    }
}

/// Keeps the histograms small.
async fn tidy_metrics(state: AppState) {
    loop {
        tokio::time::sleep(METRICS_UPKEEP).await;
        state.metrics.run_upkeep();
    }
}
