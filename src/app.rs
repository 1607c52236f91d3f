//! The composition root: builds a running daemon from the settings. The only place that knows which adapter
//! implements which port.

mod open;
mod parts;
mod workers;

use std::collections::BTreeMap;
use std::fs::File;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use axum::middleware;
use axum_server::accept::NoDelayAcceptor;
use axum_server::{Handle, Server};
use strum::IntoEnumIterator;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use self::open::{
    is_taken, open_files, open_store, open_store_as_it_is, private_folder, stand_alone,
};
use self::open::{settings_on_disk, sources};
pub use self::parts::inbound;
use self::parts::{Parts, open_crm};
pub use self::workers::TOKEN_REFRESH;
use self::workers::{Workers, refresh_tokens, reload_on_hangup, tidy_metrics};
use crate::adapters::clock::SystemClock;
use crate::adapters::edited::EditedFolder;
use crate::adapters::http::auth::{Gate, hash};
use crate::adapters::http::handover::{ConnectionSlot, UntilStop, last_answers};
use crate::adapters::http::{AppState, Probe, Services, connections, router};
use crate::adapters::mail::MailOut;
use crate::adapters::sowell::SowellHttp;
use crate::adapters::{telemetry, watch};
use crate::domain::ports::{Client, Clock, Crm, Store};
use crate::flows::creation::Creations;
use crate::flows::delivery::Delivery;
use crate::flows::hint::Hint;
use crate::flows::inbound::{Inbound, PATIENCE};
use crate::flows::poll::Poll;
use crate::flows::reload::Reload;
use crate::flows::resume;
use crate::flows::retention::Retention;
use crate::flows::rules::Rules;
use crate::flows::set_back::SetBack;
use crate::flows::settings::SettingsReload;
use crate::flows::sweep::Sweep;
use crate::settings::{Database, InForce, Secret, Settings};

/// How long a connection may stay open without sending the head of a request.
const HEAD_TIMEOUT: Duration = Duration::from_mins(1);
/// How long a shutdown waits for requests and deliveries in progress.
const SHUTDOWN_LIMIT: Duration = Duration::from_secs(25);
/// How long connections that are open at shutdown may send one more request.
const LAST_REQUESTS: Duration = Duration::from_millis(250);
/// How often to check whether they have closed.
const CONNECTIONS_POLL: Duration = Duration::from_millis(5);
/// Maximum pending hints of changed files; one is as good as many.
const HINTS: usize = 8;

/// A daemon, ready to serve.
pub struct App {
    /// The parts used by the handlers.
    pub state: AppState,
    /// Newly generated tokens, to be shown once.
    pub new_tokens: BTreeMap<Client, Secret>,
    delivery: Arc<Delivery>,
    sweep: Sweep,
    retention: Retention,
    set_back: SetBack,
    creations: Arc<Creations>,
    poll: Arc<Poll>,
    folders: Vec<EditedFolder>,
    settings_file: Option<EditedFolder>,
    /// The lock held while the daemon runs, if the database allows only one daemon.
    alone: Option<File>,
}

/// Replacements used by tests.
pub struct StandIns {
    /// The landlord's CRM; `None` for the one named in the settings.
    pub crm: Option<Arc<dyn Crm>>,
    /// How long a repeated request waits for the original one.
    pub patience: Duration,
    /// The wall clock.
    pub clock: Arc<dyn Clock>,
}

impl Default for StandIns {
    fn default() -> Self {
        Self {
            crm: None,
            patience: PATIENCE,
            clock: Arc::new(SystemClock),
        }
    }
}

impl App {
    /// Opens the database and the folders, and puts the rules in force.
    ///
    /// # Errors
    /// When one of them cannot be used; the message is worded for the operator.
    pub async fn build(settings: &Settings) -> anyhow::Result<Self> {
        Self::build_with(settings, StandIns::default()).await
    }

