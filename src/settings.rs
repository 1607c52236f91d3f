//! Typed settings: `passerelle.yaml`, overridden key by key by the environment.
//!
//! Every key has a default. Relative paths start at the settings file, else at the current folder.
//! Secrets never show in `Debug`. Most keys are live: they change with the file while the daemon
//! runs (`flows/settings.rs`); the others need a restart.

mod compile;
mod keys;
mod live;
mod origin;
mod partners;
mod secret;
mod smtp;
mod storage;
mod values;
mod written;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::domain::ports::Client;
use crate::rules::connector::{Partner, SecretNames};

use written::Environment;

pub use live::{InForce, MadeFrom};
pub use origin::Origin;
pub use partners::{
    CrmKind, CrmSettings, NetworkSettings, SmtpSettings, SowellSettings, TlsSettings,
    WhenUnavailable,
};
pub use secret::Secret;
pub use storage::{Database, Folder, PhotoStorage, S3Key, S3Server, S3Settings};
pub use values::signing_key;

/// The file that is read where `--config` names none.
pub const DEFAULT_FILE: &str = "passerelle.yaml";

/// The variables that name the folders which `passerelle init` makes beside the settings, and these.
const BESIDE: [(&str, &str); 2] = [
    ("PASSERELLE_RULES_DIR", "rules"),
    ("PASSERELLE_REFERENTIEL_DIR", "referentiel"),
];

/// The variable that names the settings file, where `--config` does not.
pub const CONFIG: &str = "PASSERELLE_CONFIG";

/// Everything that can be set.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where the daemon listens.
    pub listen: SocketAddr,
    /// Where the daemon keeps what it is not told to keep elsewhere.
    pub data_dir: PathBuf,
    /// The daemon's memory.
    pub database: Database,
    /// Whether a start brings the tables of a shared database up to date.
    pub migrate: bool,
    /// Where photos are kept.
    pub photos: PhotoStorage,
    /// The landlord's rules.
    pub rules: Folder,
    /// The landlord's reference data.
    pub referentiel: Folder,
    /// Which CRM is called.
    pub crm: CrmKind,
    /// What an edit of the file changes without a restart.
    pub live: LiveSettings,
    /// Where all of it was read.
    pub origin: Origin,
}

/// What can change while the daemon runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveSettings {
    /// Tokens that the settings give; the others are made at the first start.
    pub tokens: BTreeMap<Client, Secret>,
    /// SoWell's API; `None` until it is known, and deliveries wait.
    pub sowell: Option<SowellSettings>,
    /// The remote CRM; the embedded one asks for none of it.
    pub crm: CrmSettings,
    /// What connector files name as `secrets.NAME`.
    pub secrets: BTreeMap<String, Secret>,
    /// Where calls may go.
    pub network: NetworkSettings,
    /// The mail server.
    pub smtp: SmtpSettings,
    /// How deliveries are tried again.
    pub delivery: DeliverySettings,
    /// How long what is no longer needed is kept.
    pub retention: RetentionSettings,
    /// Limits on what comes in.
    pub limits: Limits,
    /// Which events are logged, in the words of `RUST_LOG`.
    pub log: String,
}

impl LiveSettings {
    fn secret_names(&self, crm: CrmKind) -> SecretNames {
        let crm = (crm == CrmKind::Rest).then_some(Partner::Crm);
        let sowell = self.sowell.is_some().then_some(Partner::Sowell);
        SecretNames {
            names: self.secrets.keys().cloned().collect(),
            called: crm.into_iter().chain(sowell).collect(),
        }
    }
}

/// How deliveries are tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeliverySettings {
    /// The longest that one attempt may take; SMTP, for one, has no limit of its own on an answer.
    /// What a replica was sending when it was killed is sent by another after twice as long.
    pub attempt: Duration,
    /// The wait after the first failure; it doubles with each further one.
    pub first_retry: Duration,
    /// The longest wait, and the longest pause of a destination.
    pub max_retry: Duration,
    /// How long a delivery waits between failures of its own, altogether, before it is a dead letter.
    pub give_up_after: Duration,
}

/// How long what is no longer needed is kept; `None` for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetentionSettings {
    /// The traces of decisions.
    pub traces: Option<Duration>,
    /// What SoWell sent, once it is a demande.
    pub payloads: Option<Duration>,
    /// Deliveries, once they were delivered.
    pub deliveries: Option<Duration>,
}

