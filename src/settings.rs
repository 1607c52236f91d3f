//! Typed settings: `passerelle.yaml`, overridden key by key by the environment.
//!
//! Every key has a default (contract, section 7). Relative paths start at the settings file, else
//! at the current folder. Secrets never show in `Debug`. Most keys are live: they change with the
//! file while the daemon runs (`flows/settings.rs`); the others need a restart.

mod compile;
mod keys;
mod live;
mod smtp;
mod written;

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use url::Url;

use crate::domain::ports::Client;
use crate::rules::connector::{Partner, SecretNames};

use written::{Environment, Written};

pub use live::{InForce, MadeFrom};

/// The file that is read where `--config` names none.
pub const DEFAULT_FILE: &str = "passerelle.yaml";

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
    pub photos: Photos,
    /// The landlord's rules.
    pub rules: Folder,
    /// The landlord's reference data.
    pub referentiel: Folder,
    /// Which CRM.
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

/// Where the daemon's memory is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Database {
    /// A file that one daemon has for itself.
    Sqlite(PathBuf),
    /// A server that several replicas share; its address may hold a password.
    Postgres(Secret),
}

impl Database {
    /// Understands an address; a relative path starts at the current folder.
    ///
    /// # Errors
    /// When it is neither SQLite nor PostgreSQL.
    pub fn parse(text: &str) -> Result<Self, String> {
        compile::database(Path::new(""), text)
    }
}

impl fmt::Display for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => path.display().fmt(f),
            Self::Postgres(url) => {
                let url = Url::parse(url.expose()).ok();
                let host = url.as_ref().and_then(Url::host_str).unwrap_or_default();
                let name = url.as_ref().map(Url::path).unwrap_or_default();
                write!(f, "PostgreSQL {host}{name}")
            }
        }
    }
}

/// Where photos are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Photos {
    /// In a folder, which several replicas may mount.
    Folder(PathBuf),
    /// In a bucket that speaks S3.
    S3(Box<S3Settings>),
}

/// A bucket that speaks S3.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct S3Settings {
    /// Its name.
    pub bucket: String,
    /// What stands before the name of each object, without slashes around it; may be empty.
    pub prefix: String,
    /// Who keeps it.
    pub server: S3Server,
}

/// A server that speaks S3.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct S3Server {
    /// Its address; `None` for AWS'.
    pub endpoint: Option<Url>,
    /// The region; `None` for the one that the environment or the client knows.
    pub region: Option<String>,
    /// The key to sign with; `None` to look for one as AWS' own tools do.
    pub key: Option<S3Key>,
    /// Whether it may be called without TLS.
    pub allow_http: bool,
    /// Authorities to trust beside the public ones, as PEM.
    pub ca: Option<Secret>,
    /// How long a photo may take, there or back.
    pub timeout: Duration,
}

/// A key of a bucket's server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct S3Key {
    /// Its name.
    pub id: Secret,
    /// The key itself.
    pub secret: Secret,
}

/// A folder that the landlord edits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Folder {
    /// On the disk.
    Disk(PathBuf),
    /// The copy inside the binary, for a start outside the repository.
    Shipped,
}

/// Where SoWell is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SowellSettings {
    /// `signalements/{uid}` is added to it.
    pub base_url: Url,
    /// Sent as a bearer token.
    pub token: Option<Secret>,
    /// Certificates beyond the public ones.
    pub tls: TlsSettings,
}

/// Which CRM stands behind the daemon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CrmKind {
    /// Demandes live in the daemon's own database.
    Embedded,
    /// Demandes live in the CRM that `connecteurs/crm.yaml` describes.
    Rest,
}

impl LiveSettings {
    /// What connectors can name. A partner without an address is not called.
    #[must_use]
    pub fn secret_names(&self) -> SecretNames {
        let crm = self.crm.base_url.is_some().then_some(Partner::Crm);
        let sowell = self.sowell.is_some().then_some(Partner::Sowell);
        SecretNames {
            names: self.secrets.keys().cloned().collect(),
            called: crm.into_iter().chain(sowell).collect(),
        }
    }
}