    /// Like [`App::build`], with some parts replaced.
    ///
    /// # Errors
    /// As for [`App::build`].
    pub async fn build_with(settings: &Settings, stand_ins: StandIns) -> anyhow::Result<Self> {
        let clock = stand_ins.clock;
        let (store, alone) = take_over(settings, clock.as_ref()).await?;
        let files = open_files(settings)?;
        let in_force = InForce::new(settings);
        let mailer = open_mailer(settings, &in_force)?;
        let (rules, exports, folders) = sources(settings);
        let reload = Reload::boot(
            Arc::clone(&store),
            Arc::clone(&clock),
            rules,
            exports,
            in_force.clone(),
        );
        let reload = Arc::new(reload.await?);
        let rules: Arc<dyn Rules> = reload.clone();
        let named = || open_crm(settings, &in_force, &rules, &files);
        let parts = Parts {
            crm: stand_ins.crm.unwrap_or_else(named),
            sowell: Arc::new(SowellHttp::new(in_force.clone(), rules.clone())),
            store,
            files,
            rules,
            in_force,
            outbox: Hint::default(),
            clock,
            watch: Arc::default(),
        };
        let inbound = parts.inbound(stand_ins.patience);
        let creations = Arc::clone(&inbound.creations);
        if alone.is_some() {
            // With several replicas, a different one may be in the middle of its call.
            creations.doubt_interrupted().await?;
        }
        let new_tokens = make_missing_tokens(&parts, settings).await?;
        let gate = open_gate(&parts).await?;
        let settings_file = settings_on_disk(settings);
        let live = parts.settings(settings, settings_file.clone());
        Ok(Self {
            new_tokens,
            delivery: Arc::new(parts.delivery(mailer)),
            sweep: parts.sweep(),
            retention: parts.retention(),
            set_back: parts.set_back(),
            poll: Arc::new(parts.poll(&creations.outbound)),
            state: services(parts, inbound, reload, live, gate),
            creations,
            folders,
            settings_file,
            alone,
        })
    }

    /// Serves until `stop`, then finishes what is in progress.
    ///
    /// # Errors
    /// When the listener fails.
    pub async fn serve(
        mut self,
        listener: TcpListener,
        stop: CancellationToken,
    ) -> anyhow::Result<()> {
        let state = self.state.clone();
        let presence = Arc::clone(&state.presence);
        let alone = self.alone.take();
        let creations = Arc::clone(&self.creations);
        let workers = Workers::new(&stop);
        let hints = self.start_workers(&workers, &stop);
        let tasks = state.tasks.clone();
        let handle = Handle::new();
        let listener = UntilStop::new(listener, stop.clone(), handle.clone(), connections::most());
        let server = server(listener).handle(handle.clone());
        let last_answers = middleware::from_fn_with_state(stop.clone(), last_answers);
        let router = router(state).layer(last_answers);
        let mut server = tokio::spawn(server.serve(router.into_make_service()));
        tokio::select! {
            () = stop.cancelled() => {}
            ended = &mut server => ended??,
        }
        stop.cancel();
        leave(&handle).await;
        handle.graceful_shutdown(None);
        tasks.close();
        let finish = async {
            if !server.is_finished() {
                let _ = server.await;
            }
            tasks.wait().await;
            workers.ended().await;
            creations.written().await;
            presence.leave().await;
        };
        if tokio::time::timeout(SHUTDOWN_LIMIT, finish).await.is_err() {
            tracing::warn!("stopped before everything in progress had finished");
        }
        drop(hints);
        drop(alone);
        if workers.broken.is_cancelled() {
            anyhow::bail!("a worker ended by itself; its error is in the log");
        }
        Ok(())
    }

    /// Starts the background workers; the reloads end once both senders of hints are dropped.
    fn start_workers(self, workers: &Workers, stop: &CancellationToken) -> [mpsc::Sender<()>; 2] {
        let state = self.state;
        let (hint, hints) = mpsc::channel(HINTS);
        if !self.folders.is_empty() {
            workers.until_stop("rules watcher", watch::watch(self.folders, hint.clone()));
        }
        let (settings_hint, settings_hints) = mpsc::channel(HINTS);
        if let Some(file) = self.settings_file {
            workers.until_stop(
                "settings watcher",
                watch::watch(vec![file], settings_hint.clone()),
            );
        }
        // Installed before the first request can be answered: until then, SIGHUP would end the process.
        match signal(SignalKind::hangup()) {
            Ok(hangups) => workers.until_stop("hangups", reload_on_hangup(state.clone(), hangups)),
            Err(error) => tracing::warn!(%error, "cannot listen for SIGHUP"),
        }
        let (outbound, accepted) = (state.outbound.clone(), state.reload.subscribe());
        workers.until_stop("held statuses", async move {
            outbound.release_when_known(accepted).await;
        });
        workers.until_stop("poll", self.poll.run());
        workers.until_stop("tokens", refresh_tokens(state.clone()));
        workers.until_stop("sweep", self.sweep.run());
        workers.until_stop("clock", self.set_back.run());
        workers.until_stop("retention", self.retention.run());
        let buffers = state.buffers.clone();
        workers.until_stop("buffers", async move { buffers.run().await });
        workers.until_stop("metrics", tidy_metrics(state.clone()));
        let presence = state.presence.clone();
        workers.until_stop("replica", async move { presence.run().await });
        let reload = state.reload.clone();
        workers.until_stop("rules", async move { reload.run(hints).await });
        let settings = state.settings.clone();
        workers.until_stop(
            "settings",
            async move { settings.run(settings_hints).await },
        );
        let accepted = state.reload.subscribe();
        let delivery = Arc::clone(&self.delivery);
        workers.until_stop("mended connectors", delivery.follow_rules(accepted));
        // These finish what is in progress before they end.
        workers.to_the_end("outbox", self.delivery.run(stop.clone()));
        workers.to_the_end("creations", self.creations.run(stop.clone()));
        [hint, settings_hint]
    }
}

