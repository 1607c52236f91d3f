//! Turns texts into typed settings: parses values one by one, and collects those that are not valid.

use std::collections::BTreeMap;
use std::net::{SocketAddr, ToSocketAddrs};
use std::path::{Path, PathBuf};

use lettre::message::Mailbox;
use strum::IntoEnumIterator;
use url::Url;

use crate::domain::ports::Client;
use crate::settings::values::{
    bytes, directives, duration, key_prefix, pixels, rate, retention, signing_key,
};
use crate::settings::written::Written;
use crate::settings::{
    CrmKind, CrmSettings, Database, DeliverySettings, Folder, Limits, LiveSettings,
    NetworkSettings, Origin, PhotoStorage, RetentionSettings, S3Key, S3Server, S3Settings, Secret,
    Settings, SettingsError, SmtpSettings, SowellSettings, TlsSettings, WhenUnavailable,
};

/// Parses what was written, or adds every value that is not valid to the faults found before.
pub(super) fn compile(origin: Origin, faults: Vec<String>) -> Result<Settings, SettingsError> {
    let file = origin.file();
    let mut compiler = Compiler {
        base: file
            .and_then(Path::parent)
            .map(Path::to_path_buf)
            .unwrap_or_default(),
        written: &origin.written,
        may_lack_folders: origin.may_lack_folders,
        faults,
    };
    let settings = compiler.settings();
    match (settings, compiler.faults) {
        (Some(settings), faults) if faults.is_empty() => Ok(settings(origin)),
        (_, faults) => Err(SettingsError(faults)),
    }
}

/// Parses the address of a database; a relative path starts at `base`.
pub(super) fn database(base: &Path, text: &str) -> Result<Database, String> {
    let sqlite = text
        .strip_prefix("sqlite://")
        .or(text.strip_prefix("sqlite:"));
    match (sqlite, Url::parse(text)) {
        (Some(path), _) if !path.is_empty() => Ok(Database::Sqlite(base.join(path))),
        (None, Ok(url)) if matches!(url.scheme(), "postgres" | "postgresql") => {
            Ok(Database::Postgres(Secret::new(text.to_owned())))
        }
        _ => Err("is neither sqlite://PATH nor postgres://USER@HOST/NAME".into()),
    }
}

struct Compiler<'a> {
    base: PathBuf,
    written: &'a Written,
    may_lack_folders: bool,
    faults: Vec<String>,
}