/// The remote CRM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CrmSettings {
    /// The paths of the connector's file are added to it; always there with [`CrmKind::Rest`].
    pub base_url: Option<Url>,
    /// Sent as a bearer token, unless the connector's file says otherwise.
    pub token: Option<Secret>,
    /// What SoWell is told while the CRM cannot be reached.
    pub when_unavailable: WhenUnavailable,
    /// How often changes are asked for; `None` for never.
    pub poll: Option<Duration>,
    /// Secret of the signature of the CRM's own calls.
    pub webhook_secret: Option<Secret>,
    /// Certificates beyond the public ones.
    pub tls: TlsSettings,
}

/// What happens to a signalement while the CRM cannot be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhenUnavailable {
    /// SoWell is told to send it again.
    Refuse,
    /// It is kept and created later.
    Defer,
}

/// Certificates for the calls to one partner.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TlsSettings {
    /// Authorities to trust beside the public ones, as PEM.
    pub ca: Option<Secret>,
    /// Our certificate and its key, as PEM.
    pub identity: Option<Secret>,
}

/// Where calls may go.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NetworkSettings {
    /// Hosts and addresses that connector files may call beside those of the `base_url` settings,
    /// in small letters.
    pub allow: Vec<String>,
}

/// Where e-mails go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SmtpSettings {
    /// `smtp://` or `smtps://` with credentials; `None` writes `.eml` files instead.
    pub url: Option<Secret>,
    /// Authorities that sign the server's certificate, in PEM; trusted beside the system's.
    pub ca: Option<Secret>,
    /// The sender.
    pub from: String,
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

/// A value that must not be shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a value.
    #[must_use]
    pub fn new(value: String) -> Self {
        Self(value)
    }

    /// The value; not for logs, messages or errors.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// Why the settings cannot be used; every fault, never only the first.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("the settings cannot be used:\n  {}", .0.join("\n  "))]
pub struct SettingsError(pub Vec<String>);

/// Where settings were read, so that they can be read again.
#[derive(Clone, Default)]
pub struct Origin {
    file: Option<PathBuf>,
    /// The file's text; empty without a file.
    text: String,
    environment: Environment,
    /// All texts together, to tell which keys an edit changed.
    written: Written,
}

impl fmt::Debug for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The texts hold secrets.
        f.debug_struct("Origin")
            .field("file", &self.file)
            .finish_non_exhaustive()
    }
}

impl Origin {
    /// The settings file; `None` where the daemon was started without one.
    #[must_use]
    pub fn file(&self) -> Option<&Path> {
        self.file.as_deref()
    }

    /// What the file said when these settings were read.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Understands another text of the same file, under the same environment.
    ///
    /// # Errors
    /// Every fault of its shape and every value that cannot be understood.
    pub fn read_again(&self, text: String) -> Result<Settings, SettingsError> {
        let name = self.file.as_deref().unwrap_or(Path::new(DEFAULT_FILE));
        let (mut written, faults) = Written::parse(&name.display().to_string(), &text);
        written.overlay(&self.environment);
        let origin = Self {
            file: self.file.clone(),
            text,
            environment: self.environment.clone(),
            written,
        };
        compile::compile(origin, faults)
    }