/// Builds the state that the handlers use.
fn services(
    parts: Parts,
    inbound: Inbound,
    reload: Arc<Reload>,
    live: SettingsReload,
    gate: Gate,
) -> AppState {
    let outbound = Arc::clone(&inbound.creations.outbound);
    AppState::from(Services {
        presence: Arc::new(parts.presence(replica_id())),
        store: parts.store,
        files: parts.files,
        clock: parts.clock,
        inbound: Arc::new(inbound),
        outbound,
        reload,
        watch: parts.watch,
        probe: Probe::default(),
        buffers: Arc::default(),
        gate: Arc::new(gate),
        settings: Arc::new(live),
        tasks: TaskTracker::new(),
        metrics: telemetry::metrics(),
    })
}

/// The identifier of this replica, shown to the others.
fn replica_id() -> String {
    let system = rustix::system::uname();
    let host = system.nodename().to_string_lossy();
    format!("{host}:{}", std::process::id())
}

fn open_mailer(settings: &Settings, in_force: &InForce) -> anyhow::Result<MailOut> {
    let unsent = settings.data_dir.join("courriels");
    MailOut::new(in_force.clone(), unsent.clone()).with_context(|| format!("{}", unsent.display()))
}

async fn open_gate(parts: &Parts) -> anyhow::Result<Gate> {
    let gate = Gate::new(&parts.in_force);
    gate.set_stored(parts.store.tokens().await?);
    Ok(gate)
}

/// Opens the database and handles what the last daemon left unfinished.
async fn take_over(
    settings: &Settings,
    clock: &dyn Clock,
) -> anyhow::Result<(Arc<dyn Store>, Option<File>)> {
    let alone = match &settings.database {
        Database::Sqlite(path) => Some(stand_alone(path, |what| tracing::warn!("{what}")).await?),
        Database::Postgres(_) => None,
    };
    let store = open_store(settings).await?;
    if alone.is_some() {
        // With several replicas, none may take back what a different one is sending: leases expire by
        // themselves.
        store.release_claims().await?;
    }
    resume::at_start(store.as_ref(), clock).await?;
    Ok((store, alone))
}

/// Waits, within a limit, until every connection that was open when the daemon was told to stop has received
/// its last answer: a request may be arriving on any of them.
async fn leave(handle: &Handle<ConnectionSlot>) {
    let end = Instant::now() + LAST_REQUESTS;
    while handle.connection_count() > 0 && Instant::now() < end {
        tokio::time::sleep(CONNECTIONS_POLL).await;
    }
}

/// The HTTP server on the listener.
fn server(listener: UntilStop) -> Server<ConnectionSlot, NoDelayAcceptor> {
    let mut server = Server::from_listener(listener)
        // Without it, an answer in two segments would wait for the client's acknowledgement.
        .acceptor(NoDelayAcceptor::new())
        .first_request_timeout(HEAD_TIMEOUT);
    // A client that sent its request and closed its sending side is still answered: the request may be a
    // signalement.
    let mut http1 = server.http_builder().http1();
    http1.half_close(true).header_read_timeout(HEAD_TIMEOUT);
    server
}

/// Generates a new token: 256 random bits.
#[must_use]
pub fn make_token() -> Secret {
    Secret::new(hex::encode(rand::random::<[u8; 32]>()))
}

async fn make_missing_tokens(
    Parts { store, clock, .. }: &Parts,
    settings: &Settings,
) -> anyhow::Result<BTreeMap<Client, Secret>> {
    let mut made = BTreeMap::new();
    let known = store.tokens().await?;
    for client in Client::iter() {
        let given = settings.live.tokens.contains_key(&client);
        if given || known.iter().any(|(it, _)| *it == client) {
            continue;
        }
        let token = make_token();
        let now = clock.now();
        if store
            .put_token(client, &hash(token.expose()), false, now)
            .await?
        {
            made.insert(client, token);
        }
    }
    Ok(made)
}
