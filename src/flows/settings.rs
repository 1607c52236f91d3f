//! Settings that change while the daemon runs.
//!
//! As with rules: change → wait for quiet → read twice → parse → swap one value, or keep the old one and report
//! why. Changed keys that need a restart are listed until there is one.

use std::sync::Arc;

use arc_swap::ArcSwap;
use chrono::{DateTime, Utc};
use strum::IntoEnumIterator;
use tokio::sync::{Mutex, mpsc};

use crate::domain::ports::{Client, Clock, FileSet, Source, SourceError, Store};
use crate::flows::debounce::Attempted;
use crate::flows::hint::Hint;
use crate::flows::{debounce, resume};
use crate::settings::{CrmKind, InForce, LiveSettings, Origin, Settings, SettingsError};

/// Tokens with fewer bytes than this cause a warning.
const SHORTEST_TOKEN: usize = 16;

/// One attempt to put the settings file in force; startup is the first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingsAttempt {
    /// When it was made.
    pub at: DateTime<Utc>,
    /// Why it did not take effect; empty if it did.
    pub faults: Vec<String>,
    /// Keys of the last accepted file that need a restart.
    pub restart: Vec<&'static str>,
}

/// What the flow needs to act.
pub struct Parts {
    /// The settings file; `None` if the daemon was started without one.
    pub file: Option<Arc<dyn Source>>,
    /// The daemon's database.
    pub store: Arc<dyn Store>,
    /// The wall clock.
    pub clock: Arc<dyn Clock>,
    /// Wakes the deliveries that a new address or token makes due.
    pub outbox: Hint,
    /// Sets the log filter.
    pub set_log: fn(&str),
}

/// The live settings in force, and how to change them.
pub struct SettingsReload {
    parts: Parts,
    in_force: InForce,
    /// The settings at startup, from which a needed restart is determined.
    started: Origin,
    last: ArcSwap<SettingsAttempt>,
    /// The text last tried; the lock also ensures one attempt at a time.
    tried: Mutex<String>,
}

impl SettingsReload {
    /// Starts with the settings loaded at startup.
    #[must_use]
    pub fn boot(settings: &Settings, in_force: InForce, parts: Parts) -> Self {
        let attempt = SettingsAttempt {
            at: parts.clock.now(),
            faults: Vec::new(),
            restart: Vec::new(),
        };
        warn_of_sender(&settings.live);
        warn_of_tokens(&settings.live);
        warn_of_idle_keys(&settings.origin, settings.crm);
        Self {
            parts,
            in_force,
            started: settings.origin.clone(),
            last: ArcSwap::from_pointee(attempt),
            tried: Mutex::new(settings.origin.text().to_owned()),
        }
    }

    /// The settings in force; a request keeps them for its whole duration.
    #[must_use]
    pub fn in_force(&self) -> Arc<LiveSettings> {
        self.in_force.get()
    }

    /// The result of the last attempt.
    #[must_use]
    pub fn last_attempt(&self) -> Arc<SettingsAttempt> {
        self.last.load_full()
    }

    /// Reloads after each burst of hints, until their sender is dropped.
    pub async fn run(self: Arc<Self>, hints: mpsc::Receiver<()>) {
        let files = debounce::Files {
            unfinished: || false,
            being_written: || {
                self.parts
                    .file
                    .as_ref()
                    .is_some_and(|it| it.being_written())
            },
        };
        debounce::after_each_burst(hints, files, || self.reload_if_changed()).await;
    }

    /// Tries the file, whether or not it changed.
    pub async fn reload(&self) {
        if let Some(file) = &self.parts.file {
            let mut tried = self.tried.lock().await;
            let text = read_settled(file).await;
            if let Err(faults) = self.attempt(text, &mut tried).await {
                self.refuse(faults);
            }
        }
    }

    /// Tries the file, unless this exact text has taken effect. A refused text is tried again: something it
    /// names, such as a folder, may appear without another edit.
    async fn reload_if_changed(&self) -> Attempted {
        let Some(file) = &self.parts.file else {
            return Attempted::Settled;
        };
        let mut tried = self.tried.lock().await;
        let text = read_settled(file).await;
        let accepted = self.last.load().faults.is_empty();
        if accepted && text.as_ref().is_ok_and(|text| *text == *tried) {
            return Attempted::Settled;
        }
        match self.attempt(text, &mut tried).await {
            Ok(()) => Attempted::Settled,
            // A repeated refusal is not logged again.
            Err(faults) if faults == self.last.load().faults => Attempted::TryAgain,
            Err(faults) => {
                self.refuse(faults);
                Attempted::TryAgain
            }
        }
    }

    /// Puts the text in force, or returns its faults.
    async fn attempt(
        &self,
        text: Result<String, SettingsError>,
        tried: &mut String,
    ) -> Result<(), Vec<String>> {
        let faults = |SettingsError(faults)| faults;
        let text = text.map_err(faults)?;
        tried.clone_from(&text);
        let read = understand(self.started.clone(), text).await;
        self.accept(read.map_err(faults)?).await;
        Ok(())
    }