/// Limits on what comes in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a request.
    pub body: usize,
    /// Bytes of a decoded photo.
    pub photo: usize,
    /// Photos of a signalement.
    pub photos: usize,
    /// Pixels of a photo.
    pub pixels: u64,
    /// Requests of one client.
    pub rate: Rate,
}

/// Requests in a span of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// How many.
    pub requests: u32,
    /// In how long.
    pub per: Duration,
}

/// Why the settings cannot be used; every fault, never only the first.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("the settings cannot be used:\n  {}", .0.join("\n  "))]
pub struct SettingsError(pub Vec<String>);

/// The JSON Schema of the settings file.
#[must_use]
pub fn json_schema() -> serde_json::Value {
    keys::json_schema()
}

impl Settings {
    /// Reads the file, if there is one, and lays the environment over it.
    ///
    /// # Errors
    /// When the file is named and missing, or any value cannot be understood.
    pub fn load(
        file: Option<&Path>,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, SettingsError> {
        let (origin, text) = find(file, environment)?;
        origin.read_again(text)
    }

    /// Reads them as [`Settings::load`] does, for a verb that brings a folder back: one that is named may be missing.
    ///
    /// # Errors
    /// Those of [`Settings::load`], but for folders.
    pub fn load_without_folders(
        file: Option<&Path>,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, SettingsError> {
        let (mut origin, text) = find(file, environment)?;
        origin.may_lack_folders = true;
        origin.read_again(text)
    }

    /// Reads them as [`Settings::load`] does, for a verb that needs the rules and exports only, and says in
    /// French where it went without the file: it holds secrets, so that those who edit the rules may not be
    /// allowed to read it. The folders that `passerelle init` made beside it are then taken.
    ///
    /// # Errors
    /// Those of [`Settings::load`].
    pub fn load_unless_secret(
        file: Option<&Path>,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<(Self, Option<String>), SettingsError> {
        let is_secret = std::fs::File::open(DEFAULT_FILE)
            .is_err_and(|error| error.kind() == ErrorKind::PermissionDenied);
        let beside = BESIDE.iter().all(|(_, folder)| Path::new(folder).is_dir());
        if file.is_some() || !is_secret || !beside {
            return Ok((Self::load(file, environment)?, None));
        }
        let beside = BESIDE.map(|(name, folder)| (name.to_owned(), folder.to_owned()));
        // The later one of two counts: what the environment says goes before what is found.
        let environment = beside.into_iter().chain(environment);
        let origin = Origin::new(None, Environment::new(environment));
        let note = format!(
            "vos droits ne permettent pas de lire {DEFAULT_FILE} : les dossiers d'ici sont pris, et rien n'est vérifié de ce que les réglages disent du CRM, de SoWell et des secrets"
        );
        Ok((origin.read_again(String::new())?, Some(note)))
    }

    /// The variables of the process, for [`Settings::load`]: only those of ours must be texts.
    ///
    /// # Errors
    /// When one of ours is not UTF-8.
    pub fn variables(
        all: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Result<Vec<(String, String)>, SettingsError> {
        written::variables(all)
    }

    /// What connectors can name, and which of them are called.
    #[must_use]
    pub fn secret_names(&self) -> SecretNames {
        self.live.secret_names(self.crm)
    }

    /// Variables that look like settings and are none, each with the nearest key.
    pub fn unknown_variables(
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Vec<String> {
        written::unknown_variables(environment)
    }
}

/// Where settings are to be read, and what the file says.
fn find(
    file: Option<&Path>,
    environment: impl IntoIterator<Item = (String, String)>,
) -> Result<(Origin, String), SettingsError> {
    let path = file.unwrap_or(Path::new(DEFAULT_FILE));
    let (file, text) = match std::fs::read_to_string(path) {
        Ok(text) => (Some(path.to_path_buf()), text),
        Err(error) if file.is_none() && error.kind() == ErrorKind::NotFound => {
            (None, String::new())
        }
        Err(error) => {
            return Err(SettingsError(vec![format!("{}: {error}", path.display())]));
        }
    };
    Ok((Origin::new(file, Environment::new(environment)), text))
}

#[cfg(test)]
mod tests;
