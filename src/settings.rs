//! Typed settings: `passerelle.yaml`, overridden key by key by the environment.
//!
//! Every key has a default (contract, section 7). Relative paths start at the settings file, else
//! at the current folder. Secrets never show in `Debug`.

use std::collections::BTreeMap;
use std::fmt;
use std::net::{SocketAddr, ToSocketAddrs};
use std::path::{Path, PathBuf};
use std::time::Duration;

use schemars::transform::{RecursiveTransform, Transform};
use schemars::{JsonSchema, Schema};
use serde::Deserialize;
use url::Url;

use crate::domain::ports::Client;
use crate::rules::diagnostic::suggestion;
use crate::rules::schema;

/// The file that is read where `--config` names none.
pub const DEFAULT_FILE: &str = "passerelle.yaml";

/// Everything that can be set.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where the daemon listens.
    pub listen: SocketAddr,
    /// Where the daemon keeps what it is not told to keep elsewhere.
    pub data_dir: PathBuf,
    /// The SQLite file.
    pub database: PathBuf,
    /// Where photos are kept.
    pub files_dir: PathBuf,
    /// The landlord's rules.
    pub rules: Folder,
    /// The landlord's reference data.
    pub referentiel: Folder,
    /// Tokens that the settings give; the others are made at the first start.
    pub tokens: BTreeMap<Client, Secret>,
    /// SoWell's API; `None` until it is known, and deliveries wait.
    pub sowell: Option<SowellSettings>,
    /// The mail server.
    pub smtp: SmtpSettings,
    /// How deliveries are tried again.
    pub delivery: DeliverySettings,
    /// Limits on what comes in.
    pub limits: Limits,
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
#[derive(Debug, Clone)]
pub struct SowellSettings {
    /// `signalements/{uid}` is added to it.
    pub base_url: Url,
    /// Sent as a bearer token.
    pub token: Option<Secret>,
}

/// Where e-mails go.
#[derive(Debug, Clone)]
pub struct SmtpSettings {
    /// `smtp://` or `smtps://` with credentials; `None` writes `.eml` files instead.
    pub url: Option<Secret>,
    /// The sender.
    pub from: String,
}

/// How deliveries are tried again.
#[derive(Debug, Clone, Copy)]
pub struct DeliverySettings {
    /// The wait after the first failure; it doubles with each further one.
    pub first_retry: Duration,
    /// The longest wait.
    pub max_retry: Duration,
    /// When a delivery becomes a dead letter.
    pub give_up_after: Duration,
}

/// Limits on what comes in.
#[derive(Debug, Clone, Copy)]
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

/// Settings of Passerelle. Every key has a default; the environment overrides the file.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(title = "passerelle.yaml")]
struct Raw {
    /// Address and port where the daemon listens [default: 127.0.0.1:8080].
    listen: Option<String>,
    /// Folder of the database, the photos and the unsent e-mails [default: data].
    data_dir: Option<String>,
    /// The database, where it is to be elsewhere: sqlite://PATH.
    database_url: Option<String>,
    /// Folder of the landlord's rules; edits are live at once [default: rules].
    rules_dir: Option<String>,
    /// Folder of the landlord's reference data; edits are live at once [default: examples/referentiel].
    referentiel_dir: Option<String>,
    /// The photos, where they are to be elsewhere: file://PATH.
    files_url: Option<String>,
    /// Bearer tokens of the three clients; those left out are made at the first start and shown once.
    tokens: RawTokens,
    /// SoWell's API; until base_url is set, deliveries wait.
    sowell: RawPartner,
    /// The CRM.
    crm: RawCrm,
    /// The mail server; without one, each e-mail is written as an .eml file under data_dir.
    smtp: RawSmtp,
    /// How deliveries are tried again.
    delivery: RawDelivery,
    /// Limits on what comes in.
    limits: RawLimits,
}

/// Bearer tokens of the three clients.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct RawTokens {
    /// SoWell's token.
    sowell: Option<String>,
    /// The CRM's token.
    crm: Option<String>,
    /// The admins' token.
    admin: Option<String>,
}

