//! Typed settings: `passerelle.yaml`, overridden key by key by the environment.
//!
//! Every key has a default. Relative paths are relative to the settings file, or to the current folder if there
//! is none. Secrets never appear in `Debug`. Most keys are live: they follow edits of the file while the daemon
//! runs (`flows/settings.rs`); the others need a restart.

mod address;
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

/// The settings file if `--config` names none.
pub const DEFAULT_FILE: &str = "passerelle.yaml";

/// The variables that name the folders which `passerelle init` creates beside the settings, and those folders.
const BESIDE: [(&str, &str); 2] = [
    ("PASSERELLE_RULES_DIR", "rules"),
    ("PASSERELLE_REFERENTIEL_DIR", "referentiel"),
];

/// The variable that names the settings file if `--config` does not.
pub const CONFIG: &str = "PASSERELLE_CONFIG";

/// All settings.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Address and port to listen on.
    pub listen: SocketAddr,
    /// The folder for everything that has no folder of its own in the settings.
    pub data_dir: PathBuf,
    /// The daemon's database.
    pub database: Database,
    /// Whether startup updates the tables of a shared database.
    pub migrate: bool,
    /// The store of photos.
    pub photos: PhotoStorage,
    /// The folder of the landlord's rules.
    pub rules: Folder,
    /// The folder of the landlord's reference data.
    pub referentiel: Folder,
    /// The kind of CRM that is called.
    pub crm: CrmKind,
    /// The settings that an edit of the file changes without a restart.
    pub live: LiveSettings,
    /// Where the settings were read from.
    pub origin: Origin,
}

/// The settings that can change while the daemon runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveSettings {
    /// Tokens given in the settings; the others are generated at the first start.
    pub tokens: BTreeMap<Client, Secret>,
    /// SoWell's API; while it is `None`, deliveries wait.
    pub sowell: Option<SowellSettings>,
    /// The remote CRM; unused with the embedded one.
    pub crm: CrmSettings,
    /// The secrets that connector files name as `secrets.NAME`.
    pub secrets: BTreeMap<String, Secret>,
    /// The hosts that may be called.
    pub network: NetworkSettings,
    /// The mail server.
    pub smtp: SmtpSettings,
    /// How deliveries are retried.
    pub delivery: DeliverySettings,
    /// How long data that is no longer needed is kept.
    pub retention: RetentionSettings,
    /// Limits on incoming requests.
    pub limits: Limits,
    /// The log filter, in the syntax of `RUST_LOG`.
    pub log: String,
}

impl LiveSettings {
    fn secret_names(&self, crm: CrmKind) -> SecretNames {
        let crm = (crm == CrmKind::Rest).then_some(Partner::Crm);
        let sowell = self.sowell.is_some().then_some(Partner::Sowell);
        let all = self.secrets.iter();
        let no_keys = all.filter(|(_, it)| signing_key(it.expose()).is_none());
        SecretNames {
            names: self.secrets.keys().cloned().collect(),
            no_keys: no_keys.map(|(name, _)| name.clone()).collect(),
            called: crm.into_iter().chain(sowell).collect(),
        }
    }
}

/// How deliveries are retried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeliverySettings {
    /// Time limit of one attempt; SMTP, for one, has no limit of its own for an answer. What a killed replica
    /// was sending is sent by a different one after twice this time.
    pub attempt: Duration,
    /// The wait after the first failure; it doubles with each further failure.
    pub first_retry: Duration,
    /// The longest wait between attempts, and the longest pause of a destination.
    pub max_retry: Duration,
    /// Total time a delivery waits after its own failures before it becomes a dead letter.
    pub give_up_after: Duration,
}

/// How long data that is no longer needed is kept; `None` for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetentionSettings {
    /// The traces of decisions.
    pub traces: Option<Duration>,
    /// What SoWell sent, once it is a demande.
    pub payloads: Option<Duration>,
    /// Deliveries, once delivered.
    pub deliveries: Option<Duration>,
}

/// Limits on incoming requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Maximum bytes of a request.
    pub body: usize,
    /// Maximum bytes of a decoded photo.
    pub photo: usize,
    /// Maximum number of photos in a signalement.
    pub photos: usize,
    /// Maximum pixels of a photo.
    pub pixels: u64,
    /// Maximum request rate of one client.
    pub rate: Rate,
}

/// A number of requests in a span of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// Number of requests.
    pub requests: u32,
    /// The span of time.
    pub per: Duration,
}

/// Why the settings cannot be used: every fault, not only the first.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("the settings cannot be used:\n  {}", .0.join("\n  "))]
pub struct SettingsError(pub Vec<String>);

/// The JSON Schema of the settings file.
#[must_use]
pub fn json_schema() -> serde_json::Value {
    keys::json_schema()
}

impl Settings {
    /// Reads the file, if there is one, and overrides it with the environment.
    ///
    /// # Errors
    /// When the named file is missing, or a value is not valid.
    pub fn load(
        file: Option<&Path>,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, SettingsError> {
        let (origin, text) = find(file, environment)?;
        origin.read_again(text)
    }

    /// Like [`Settings::load`], but a named folder may be missing: for verbs that restore it or report that themselves.
    ///
    /// # Errors
    /// Those of [`Settings::load`], except for folders.
    pub fn load_without_folders(
        file: Option<&Path>,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, SettingsError> {
        let (mut origin, text) = find(file, environment)?;
        origin.may_lack_folders = true;
        origin.read_again(text)
    }

    /// Like [`Settings::load`], for a verb that only needs the rules and exports. The settings file holds
    /// secrets, so those who edit the rules may not be allowed to read it: then the folders that `passerelle
    /// init` created beside it are used, and the returned note says so in French. A named folder may be missing: the
    /// verb reports it, in the language of those who edit it.
    ///
    /// # Errors
    /// Those of [`Settings::load`], except for folders.
    pub fn load_unless_secret(
        file: Option<&Path>,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<(Self, Option<String>), SettingsError> {
        let is_secret = std::fs::File::open(DEFAULT_FILE)
            .is_err_and(|error| error.kind() == ErrorKind::PermissionDenied);
        let beside = BESIDE.iter().all(|(_, folder)| Path::new(folder).is_dir());
        if file.is_some() || !is_secret || !beside {
            return Ok((Self::load_without_folders(file, environment)?, None));
        }
        let beside = BESIDE.map(|(name, folder)| (name.to_owned(), folder.to_owned()));
        // The last value of a key wins: the environment overrides what was found.
        let environment = beside.into_iter().chain(environment);
        let origin = Origin::new(None, Environment::new(environment));
        let note = format!(
            "vos droits ne permettent pas de lire {DEFAULT_FILE} : les dossiers `rules` et `referentiel` du dossier courant sont utilisés ; CRM, SoWell et secrets ne sont pas vérifiés"
        );
        Ok((origin.read_again(String::new())?, Some(note)))
    }

    /// The variables of the process, for [`Settings::load`]: only ours must be valid text.
    ///
    /// # Errors
    /// When one of ours is not UTF-8.
    pub fn variables(
        all: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Result<Vec<(String, String)>, SettingsError> {
        written::variables(all)
    }

    /// The secrets that connectors can name, and which connectors are called.
    #[must_use]
    pub fn secret_names(&self) -> SecretNames {
        self.live.secret_names(self.crm)
    }

    /// Variables that look like settings but are not, each with the nearest key.
    pub fn unknown_variables(
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Vec<String> {
        written::unknown_variables(environment)
    }
}

/// Where the settings are read from, and the text of the file.
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