    /// Keys that differ in `edited` and take effect only at the next start.
    #[must_use]
    pub fn restart_keys(&self, edited: &Self) -> Vec<&'static str> {
        self.written.restart_keys(&edited.written)
    }
}

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
        let path = file.unwrap_or(Path::new(DEFAULT_FILE));
        let (file, text) = match std::fs::read_to_string(path) {
            Ok(text) => (Some(path.to_path_buf()), text),
            Err(error) if file.is_none() && error.kind() == std::io::ErrorKind::NotFound => {
                (None, String::new())
            }
            Err(error) => {
                return Err(SettingsError(vec![format!("{}: {error}", path.display())]));
            }
        };
        let origin = Origin {
            file,
            environment: Environment::new(environment),
            ..Origin::default()
        };
        origin.read_again(text)
    }

    /// Variables that look like settings and are none, each with the nearest key.
    pub fn unknown_variables(
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Vec<String> {
        written::unknown_variables(environment)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    }

    #[test]
    fn nothing_set_is_enough() {
        let settings = Settings::load(None, Vec::new()).unwrap();
        assert_eq!(settings.listen, ([127, 0, 0, 1], 8080).into());
        assert_eq!(settings.live.limits.photo, 16 * 1024 * 1024);
        assert_eq!(settings.live.delivery.max_retry, Duration::from_mins(15));
        assert!(settings.live.sowell.is_none());
    }

    #[test]
    fn the_environment_overrides_the_file_and_paths_start_at_it() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("passerelle.yaml");
        let text = "listen: 127.0.0.1:1\ndata_dir: here\nlimits: {photos: 3, rate: 5/s}\n";
        std::fs::write(&file, text).unwrap();
        let environment = environment(&[
            ("PASSERELLE_LISTEN", "127.0.0.1:2"),
            ("PASSERELLE_DELIVERY__FIRST_RETRY", "50ms"),
            ("PASSERELLE_TOKENS__SOWELL", "secret-token"),
        ]);
        let settings = Settings::load(Some(&file), environment).unwrap();
        assert_eq!(settings.listen.port(), 2);
        assert_eq!(settings.data_dir, folder.path().join("here"));
        assert_eq!(settings.live.limits.photos, 3);
        assert_eq!(settings.live.limits.rate.requests, 5);
        assert_eq!(
            settings.live.delivery.first_retry,
            Duration::from_millis(50)
        );
        assert!(!format!("{settings:?}").contains("secret-token"));
    }

    #[test]
    fn every_wrong_value_is_named() {
        let environment = environment(&[
            ("PASSERELLE_LISTEN", "here"),
            ("PASSERELLE_LIMITS__BODY", "big"),
            ("PASSERELLE_LIMITS__PIXELS", "many"),
            ("PASSERELLE_RULES_DIR", "/nowhere/at/all"),
            ("PASSERELLE_CRM__KIND", "rest"),
            ("PASSERELLE_SOWELL__BASE_URL", "http://sowell.example/?v=2"),
            ("PASSERELLE_CRM__TOKEN", "a b"),
            ("PASSERELLE_LOG", "bruyant"),
        ]);
        let SettingsError(faults) = Settings::load(None, environment).unwrap_err();
        assert_eq!(faults.len(), 8, "{faults:?}");
    }

    #[test]
    fn a_password_in_an_address_is_not_repeated() {
        for variable in ["DATABASE_URL", "FILES_URL", "SOWELL__BASE_URL"] {
            let name = format!("PASSERELLE_{variable}");
            let environment = vec![(name, "mysql://u:hunter2@h/db".to_owned())];
            let error = Settings::load(None, environment).unwrap_err().to_string();
            assert!(!error.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn a_bucket_needs_a_whole_key_and_leave_to_do_without_tls() {
        let bucket = |more: &[(&str, &str)]| {
            let mut all = environment(&[
                ("PASSERELLE_FILES_URL", "s3://photos/vivest/"),
                ("PASSERELLE_S3__SECRET_ACCESS_KEY", "hunter2"),
            ]);
            all.extend(environment(more));
            Settings::load(None, all)
        };
        let http = ("PASSERELLE_S3__ENDPOINT", "http://127.0.0.1:9000");
        let SettingsError(faults) = bucket(&[http]).unwrap_err();
        assert_eq!(faults.len(), 2, "{faults:?}");
        let id = ("PASSERELLE_S3__ACCESS_KEY_ID", "passerelle");
        let settings = bucket(&[http, id, ("PASSERELLE_S3__ALLOW_HTTP", "true")]).unwrap();
        assert!(!format!("{settings:?}").contains("hunter2"));
        let Photos::S3(bucket) = settings.photos else {
            panic!("a bucket is no folder");
        };
        assert_eq!((&*bucket.bucket, &*bucket.prefix), ("photos", "vivest"));
    }

    #[test]
    fn an_unknown_key_names_its_line() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("passerelle.yaml");
        std::fs::write(&file, "listen: 127.0.0.1:1\nlimit: {}\n").unwrap();
        let SettingsError(faults) = Settings::load(Some(&file), Vec::new()).unwrap_err();
        assert!(
            faults[0].contains("limit") && faults[0].contains("line 2"),
            "{faults:?}"
        );
    }

    #[test]
    fn the_log_follows_the_nearest_word() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("passerelle.yaml");
        std::fs::write(&file, "log: warn\n").unwrap();
        let log = |pairs: &[(&str, &str)]| {
            let settings = Settings::load(Some(&file), environment(pairs));
            settings.map(|it| it.live.log)
        };
        assert_eq!(log(&[]).unwrap(), "warn");
        assert_eq!(
            log(&[("RUST_LOG", "debug,sqlx=warn")]).unwrap(),
            "debug,sqlx=warn"
        );
        let both = [("RUST_LOG", "debug"), ("PASSERELLE_LOG", "error")];
        assert_eq!(log(&both).unwrap(), "error");
        // Another program's variable never keeps the daemon from starting; our own does.
        assert_eq!(log(&[("RUST_LOG", "a=b=c")]).unwrap(), "warn");
        for wrong in ["a=b=c", "debgu", "passerelle=inof"] {
            assert!(log(&[("PASSERELLE_LOG", wrong)]).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_is_kept_may_be_kept_for_years_or_for_ever() {
        let kept = |text: &str| {
            let variables = environment(&[("PASSERELLE_RETENTION__TRACES", text)]);
            Settings::load(None, variables).map(|it| it.live.retention.traces)
        };
        assert_eq!(kept("").unwrap(), Some(Duration::from_hours(365 * 24)));
        assert_eq!(kept("10y").unwrap().unwrap().as_secs() / 86_400, 3_652);
        assert_eq!(kept("forever").unwrap(), None);
        for wrong in ["0s", "never", "-1d", "200y"] {
            assert!(kept(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn secrets_and_hosts_are_the_landlords_own() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("passerelle.yaml");
        let text =
            "secrets: {redmine: one, other: two}\nnetwork: {allow: [Login.Example, '::1']}\n";
        std::fs::write(&file, text).unwrap();
        let variables = environment(&[
            ("PASSERELLE_SECRETS__OTHER", "three"),
            ("PASSERELLE_SECRETS__GLPI_APP", "four"),
        ]);
        assert!(Settings::unknown_variables(variables.clone()).is_empty());
        let live = Settings::load(Some(&file), variables).unwrap().live;
        let secrets = live.secrets.iter();
        let secrets: Vec<_> = secrets
            .map(|(name, it)| (name.as_str(), it.expose()))
            .collect();
        assert_eq!(
            secrets,
            [("glpi_app", "four"), ("other", "three"), ("redmine", "one")]
        );
        assert_eq!(live.network.allow, ["login.example", "[::1]"]);
        assert!(!format!("{live:?}").contains("three"));
        for wrong in [
            "secrets: {No: x}",
            "secrets: x",
            "network: {allow: ['http://a/']}",
        ] {
            std::fs::write(&file, wrong).unwrap();
            assert!(Settings::load(Some(&file), Vec::new()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_certificate_must_be_pem() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ca.pem");
        let load = || {
            let variables = environment(&[("PASSERELLE_CRM__CA_FILE", path.to_str().unwrap())]);
            Settings::load(None, variables)
        };
        assert!(load().is_err());
        std::fs::write(&path, "not one").unwrap();
        assert!(load().is_err());
        std::fs::write(&path, "-----BEGIN CERTIFICATE-----\n").unwrap();
        assert!(load().unwrap().live.crm.tls.ca.is_some());
    }

    #[test]
    fn a_mistyped_variable_is_noticed() {
        let environment = environment(&[
            ("PASSERELLE_TOKEN__SOWELL", "x"),
            ("PASSERELLE_BIN", "x"),
            ("PASSERELLE_TOKENS__SOWELL", "x"),
            ("PASSERELLE_DATADIR", "x"),
            ("PASSERELLE_LISTENN", "x"),
        ]);
        let unknown = Settings::unknown_variables(environment);
        let meant = ["TOKENS__SOWELL", "DATA_DIR", "LISTEN"];
        for key in meant {
            let variable = format!("PASSERELLE_{key}\"");
            assert!(
                unknown.iter().any(|it| it.contains(&variable)),
                "{unknown:?}"
            );
        }
        assert_eq!(unknown.len(), meant.len(), "{unknown:?}");
    }
}
