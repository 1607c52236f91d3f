//! What runs beside the requests, for as long as the daemon does.

use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::App;
use crate::adapters::http::AppState;
use crate::adapters::watch;

/// Hints of changed files that may wait; one is as good as many.
const HINTS: usize = 8;
/// How often the metrics' histograms are tidied.
const METRICS_UPKEEP: Duration = Duration::from_secs(5);

/// What becomes of a worker when the daemon stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum OnStop {
    /// It may be left at any point.
    Abort,
    /// It learns of the stop itself, and finishes what it has under way before it ends.
    Finish,
}

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

    /// Starts one.
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
    /// Starts what runs beside the requests; the reloads end once both senders of hints are dropped.
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
        // Listened to before the first request can be answered: until then, it would end us.
        match signal(SignalKind::hangup()) {
            Ok(hangups) => {
                workers.spawn("hangups", abort, reload_on_hangup(state.clone(), hangups));
            }
            Err(error) => tracing::warn!(%error, "SIGHUP is not listened to"),
        }
        let held = Arc::clone(&state.outbound).release_when_known(state.reload.subscribe());
        let tokens = Arc::clone(&state.gate).follow(Arc::clone(&state.store));
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

/// `SIGHUP` reloads settings and rules.
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