impl Compiler<'_> {
    /// `None` if a value is missing because it is not valid; otherwise a function that builds the settings,
    /// given their origin.
    fn settings(&mut self) -> Option<impl FnOnce(Origin) -> Settings + use<>> {
        let data_dir = self.base.join(self.written.text("data_dir"));
        let listen = self.listen();
        let database = self.database(&data_dir);
        let migrate = self.flag("migrate");
        let photos = self.photos(&data_dir);
        let rules = self.folder("rules_dir");
        let referentiel = self.folder("referentiel_dir");
        let crm = self.crm_kind();
        let live = self.live();
        let (listen, database, migrate, photos) = (listen?, database?, migrate?, photos?);
        let (crm, live) = (crm?, live?);
        Some(move |origin| Settings {
            listen,
            data_dir,
            database,
            migrate,
            photos,
            rules,
            referentiel,
            crm,
            live,
            origin,
        })
    }

    fn live(&mut self) -> Option<LiveSettings> {
        let tokens = self.tokens();
        let sowell = self.sowell();
        let crm = self.crm();
        let secrets = self.written.secrets();
        let secrets = secrets.map(|(name, value)| (name.to_owned(), Secret::new(value.to_owned())));
        let secrets = secrets.collect();
        let network = self.network();
        let smtp = self.smtp();
        let delivery = self.delivery();
        let retention = self.retention();
        let limits = self.limits();
        let log = self.value("log", directives);
        Some(LiveSettings {
            tokens,
            sowell,
            crm: crm?,
            secrets,
            network: network?,
            smtp,
            delivery: delivery?,
            retention: retention?,
            limits: limits?,
            log: log?,
        })
    }

    fn value<T>(
        &mut self,
        key: &str,
        understand: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        let text = self.written.text(key);
        match understand(text) {
            Ok(value) => Some(value),
            Err(reason) => {
                // An address may contain a password, even under a wrong key: it is not repeated.
                let address = key.ends_with("url") || text.contains("://");
                let shown = if address {
                    String::new()
                } else {
                    format!("\"{text}\" ")
                };
                self.faults.push(format!("{key}: {shown}{reason}"));
                None
            }
        }
    }

    fn flag(&mut self, key: &str) -> Option<bool> {
        self.value(key, |text| match text {
            "true" => Ok(true),
            "false" => Ok(false),
            _ => Err("is neither true nor false".into()),
        })
    }

    fn secret(&self, key: &str) -> Option<Secret> {
        let text = self.written.given(key);
        text.map(|text| Secret::new(text.to_owned()))
    }

    /// A token that we send in a header. It is not repeated if it does not fit.
    fn token(&mut self, key: &str) -> Option<Secret> {
        let text = self.written.given(key)?;
        if text.bytes().all(|it| it.is_ascii_graphic()) {
            return Some(Secret::new(text.to_owned()));
        }
        let bearer = text
            .trim_start()
            .to_ascii_lowercase()
            .starts_with("bearer ");
        let hint = if bearer {
            "; \"Bearer\" is added to it"
        } else {
            ""
        };
        let what = format!("{key}: has a space, a line break or an accent in it{hint}");
        self.faults.push(what);
        None
    }

    /// The secret with which the CRM signs its calls. It is not repeated if it can never be valid.
    fn webhook_secret(&mut self) -> Option<Secret> {
        let key = "crm.webhook_secret";
        let secret = self.secret(key)?;
        if signing_key(secret.expose()).is_some() {
            return Some(secret);
        }
        let what = format!("{key}: is not base64, with or without whsec_ before it");
        self.faults.push(what);
        None
    }

    fn listen(&mut self) -> Option<SocketAddr> {
        self.value("listen", |text| {
            let found = text.to_socket_addrs().ok().and_then(|mut all| all.next());
            found.ok_or_else(|| "is not an address and port, such as 127.0.0.1:8080".into())
        })
    }

    fn database(&mut self, data_dir: &Path) -> Option<Database> {
        let base = self.base.clone();
        self.value("database_url", |text| match text {
            "" => Ok(Database::Sqlite(data_dir.join("passerelle.sqlite"))),
            text => database(&base, text),
        })
    }

    fn photos(&mut self, data_dir: &Path) -> Option<PhotoStorage> {
        let base = self.base.clone();
        let server = self.s3_server();
        let photos = self.value("files_url", |text| {
            if text.is_empty() {
                return Ok(Some(PhotoStorage::Folder(data_dir.join("fichiers"))));
            }
            if let Some(path) = text.strip_prefix("file://")
                && !path.is_empty()
            {
                return Ok(Some(PhotoStorage::Folder(base.join(path))));
            }
            let place = text.strip_prefix("s3://").unwrap_or_default();
            let (bucket, prefix) = place.split_once('/').unwrap_or((place, ""));
            if bucket.is_empty() || bucket.contains(['@', ':', '?']) {
                return Err("is neither file://PATH nor s3://BUCKET/PREFIX".into());
            }
            let prefix = key_prefix(prefix)?;
            let bucket = |server| S3Settings {
                bucket: bucket.to_owned(),
                prefix,
                server,
            };
            Ok(server.map(|server| PhotoStorage::S3(Box::new(bucket(server)))))
        });
        photos.flatten()
    }

    fn s3_server(&mut self) -> Option<S3Server> {
        let endpoint = self.address("s3.endpoint");
        let allow_http = self.flag("s3.allow_http")?;
        if !allow_http && endpoint.as_ref().is_some_and(|it| it.scheme() == "http") {
            let what =
                "s3.endpoint: photos would travel unprotected; s3.allow_http: true allows it";
            self.faults.push(what.to_owned());
        }
        let (id, secret) = ("s3.access_key_id", "s3.secret_access_key");
        let key = match (self.secret(id), self.secret(secret)) {
            (Some(id), Some(secret)) => Some(S3Key { id, secret }),
            (None, None) => None,
            _ => {
                self.faults
                    .push(format!("{id}: goes together with {secret}"));
                None
            }
        };
        Some(S3Server {
            endpoint,
            region: self.written.given("s3.region").map(str::to_owned),
            key,
            allow_http,
            ca: self.pem("s3.ca_file"),
            timeout: self.value("s3.timeout", duration)?,
        })
    }

    fn folder(&mut self, key: &str) -> Folder {
        let path = self.base.join(self.written.text(key));
        match (path.is_dir(), self.written.given(key)) {
            (true, _) => Folder::Disk(path),
            (false, None) => Folder::Shipped,
            (false, Some(_)) if self.may_lack_folders => Folder::Disk(path),
            (false, Some(_)) => {
                self.faults
                    .push(format!("{key}: there is no folder {}", path.display()));
                Folder::Shipped
            }
        }
    }

    fn crm_kind(&mut self) -> Option<CrmKind> {
        let kind = self.value("crm.kind", |kind| match kind {
            "embedded" => Ok(CrmKind::Embedded),
            "rest" => Ok(CrmKind::Rest),
            _ => Err("is neither \"embedded\" nor \"rest\"".into()),
        })?;
        if kind == CrmKind::Rest && self.written.given("crm.base_url").is_none() {
            let what = "crm.base_url: is needed with crm.kind: rest";
            self.faults.push(what.to_owned());
        }
        Some(kind)
    }

    fn crm(&mut self) -> Option<CrmSettings> {
        let base_url = self.address("crm.base_url");
        let when_unavailable = self.value("crm.when_unavailable", |text| match text {
            "refuse" => Ok(WhenUnavailable::Refuse),
            "defer" => Ok(WhenUnavailable::Defer),
            _ => Err("is neither \"refuse\" nor \"defer\"".into()),
        });
        let poll = self.value("crm.poll", |text| match text {
            "off" => Ok(None),
            text => duration(text).map(Some),
        });
        Some(CrmSettings {
            base_url,
            token: self.token("crm.token"),
            when_unavailable: when_unavailable?,
            poll: poll?,
            webhook_secret: self.webhook_secret(),
            tls: self.tls("crm"),
        })
    }

    /// The content of the PEM files: read with the settings, so that a reload loads a renewed certificate.
    fn tls(&mut self, partner: &str) -> TlsSettings {
        TlsSettings {
            ca: self.pem(&format!("{partner}.ca_file")),
            identity: self.pem(&format!("{partner}.identity_file")),
        }
    }

    fn pem(&mut self, key: &str) -> Option<Secret> {
        self.written.given(key)?;
        let base = self.base.clone();
        self.value(key, |path| {
            let read = std::fs::read_to_string(base.join(path));
            let text = read.map_err(|error| format!("cannot be read: {error}"))?;
            if text.contains("-----BEGIN ") {
                Ok(Secret::new(text))
            } else {
                Err("is not a PEM file (-----BEGIN …)".into())
            }
        })
    }

    fn network(&mut self) -> Option<NetworkSettings> {
        let allow = self.value("network.allow", |text| {
            let hosts = text.split(',').map(str::trim).filter(|it| !it.is_empty());
            hosts
                .map(|host| {
                    // An IPv6 address may be written with or without its brackets.
                    let bare = host.trim_start_matches('[').trim_end_matches(']');
                    let wrapped = if bare.contains(':') {
                        format!("[{bare}]")
                    } else {
                        bare.to_owned()
                    };
                    match url::Host::parse(&wrapped) {
                        Ok(host) => Ok(host.to_string()),
                        Err(_) => Err("must be names or addresses, without port or path".into()),
                    }
                })
                .collect::<Result<Vec<String>, String>>()
        });
        Some(NetworkSettings { allow: allow? })
    }

    fn tokens(&mut self) -> BTreeMap<Client, Secret> {
        let mut tokens = BTreeMap::new();
        for client in Client::iter() {
            let key = format!("tokens.{}", client.as_str());
            let Some(token) = self.secret(&key) else {
                continue;
            };
            if !fits_a_header(token.expose()) {
                // Otherwise the client would always be refused.
                self.faults.push(format!(
                    "{key}: has a space or a line break around it, or an accent or another sign in it that no header carries"
                ));
            }
            if tokens.values().any(|it| *it == token) {
                self.faults
                    .push(format!("{key}: another client has the same token"));
            }
            tokens.insert(client, token);
        }
        tokens
    }

    fn sowell(&mut self) -> Option<SowellSettings> {
        let base_url = self.address("sowell.base_url")?;
        Some(SowellSettings {
            base_url,
            token: self.token("sowell.token"),
            tls: self.tls("sowell"),
        })
    }

    fn address(&mut self, key: &str) -> Option<Url> {
        self.written.given(key)?;
        self.value(key, |text| match Url::parse(text) {
            Ok(url) if !matches!(url.scheme(), "http" | "https") => {
                Err("is not an http or https address".into())
            }
            // Paths are appended to it.
            Ok(url) if url.query().is_some() || url.fragment().is_some() => {
                Err("has a query or a fragment, behind which no path can stand".into())
            }
            Ok(url) => Ok(url),
            Err(_) => Err("is not an http or https address".into()),
        })
    }

    fn smtp(&mut self) -> SmtpSettings {
        let settings = SmtpSettings {
            url: self.secret("smtp.url"),
            ca: self.pem("smtp.ca_file"),
            from: self.written.text("smtp.from").to_owned(),
        };
        if settings.url.is_some() {
            self.value("smtp.url", |_| {
                let server = settings.server();
                server.map(|_| ()).map_err(|error| error.to_string())
            });
        }
        self.value("smtp.from", |text| {
            text.parse::<Mailbox>()
                .map_err(|_| "is not an e-mail address".into())
        });
        settings
    }

    fn delivery(&mut self) -> Option<DeliverySettings> {
        let attempt = self.value("delivery.attempt", duration);
        let first_retry = self.value("delivery.first_retry", duration);
        let max_retry = self.value("delivery.max_retry", duration);
        let give_up_after = self.value("delivery.give_up_after", duration);
        // If nobody set the first wait, the maximum is meant to cap it.
        let longer = first_retry
            .zip(max_retry)
            .is_some_and(|(it, most)| it > most);
        if longer && self.written.given("delivery.first_retry").is_some() {
            let what = "delivery.first_retry: is longer than delivery.max_retry, the longest wait";
            self.faults.push(what.to_owned());
        }
        Some(DeliverySettings {
            attempt: attempt?,
            first_retry: first_retry?,
            max_retry: max_retry?,
            give_up_after: give_up_after?,
        })
    }

    fn retention(&mut self) -> Option<RetentionSettings> {
        let traces = self.value("retention.traces", retention);
        let payloads = self.value("retention.payloads", retention);
        let deliveries = self.value("retention.deliveries", retention);
        Some(RetentionSettings {
            traces: traces?,
            payloads: payloads?,
            deliveries: deliveries?,
        })
    }

    fn limits(&mut self) -> Option<Limits> {
        let body = self.value("limits.body", bytes);
        let photo = self.value("limits.photo", bytes);
        let photos = self.value("limits.photos", |text| {
            text.parse().map_err(|_| "is not a number".into())
        });
        let pixels = self.value("limits.pixels", pixels);
        let rate = self.value("limits.rate", rate);
        Some(Limits {
            body: body?,
            photo: photo?,
            photos: photos?,
            pixels: pixels?,
            rate: rate?,
        })
    }
}

/// Whether a token can be read from a header exactly as it was sent.
fn fits_a_header(token: &str) -> bool {
    token.trim() == token && token.bytes().all(|it| matches!(it, b' '..=b'~' | b'\t'))
}
