//! Builds a daemon: its folder, its settings, and the stand-ins for partners.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use passerelle::app::{App, StandIns};
use passerelle::domain::ports::{Clock, Crm};
use passerelle::settings::Settings;
use reqwest::Client;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::samples::{BIENS, GESTIONNAIRES, QUALIFICATIONS, RESIDENCES};
use super::{Daemon, FakeSowell, copy, token};
use crate::postgres::{self, Backend};

/// A daemon that is not started yet.
pub struct Builder {
    folder: Arc<TempDir>,
    environment: Vec<(String, String)>,
    stand_ins: StandIns,
}

impl Builder {
    /// The shipped rules without their cases, and reference data made for the tests.
    pub fn new() -> Self {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        copy(Path::new("rules"), &folder.path().join("rules"));
        let _ = fs::remove_dir_all(folder.path().join("rules/cas"));
        fs::create_dir(folder.path().join("referentiel")).unwrap();
        let builder = Self {
            environment: environment(folder.path()),
            folder,
            stand_ins: StandIns::default(),
        };
        builder
            .file("rules/qualifications.yaml", QUALIFICATIONS)
            .file("referentiel/residences.csv", RESIDENCES)
            .file("referentiel/gestionnaires.csv", GESTIONNAIRES)
            .file("referentiel/biens.csv", BIENS)
    }

    /// The same on this database; `None` if it is not installed.
    pub async fn on(backend: Backend) -> Option<Self> {
        Some(match backend {
            Backend::Sqlite => Self::new(),
            Backend::Postgres => Self::new().set("DATABASE_URL", &postgres::database().await?),
        })
    }

    /// A daemon in the folder of an earlier one.
    pub fn again(folder: &Arc<TempDir>, environment: Vec<(String, String)>) -> Self {
        Self {
            folder: Arc::clone(folder),
            environment,
            stand_ins: StandIns::default(),
        }
    }

    /// Replaces the CRM that the settings name.
    pub fn crm(mut self, crm: Arc<dyn Crm>) -> Self {
        self.stand_ins.crm = Some(crm);
        self
    }

    /// Replaces the machine's clock.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.stand_ins.clock = clock;
        self
    }

    /// How long a reload waits for the search for holes.
    pub fn search_patience(mut self, patience: Duration) -> Self {
        self.stand_ins.search_patience = patience;
        self
    }

    /// Sets how long a repeat waits for the request that it repeats.
    pub fn patience(mut self, patience: Duration) -> Self {
        self.stand_ins.patience = patience;
        self
    }

    /// The settings, as environment variables.
    pub fn environment(&self) -> Vec<(String, String)> {
        self.environment.clone()
    }

    /// The folder of the daemon.
    pub fn folder(&self) -> Arc<TempDir> {
        Arc::clone(&self.folder)
    }

    pub fn file(self, name: &str, text: &str) -> Self {
        fs::write(self.folder.path().join(name), text).unwrap();
        self
    }

    /// Leaves a key to the settings file, or to its default.
    pub fn unset(mut self, variable: &str) -> Self {
        let variable = format!("PASSERELLE_{variable}");
        self.environment.retain(|(name, _)| *name != variable);
        self
    }

    pub fn set(mut self, variable: &str, value: &str) -> Self {
        self.environment
            .push((format!("PASSERELLE_{variable}"), value.to_owned()));
        self
    }

    pub fn sowell(self, sowell: &FakeSowell) -> Self {
        self.set("SOWELL__BASE_URL", &sowell.url)
            .set("SOWELL__TOKEN", "partner-token")
    }

    /// From `passerelle.yaml` in its folder, if a test wrote one, and the environment.
    pub fn settings(&self) -> Settings {
        let file = self.folder.path().join("passerelle.yaml");
        let file = file.is_file().then_some(file);
        Settings::load(file.as_deref(), self.environment.clone()).unwrap()
    }

    /// Why it does not start.
    pub async fn refusal(self) -> String {
        match App::build_with(&self.settings(), self.stand_ins).await {
            Ok(_) => panic!("it starts"),
            Err(error) => format!("{error:#}"),
        }
    }

    pub async fn start(self) -> Daemon {
        self.start_while(|| {}).await
    }

    /// Starts it, with something happening after it has read its files and before it serves.
    pub async fn start_while(self, happens: impl FnOnce()) -> Daemon {
        let settings = self.settings();
        let app = App::build_with(&settings, self.stand_ins).await.unwrap();
        happens();
        let state = app.state.clone();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        let task = tokio::spawn(app.serve(listener, stop.clone()));
        Daemon {
            address,
            folder: self.folder,
            environment: self.environment,
            client: Client::new(),
            state,
            stop,
            task,
        }
    }
}

/// The settings of a daemon in `folder`.
pub fn environment(folder: &Path) -> Vec<(String, String)> {
    let path = |name: &str| folder.join(name).display().to_string();
    [
        ("LISTEN", "127.0.0.1:0".to_owned()),
        ("DATA_DIR", path("data")),
        ("RULES_DIR", path("rules")),
        ("REFERENTIEL_DIR", path("referentiel")),
        ("TOKENS__SOWELL", token("sowell")),
        ("TOKENS__CRM", token("crm")),
        ("TOKENS__ADMIN", token("admin")),
        ("DELIVERY__FIRST_RETRY", "20ms".to_owned()),
        ("DELIVERY__MAX_RETRY", "100ms".to_owned()),
        ("LIMITS__RATE", "1000000/min".to_owned()),
    ]
    .map(|(name, value)| (format!("PASSERELLE_{name}"), value))
    .to_vec()
}
