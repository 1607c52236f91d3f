//! Turns texts into typed settings: parses values one by one, and collects those that are not valid.

mod partners;
mod storage;

use std::net::{SocketAddr, ToSocketAddrs};
use std::path::{Path, PathBuf};

use url::Url;

use crate::settings::values::{bytes, directives, duration, pixels, rate, retention};
use crate::settings::written::Written;
use crate::settings::{
    Database, DeliverySettings, Limits, LiveSettings, Origin, RetentionSettings, Secret, Settings,
    SettingsError,
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

    fn listen(&mut self) -> Option<SocketAddr> {
        self.value("listen", |text| {
            let found = text.to_socket_addrs().ok().and_then(|mut all| all.next());
            found.ok_or_else(|| "is not an address and port, such as 127.0.0.1:8080".into())
        })
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