/// An API that the daemon calls.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct RawPartner {
    /// http or https address; `signalements/{uid}` is added to it.
    base_url: Option<String>,
    /// Sent as a bearer token.
    token: Option<String>,
}

/// The CRM.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct RawCrm {
    /// Which CRM: embedded [default: embedded].
    #[schemars(extend("enum" = ["embedded", null]))]
    kind: Option<String>,
}

/// The mail server.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct RawSmtp {
    /// smtps://user:password@host, or smtp://host:587?tls=required.
    url: Option<String>,
    /// The sender, such as Vivest <ne-pas-repondre@vivest.example>.
    from: Option<String>,
}

/// How deliveries are tried again.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct RawDelivery {
    /// The wait after the first failed attempt [default: 1s].
    first_retry: Option<String>,
    /// The longest wait [default: 15m].
    max_retry: Option<String>,
    /// When a delivery becomes a dead letter [default: 7d].
    give_up_after: Option<String>,
}

/// Limits on what comes in.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct RawLimits {
    /// Size of a request [default: 64 MiB].
    body: Option<String>,
    /// Size of a photo [default: 16 MiB].
    photo: Option<String>,
    /// Photos of a signalement [default: 20].
    photos: Option<String>,
    /// Pixels of a photo [default: 100 Mpx].
    pixels: Option<String>,
    /// Requests of one client [default: 600/min].
    rate: Option<String>,
}

/// Gives the place of one key among the settings as written.
type Slot = fn(&mut Raw) -> &mut Option<String>;

/// Every key that the environment can set, by its name in the file.
const KEYS: [(&str, Slot); 22] = [
    ("listen", |raw| &mut raw.listen),
    ("data_dir", |raw| &mut raw.data_dir),
    ("database_url", |raw| &mut raw.database_url),
    ("rules_dir", |raw| &mut raw.rules_dir),
    ("referentiel_dir", |raw| &mut raw.referentiel_dir),
    ("files_url", |raw| &mut raw.files_url),
    ("tokens.sowell", |raw| &mut raw.tokens.sowell),
    ("tokens.crm", |raw| &mut raw.tokens.crm),
    ("tokens.admin", |raw| &mut raw.tokens.admin),
    ("sowell.base_url", |raw| &mut raw.sowell.base_url),
    ("sowell.token", |raw| &mut raw.sowell.token),
    ("crm.kind", |raw| &mut raw.crm.kind),
    ("smtp.url", |raw| &mut raw.smtp.url),
    ("smtp.from", |raw| &mut raw.smtp.from),
    ("delivery.first_retry", |raw| &mut raw.delivery.first_retry),
    ("delivery.max_retry", |raw| &mut raw.delivery.max_retry),
    ("delivery.give_up_after", |raw| {
        &mut raw.delivery.give_up_after
    }),
    ("limits.body", |raw| &mut raw.limits.body),
    ("limits.photo", |raw| &mut raw.limits.photo),
    ("limits.photos", |raw| &mut raw.limits.photos),
    ("limits.pixels", |raw| &mut raw.limits.pixels),
    ("limits.rate", |raw| &mut raw.limits.rate),
];

fn variable(key: &str) -> String {
    format!("PASSERELLE_{}", key.to_uppercase().replace('.', "__"))
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
        let path = file.map_or_else(|| PathBuf::from(DEFAULT_FILE), Path::to_path_buf);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => Some(text),
            Err(error) if file.is_none() && error.kind() == std::io::ErrorKind::NotFound => None,
            Err(error) => {
                return Err(SettingsError(vec![format!("{}: {error}", path.display())]));
            }
        };
        let base = match &text {
            Some(_) => path.parent().map(Path::to_path_buf).unwrap_or_default(),
            None => PathBuf::new(),
        };
        let mut raw = match text {
            Some(text) => parse(&path, &text)?,
            None => Raw::default(),
        };
        overlay(&mut raw, environment);
        Compiler::new(base).settings(raw)
    }

    /// Variables that look like settings and are none, each with the nearest key.
    pub fn unknown_variables(
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Vec<String> {
        let known: Vec<String> = KEYS.iter().map(|(key, _)| variable(key)).collect();
        environment
            .into_iter()
            // A key of a group is what people mistype; other programs may share the prefix.
            .filter(|(name, _)| name.starts_with("PASSERELLE_") && name.contains("__"))
            .filter(|(name, _)| !known.contains(name))
            .map(|(name, _)| {
                let near = suggestion(&name, known.iter().map(String::as_str));
                format!("{name}: {near}")
            })
            .collect()
    }
}