    async fn accept(&self, settings: Settings) {
        let restart = self.started.restart_keys(&settings.origin);
        let origin = settings.origin;
        let live = settings.live;
        // First, so that the new log filter applies to the messages about this edit.
        (self.parts.set_log)(&live.log);
        let before = self.in_force.get();
        self.in_force.replace(live);
        let now = self.in_force.get();
        tracing::info!(changed = *before != *now, "settings in force");
        for key in &restart {
            tracing::warn!(
                key,
                "this setting changed and needs a restart to take effect"
            );
        }
        warn_of_sender(&now);
        warn_of_tokens(&now);
        warn_of_idle_keys(&origin, self.in_force.crm());
        self.note(Vec::new(), restart);
        let which = |destination| resume::by_settings(destination, &before, &now);
        let Parts {
            store,
            clock,
            outbox,
            ..
        } = &self.parts;
        resume::each(store.as_ref(), clock, outbox, which).await;
        if let Err(error) = resume::keep_addresses(store.as_ref(), &now).await {
            // The next start may then retry at once what waits.
            tracing::error!(%error, "the addresses of the destinations were not recorded");
        }
        self.warn_of_lost_tokens(&before, &now).await;
    }

    /// A client whose token is removed from the file falls back to its generated token, if there is one.
    async fn warn_of_lost_tokens(&self, before: &LiveSettings, now: &LiveSettings) {
        let lost = Client::iter().filter(|client| {
            before.tokens.contains_key(client) && !now.tokens.contains_key(client)
        });
        for client in lost {
            let name = client.as_str();
            match self.parts.store.tokens().await {
                Ok(stored) if stored.iter().any(|(it, _)| *it == client) => {}
                Ok(_) => tracing::warn!(
                    client = name,
                    "no longer has a token and is refused; `passerelle tokens reset` generates one"
                ),
                Err(error) => tracing::error!(
                    client = name,
                    %error,
                    "its token left the settings, and it is not known whether it has another"
                ),
            }
        }
    }

    fn refuse(&self, faults: Vec<String>) {
        tracing::error!("settings refused; the settings in force are kept");
        for fault in &faults {
            tracing::error!("{fault}");
        }
        let restart = self.last.load().restart.clone();
        self.note(faults, restart);
    }

    fn note(&self, faults: Vec<String>, restart: Vec<&'static str>) {
        let outcome = if faults.is_empty() {
            "accepted"
        } else {
            "refused"
        };
        metrics::counter!("passerelle_settings_reloads_total", "outcome" => outcome).increment(1);
        self.last.store(Arc::new(SettingsAttempt {
            at: self.parts.clock.now(),
            faults,
            restart,
        }));
    }
}

/// If no server accepts our e-mails, only the tenants would notice.
fn warn_of_sender(live: &LiveSettings) {
    if live.smtp.lacks_sender() {
        tracing::warn!(
            from = live.smtp.from,
            "smtp.from is not set: e-mails are sent with a sender that mail servers may refuse"
        );
    }
}

/// A token is the only thing that prevents others from posting and reading as that client.
fn warn_of_tokens(live: &LiveSettings) {
    for (client, token) in &live.tokens {
        if token.expose().len() < SHORTEST_TOKEN {
            tracing::warn!(
                client = client.as_str(),
                "the token that the settings give this client is short enough to be guessed: give a longer one"
            );
        }
    }
}

/// Whoever sets these keys expects a CRM to be called.
fn warn_of_idle_keys(origin: &Origin, crm: CrmKind) {
    for key in origin.idle_keys(crm) {
        tracing::warn!(
            key,
            "this setting has no effect with crm.kind: embedded, which calls no CRM"
        );
    }
}

/// The text of the file, once two consecutive reads agree.
async fn read_settled(file: &Arc<dyn Source>) -> Result<String, SettingsError> {
    let told =
        |error: SourceError| SettingsError(vec![format!("{}: {}", error.path, error.reason)]);
    let looked = debounce::seen_twice(|| read(Arc::clone(file)), |before, now| before == now).await;
    let wrong = |what: &str| Err(SettingsError(vec![format!("{}: {what}", file.name())]));
    let Some(files) = looked else {
        return wrong("it keeps changing");
    };
    let Some(bytes) = files.map_err(told)?.into_values().next() else {
        return wrong("there is no such file");
    };
    match String::from_utf8(bytes) {
        // An empty file is one being written: anyone who wants only the defaults can write a comment.
        Ok(text) if text.trim().is_empty() => wrong("it is empty"),
        Ok(text) => Ok(text),
        Err(_) => wrong("it is not UTF-8"),
    }
}

async fn read(file: Arc<dyn Source>) -> Result<FileSet, SourceError> {
    let path = file.name();
    let read = tokio::task::spawn_blocking(move || file.read()).await;
    read.unwrap_or_else(|error| {
        Err(SourceError {
            path,
            reason: error.to_string(),
        })
    })
}

/// Runs on a thread that may block: it checks folders and resolves names.
async fn understand(origin: Origin, text: String) -> Result<Settings, SettingsError> {
    let read = tokio::task::spawn_blocking(move || origin.read_again(text)).await;
    read.unwrap_or_else(|error| Err(SettingsError(vec![error.to_string()])))
}
