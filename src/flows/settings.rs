//! Settings that change while the daemon runs.
//!
//! As with rules: dirty → wait for quiet → read twice → understand → swap one value, or keep the
//! old one and say why. Keys that only a restart changes are named until there is one.

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

/// A token of fewer bytes is warned of.
const SHORTEST_TOKEN: usize = 16;

/// One attempt to put the settings file in force; the start is the first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingsAttempt {
    /// When it was made.
    pub at: DateTime<Utc>,
    /// What kept it from taking effect; nothing where it did.
    pub faults: Vec<String>,
    /// Keys of the last accepted file that wait for a restart.
    pub restart: Vec<&'static str>,
}

/// What the flow acts on.
pub struct Parts {
    /// The settings file; `None` where the daemon was started without one.
    pub file: Option<Arc<dyn Source>>,
    /// The daemon's memory.
    pub store: Arc<dyn Store>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Wakes the deliveries that another address or token sets free.
    pub outbox: Hint,
    /// Chooses the events to log.
    pub set_log: fn(&str),
}

/// The live settings in force, and the way to change them.
pub struct SettingsReload {
    parts: Parts,
    in_force: InForce,
    /// What the daemon was started with: what needs a restart is told from it.
    started: Origin,
    last: ArcSwap<SettingsAttempt>,
    /// The text tried last; also what lets one attempt run at a time.
    tried: Mutex<String>,
}

impl SettingsReload {
    /// Takes the settings of the start.
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

    /// What is in force now; a request keeps it for as long as it takes.
    #[must_use]
    pub fn in_force(&self) -> Arc<LiveSettings> {
        self.in_force.get()
    }

    /// How the last attempt went.
    #[must_use]
    pub fn last_attempt(&self) -> Arc<SettingsAttempt> {
        self.last.load_full()
    }

    /// Reloads after each burst of hints, until their sender is gone.
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

    /// Tries the file whether or not it changed.
    pub async fn reload(&self) {
        if let Some(file) = &self.parts.file {
            let mut tried = self.tried.lock().await;
            let text = read_settled(file).await;
            if let Err(faults) = self.attempt(text, &mut tried).await {
                self.refuse(faults);
            }
        }
    }

    /// Tries the file, unless this very text took effect. What is refused is tried again: what it
    /// names, such as a folder, may come to be without another edit.
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
            // The same refusal again is no news.
            Err(faults) if faults == self.last.load().faults => Attempted::TryAgain,
            Err(faults) => {
                self.refuse(faults);
                Attempted::TryAgain
            }
        }
    }

    /// Puts the text in force, or gives its faults.
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
        // First, so that what the edit asks to be told is told of the edit itself.
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
        resume::each(store, clock, outbox, which).await;
        self.warn_of_lost_tokens(&before, &now).await;
    }

    /// A client whose token left the file falls back on the one that was made; there may be none.
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
                    "has no token any more and is refused; `passerelle tokens reset` makes one"
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
        tracing::error!("settings refused; those in force stay");
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

/// E-mails that no server takes would be noticed by their tenants only.
fn warn_of_sender(live: &LiveSettings) {
    if live.smtp.lacks_sender() {
        tracing::warn!(
            from = live.smtp.from,
            "smtp.from is not set: e-mails leave under a sender that mail servers may refuse"
        );
    }
}

/// A token is all that keeps others from posting and reading as that client.
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

/// Whoever sets these expects a CRM to be called.
fn warn_of_idle_keys(origin: &Origin, crm: CrmKind) {
    for key in origin.idle_keys(crm) {
        tracing::warn!(
            key,
            "this setting has no effect with crm.kind: embedded, which calls no CRM"
        );
    }
}

/// The text of the file, once two looks in a row see the same.
async fn read_settled(file: &Arc<dyn Source>) -> Result<String, SettingsError> {
    let told =
        |error: SourceError| SettingsError(vec![format!("{}: {}", error.path, error.reason)]);
    let looked = debounce::seen_twice(|| read(Arc::clone(file)), |before, now| before == now).await;
    let wrong = |what: &str| Err(SettingsError(vec![format!("{}: {what}", file.name())]));
    let Some(files) = looked else {
        return wrong("it does not cease to change");
    };
    let Some(bytes) = files.map_err(told)?.into_values().next() else {
        return wrong("there is no such file");
    };
    match String::from_utf8(bytes) {
        // Whoever wants the defaults can say so by a comment; this is a file being written.
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

/// On a thread that may block: it looks at folders and resolves names.
async fn understand(origin: Origin, text: String) -> Result<Settings, SettingsError> {
    let read = tokio::task::spawn_blocking(move || origin.read_again(text)).await;
    read.unwrap_or_else(|error| Err(SettingsError(vec![error.to_string()])))
}