/// The JSON Schema of the settings file.
#[must_use]
pub fn json_schema() -> Schema {
    let mut schema = schema::of::<Raw>();
    RecursiveTransform(as_it_is_read).transform(&mut schema);
    schema
}

/// A bare number is read as the text that it is (`photos: 20`), and no default is `null`.
fn as_it_is_read(schema: &mut Schema) {
    schema.remove("default");
    if let Some(serde_json::Value::Array(types)) = schema.get_mut("type")
        && types.iter().any(|it| it == "string")
    {
        types.push("number".into());
    }
}

fn parse(path: &Path, text: &str) -> Result<Raw, SettingsError> {
    let options = serde_yaml::options! {
        strict_booleans: true,
        with_snippet: false,
    };
    // An empty file, or one with only comments, is as good as none.
    let raw: Result<Option<Raw>, _> = serde_yaml::from_str_with_options(text, options);
    raw.map(Option::unwrap_or_default)
        .map_err(|error| SettingsError(vec![format!("{}: {error}", path.display())]))
}

fn overlay(raw: &mut Raw, environment: impl IntoIterator<Item = (String, String)>) {
    let environment: BTreeMap<String, String> = environment.into_iter().collect();
    for (key, slot) in KEYS {
        if let Some(value) = environment.get(&variable(key)) {
            *slot(raw) = Some(value.clone());
        }
    }
}

/// Understands values one by one and collects what cannot be.
struct Compiler {
    base: PathBuf,
    faults: Vec<String>,
}

impl Compiler {
    fn new(base: PathBuf) -> Self {
        Self {
            base,
            faults: Vec::new(),
        }
    }

    fn settings(mut self, raw: Raw) -> Result<Settings, SettingsError> {
        let data_dir = self.path(raw.data_dir.as_deref().unwrap_or("data"));
        let listen = self.listen(raw.listen.as_deref().unwrap_or("127.0.0.1:8080"));
        let database = self.database(raw.database_url.as_deref(), &data_dir);
        let files_dir = self.files(raw.files_url.as_deref(), &data_dir);
        let rules = self.folder("rules_dir", raw.rules_dir.as_deref(), "rules");
        let referentiel = self.folder(
            "referentiel_dir",
            raw.referentiel_dir.as_deref(),
            "examples/referentiel",
        );
        let tokens = self.tokens(raw.tokens);
        let sowell = self.sowell(raw.sowell);
        if let Some(kind) = raw.crm.kind.filter(|kind| kind != "embedded") {
            self.faults.push(format!(
                "crm.kind: \"{kind}\" is not available in this version, only \"embedded\""
            ));
        }
        let delivery = self.delivery(&raw.delivery);
        let limits = self.limits(&raw.limits);
        let smtp = SmtpSettings {
            url: filled(raw.smtp.url).map(Secret),
            from: filled(raw.smtp.from).unwrap_or_else(|| "Vivest <passerelle@localhost>".into()),
        };
        if smtp.from.parse::<lettre::message::Mailbox>().is_err() {
            self.faults.push(format!(
                "smtp.from: \"{}\" is not an e-mail address",
                smtp.from
            ));
        }
        if !self.faults.is_empty() {
            return Err(SettingsError(self.faults));
        }
        Ok(Settings {
            listen: listen.unwrap_or_else(|| ([127, 0, 0, 1], 8080).into()),
            data_dir,
            database,
            files_dir,
            rules,
            referentiel,
            tokens,
            sowell,
            smtp,
            delivery,
            limits,
        })
    }

    fn path(&self, text: &str) -> PathBuf {
        self.base.join(text)
    }

