//! The composition root: builds a running daemon from the settings. The only place that knows which adapter
//! implements which port.

mod open;
mod parts;
mod serve;
mod workers;

use std::collections::BTreeMap;
use std::fs::File;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use tokio_util::task::TaskTracker;

pub use self::open::{
    is_taken, open_files, open_store, open_store_as_it_is, private_folder, stand_alone,
};
use self::open::{settings_on_disk, sources};
use self::parts::Parts;
pub use self::parts::inbound;
use crate::adapters::clock::SystemClock;
use crate::adapters::edited::EditedFolder;
use crate::adapters::http::auth::{Gate, make_missing_tokens};
use crate::adapters::http::{AppState, Probe, Services};
use crate::adapters::mail::MailOut;
use crate::adapters::telemetry;
use crate::domain::ports::{Client, Clock, Crm, Files, Store};
use crate::flows::creation::Creations;
use crate::flows::delivery::Delivery;
use crate::flows::inbound::{Inbound, PATIENCE};
use crate::flows::poll::Poll;
use crate::flows::reload::{Reload, SEARCH_PATIENCE, Settled};
use crate::flows::resume;
use crate::flows::retention::Retention;
use crate::flows::rules::Rules;
use crate::flows::set_back::SetBack;
use crate::flows::settings::SettingsReload;
use crate::flows::sweep::Sweep;
use crate::settings::{Database, InForce, Secret, Settings};

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
    /// How long a reload on demand waits for the search for holes.
    pub search_patience: Duration,
    /// The wall clock.
    pub clock: Arc<dyn Clock>,
}

impl Default for StandIns {
    fn default() -> Self {
        Self {
            crm: None,
            patience: PATIENCE,
            search_patience: SEARCH_PATIENCE,
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
        let alone = lock(settings).await?;
        let (rules, exports, folders) = sources(settings);
        // Concurrently, since a start should be short and none of them needs the others.
        let (store, files, settled) = tokio::join!(
            take_over(settings, alone.is_some()),
            open_files_aside(settings),
            Settled::read(rules, exports),
        );
        let (store, files) = (store?, files?);
        let in_force = InForce::new(settings);
        let mailer = open_mailer(settings, &in_force)?;
        let reload = Reload::boot(
            store.clone(),
            Arc::clone(&clock),
            settled,
            in_force.clone(),
            stand_ins.search_patience,
        );
        let reload = Arc::new(reload.await?);
        let rules: Arc<dyn Rules> = reload.clone();
        let mut parts = Parts::new(settings, store, files, rules, in_force, clock);
        if let Some(crm) = stand_ins.crm {
            parts.crm = crm;
        }
        let inbound = parts.inbound(stand_ins.patience);
        let creations = Arc::clone(&inbound.creations);
        if alone.is_some() {
            // With several replicas, a different one may be in the middle of its call.
            creations.doubt_interrupted().await?;
        }
        let (store, given) = (parts.store.as_ref(), &settings.live.tokens);
        let new_tokens = make_missing_tokens(store, given, parts.clock.now()).await?;
        let gate = Gate::open(&parts.in_force, store).await?;
        // Once nothing else can refuse the start: it would be lost on the next one that another address is set.
        resume::at_start(store, parts.clock.as_ref(), &settings.live).await?;
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

/// Locks a database that allows only one daemon, and waits for one that is stopping.
async fn lock(settings: &Settings) -> anyhow::Result<Option<File>> {
    Ok(match &settings.database {
        Database::Sqlite(path) => Some(stand_alone(path, |what| tracing::warn!("{what}")).await?),
        Database::Postgres(_) => None,
    })
}

/// Opens the store of photos on a blocking thread: a new folder gets 256 folders inside.
async fn open_files_aside(settings: &Settings) -> anyhow::Result<Arc<dyn Files>> {
    let settings = settings.clone();
    tokio::task::spawn_blocking(move || open_files(&settings)).await?
}

/// Opens the database and handles what the last daemon left unfinished.
async fn take_over(settings: &Settings, alone: bool) -> anyhow::Result<Arc<dyn Store>> {
    let store = open_store(settings).await?;
    if alone {
        // With several replicas, none may take back what a different one is sending: leases expire by
        // themselves.
        store.release_claims().await?;
    }
    Ok(store)
}