    fn value<T>(
        &mut self,
        key: &str,
        text: Option<&str>,
        default: T,
        understand: impl FnOnce(&str) -> Result<T, String>,
    ) -> T {
        match text.map(understand) {
            None => default,
            Some(Ok(value)) => value,
            Some(Err(reason)) => {
                // An address may hold a password: it is not repeated.
                let shown = match text {
                    Some(text) if !key.ends_with("_url") => format!("\"{text}\" "),
                    _ => String::new(),
                };
                self.faults.push(format!("{key}: {shown}{reason}"));
                default
            }
        }
    }

    fn listen(&mut self, text: &str) -> Option<SocketAddr> {
        self.value("listen", Some(text), None, |text| {
            let found = text.to_socket_addrs().ok().and_then(|mut all| all.next());
            found
                .map(Some)
                .ok_or_else(|| "is not an address and port, such as 127.0.0.1:8080".into())
        })
    }

    fn database(&mut self, url: Option<&str>, data_dir: &Path) -> PathBuf {
        let default = data_dir.join("passerelle.sqlite");
        let base = self.base.clone();
        self.value("database_url", url, default, |text| {
            match text
                .strip_prefix("sqlite://")
                .or(text.strip_prefix("sqlite:"))
            {
                Some(path) if !path.is_empty() => Ok(base.join(path)),
                _ => Err("must be sqlite://PATH in this version".into()),
            }
        })
    }

    fn files(&mut self, url: Option<&str>, data_dir: &Path) -> PathBuf {
        let default = data_dir.join("fichiers");
        let base = self.base.clone();
        self.value("files_url", url, default, |text| {
            match text.strip_prefix("file://") {
                Some(path) if !path.is_empty() => Ok(base.join(path)),
                _ => Err("must be file://PATH in this version".into()),
            }
        })
    }

    fn folder(&mut self, key: &str, named: Option<&str>, default: &str) -> Folder {
        let path = self.path(named.unwrap_or(default));
        match (path.is_dir(), named) {
            (true, _) => Folder::Disk(path),
            (false, None) => Folder::Shipped,
            (false, Some(_)) => {
                self.faults
                    .push(format!("{key}: there is no folder {}", path.display()));
                Folder::Shipped
            }
        }
    }

    fn tokens(&mut self, raw: RawTokens) -> BTreeMap<Client, Secret> {
        let mut tokens = BTreeMap::new();
        for (client, token) in [
            (Client::Sowell, raw.sowell),
            (Client::Crm, raw.crm),
            (Client::Admin, raw.admin),
        ] {
            let Some(token) = filled(token) else { continue };
            if tokens.values().any(|it: &Secret| it.expose() == token) {
                self.faults.push(format!(
                    "tokens.{}: another client has the same token",
                    client.as_str()
                ));
            }
            tokens.insert(client, Secret(token));
        }
        tokens
    }

    fn sowell(&mut self, raw: RawPartner) -> Option<SowellSettings> {
        let base_url = filled(raw.base_url)?;
        let url = self.value(
            "sowell.base_url",
            Some(&base_url),
            None,
            |text| match Url::parse(text) {
                Ok(url) if matches!(url.scheme(), "http" | "https") => Ok(Some(url)),
                _ => Err("is not an http or https address".into()),
            },
        )?;
        Some(SowellSettings {
            base_url: url,
            token: filled(raw.token).map(Secret),
        })
    }

    fn delivery(&mut self, raw: &RawDelivery) -> DeliverySettings {
        let mut duration = |key: &str, text: &Option<String>, default: u64| {
            self.value(key, text.as_deref(), Duration::from_secs(default), |text| {
                humantime::parse_duration(text)
                    .ok()
                    .filter(|it| !it.is_zero() && *it <= Duration::from_hours(8784))
                    .ok_or_else(|| "is not a duration, such as 500ms, 15m or 7d".into())
            })
        };
        DeliverySettings {
            first_retry: duration("delivery.first_retry", &raw.first_retry, 1),
            max_retry: duration("delivery.max_retry", &raw.max_retry, 15 * 60),
            give_up_after: duration("delivery.give_up_after", &raw.give_up_after, 7 * 24 * 3600),
        }
    }

    fn limits(&mut self, raw: &RawLimits) -> Limits {
        const MIB: usize = 1024 * 1024;
        let bytes = |text: &str| {
            let size = text.parse::<bytesize::ByteSize>().ok();
            size.and_then(|size| usize::try_from(size.as_u64()).ok())
                .ok_or_else(|| "is not a size, such as 16 MiB".to_owned())
        };
        let rate = Rate {
            requests: 600,
            per: Duration::from_mins(1),
        };
        Limits {
            body: self.value("limits.body", raw.body.as_deref(), 64 * MIB, bytes),
            photo: self.value("limits.photo", raw.photo.as_deref(), 16 * MIB, bytes),
            photos: self.value("limits.photos", raw.photos.as_deref(), 20, |text| {
                text.parse().map_err(|_| "is not a number".into())
            }),
            pixels: self.value("limits.pixels", raw.pixels.as_deref(), 100_000_000, pixels),
            rate: self.value("limits.rate", raw.rate.as_deref(), rate, parse_rate),
        }
    }
}

/// An empty variable means "not set", as deployment tools write it.
fn filled(value: Option<String>) -> Option<String> {
    value.filter(|value| !value.is_empty())
}

fn pixels(text: &str) -> Result<u64, String> {
    let compact: String = text.chars().filter(|it| !it.is_whitespace()).collect();
    let lower = compact.to_lowercase();
    let (number, unit) = match lower.strip_suffix("mpx") {
        Some(number) => (number, 1_000_000),
        None => (lower.strip_suffix("px").unwrap_or(&lower), 1),
    };
    number
        .parse::<u64>()
        .ok()
        .and_then(|number| number.checked_mul(unit))
        .ok_or_else(|| "is not a number of pixels, such as 100 Mpx".into())
}

fn parse_rate(text: &str) -> Result<Rate, String> {
    let wrong = || "is not a rate, such as 600/min".to_owned();
    let (requests, span) = text.split_once('/').ok_or_else(wrong)?;
    let per = match span.trim() {
        "s" | "sec" | "second" => 1,
        "m" | "min" | "minute" => 60,
        "h" | "hour" => 3600,
        _ => return Err(wrong()),
    };
    let requests: u32 = requests.trim().parse().map_err(|_| wrong())?;
    if requests == 0 {
        return Err(wrong());
    }
    Ok(Rate {
        requests,
        per: Duration::from_secs(per),
    })
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
        assert_eq!(settings.limits.photo, 16 * 1024 * 1024);
        assert_eq!(settings.delivery.max_retry, Duration::from_mins(15));
        assert!(settings.sowell.is_none());
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
        assert_eq!(settings.limits.photos, 3);
        assert_eq!(settings.limits.rate.requests, 5);
        assert_eq!(settings.delivery.first_retry, Duration::from_millis(50));
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
        ]);
        let SettingsError(faults) = Settings::load(None, environment).unwrap_err();
        assert_eq!(faults.len(), 5, "{faults:?}");
    }

    #[test]
    fn a_password_in_an_address_is_not_repeated() {
        for variable in ["DATABASE_URL", "FILES_URL", "SOWELL__BASE_URL"] {
            let name = format!("PASSERELLE_{variable}");
            let environment = vec![(name, "postgres://u:hunter2@h/db".to_owned())];
            let error = Settings::load(None, environment).unwrap_err().to_string();
            assert!(!error.contains("hunter2"), "{error}");
        }
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
    fn a_mistyped_variable_is_noticed() {
        let environment = environment(&[
            ("PASSERELLE_TOKEN__SOWELL", "x"),
            ("PASSERELLE_BIN", "x"),
            ("PASSERELLE_TOKENS__SOWELL", "x"),
        ]);
        let unknown = Settings::unknown_variables(environment);
        assert_eq!(unknown.len(), 1);
        assert!(
            unknown[0].contains("PASSERELLE_TOKENS__SOWELL"),
            "{unknown:?}"
        );
    }
}
