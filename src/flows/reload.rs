//! Rules and reference data that change while the daemon runs.
//!
//! Change → wait for quiet → read all → compile → read again → store → swap. A set of files takes effect
//! completely or not at all; the generation in force is used until the new one is complete, so no request fails
//! or waits because of an edit. The rules and the exports are two such sets.

mod files;
mod halves;
mod holes;
mod judgement;
mod lost;
mod versions;

use std::fmt::Display;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use arc_swap::ArcSwap;
use chrono::{DateTime, Utc};
use tokio::sync::{Mutex, mpsc, watch};

use crate::domain::ports::{Clock, Source, SourceError, Versions};
use crate::flows::debounce::{self, Attempted};
use crate::rules::compile::Generation;
use crate::rules::connector::SecretNames;
use crate::rules::coverage::Coverage;
use crate::rules::diagnostic::{Diagnostic, any_error, code};
use crate::rules::layout;
use crate::settings::InForce;

use files::{Files, read, read_settled, unsettled};
use holes::Covering;
use judgement::{Before, Judged, judge};
use versions::note_failing_already;

pub use files::{Settled, unreadable};
pub use holes::{SEARCH_PATIENCE, holes};
pub use versions::{BootError, last_accepted};

/// Number of attempts that a reload on demand makes before it returns the last one.
const ROUNDS_ON_DEMAND: u32 = 3;

/// A generation in force.
#[derive(Debug, Clone)]
pub struct Active {
    /// The rules and data that decide.
    pub generation: Arc<Generation>,
    /// When it took effect.
    pub since: DateTime<Utc>,
    /// The remarks made when it was accepted.
    pub remarks: Vec<Diagnostic>,
    /// The combinations that fail under it, once computed.
    coverage: Arc<OnceLock<Coverage>>,
    /// The holes that it added, once the search for them has ended.
    holes: Arc<OnceLock<Vec<Diagnostic>>>,
}

impl Active {
    fn new(generation: Arc<Generation>, since: DateTime<Utc>, remarks: Vec<Diagnostic>) -> Self {
        Self {
            generation,
            since,
            remarks,
            coverage: Arc::default(),
            holes: Arc::default(),
        }
    }
}

/// One attempt to put the files on disk in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReloadAttempt {
    /// The version of the files; `None` if the attempt was not finished and will be repeated.
    pub version: Option<String>,
    /// When it was made.
    pub at: DateTime<Utc>,
    /// Whether it took effect.
    pub accepted: bool,
    /// Errors and remarks.
    pub diagnostics: Vec<Diagnostic>,
}

/// The rules in force, and how to change them.
pub struct Reload {
    store: Arc<dyn Versions>,
    clock: Arc<dyn Clock>,
    rules: Arc<dyn Source>,
    exports: Arc<dyn Source>,
    active: ArcSwap<Active>,
    last: Arc<ArcSwap<ReloadAttempt>>,
    /// The search for holes added by the last accepted edit.
    covering: Mutex<Option<Covering>>,
    /// The settings, which define the secrets that connectors can name.
    in_force: InForce,
    /// The secrets known to the last attempt.
    secrets: ArcSwap<SecretNames>,
    /// The unread files found by the last attempt, which are only reported.
    unread: ArcSwap<Vec<String>>,
    one_at_a_time: Arc<Mutex<()>>,
    /// How long a reload on demand waits for the search for holes.
    patience: Duration,
    accepted: watch::Sender<u64>,
}

impl Reload {
    /// Puts the files in force, or the most recently accepted version if they are refused.
    ///
    /// # Errors
    /// When neither is available.
    pub async fn boot(
        store: Arc<dyn Versions>,
        clock: Arc<dyn Clock>,
        settled: Settled,
        in_force: InForce,
        patience: Duration,
    ) -> Result<Self, BootError> {
        let at = clock.now();
        let secrets = in_force.secret_names();
        let stored = store.last_version().await?;
        let mut diagnostics = Vec::new();
        let files = match settled.files {
            Ok(files) => Some(files),
            Err(error) => {
                diagnostics.push(unreadable(&error));
                None
            }
        };
        let version = files.as_ref().map(Files::version);
        let unread = files.as_ref().map(Files::unread).unwrap_or_default();
        let before = Before::Stored(stored);
        let judged = judge(store.as_ref(), files, before, &secrets, &mut diagnostics).await?;
        let (active, accepted) = match judged {
            Judged::Taken(taken) => {
                let whole = taken.half.is_none();
                let active = taken.keep(store.as_ref(), at, &mut diagnostics).await?;
                (active, whole)
            }
            Judged::AsBefore(generation) => (Active::new(generation, at, Vec::new()), false),
        };
        if !accepted {
            log_refused(&active.generation.version, &diagnostics);
        }
        let attempt = ReloadAttempt {
            version,
            at,
            accepted,
            diagnostics,
        };
        Ok(Self {
            store,
            clock,
            rules: settled.rules,
            exports: settled.exports,
            active: ArcSwap::from_pointee(active),
            last: Arc::new(ArcSwap::from_pointee(attempt)),
            covering: Mutex::new(None),
            in_force,
            secrets: ArcSwap::from_pointee(secrets),
            unread: ArcSwap::from_pointee(unread),
            one_at_a_time: Arc::default(),
            patience,
            accepted: watch::channel(0).0,
        })
    }

    /// The generation in force; a caller keeps it for the whole of its decision.
    #[must_use]
    pub fn generation(&self) -> Arc<Generation> {
        Arc::clone(&self.active.load().generation)
    }

    /// The generation in force, and since when.
    #[must_use]
    pub fn active(&self) -> Arc<Active> {
        self.active.load_full()
    }

    /// The result of the last attempt.
    #[must_use]
    pub fn last_attempt(&self) -> Arc<ReloadAttempt> {
        self.last.load_full()
    }

    /// A receiver that changes whenever a new generation takes effect.
    #[must_use]
    pub fn subscribe(&self) -> watch::Receiver<u64> {
        self.accepted.subscribe()
    }

    /// Reloads after each burst of hints, until their sender is dropped.
    pub async fn run(self: Arc<Self>, hints: mpsc::Receiver<()>) {
        let files = debounce::Files {
            // An attempt started by SIGHUP or a request may also have been left unfinished.
            unfinished: || self.last.load().version.is_none(),
            being_written: || self.rules.being_written() || self.exports.being_written(),
        };
        debounce::after_each_burst(hints, files, || self.reload_if_changed()).await;
    }

    /// Tries the files on disk, whether or not they changed; returns the result. The search for holes that an accepted
    /// edit starts is only awaited for a few seconds: see [`Reload::is_searching`].
    pub async fn reload(&self) -> Arc<ReloadAttempt> {
        self.reload_alone().await;
        self.covered().await;
        self.last_attempt()
    }

    async fn reload_alone(&self) {
        let _alone = self.one_at_a_time.lock().await;
        let before = self.last_attempt();
        for _ in 0..ROUNDS_ON_DEMAND {
            let files = read_settled(&self.rules, &self.exports).await;
            if self.attempt(files).await == Attempted::Settled {
                return;
            }
        }
        if Arc::ptr_eq(&before, &self.last_attempt()) {
            // The caller gets this attempt's result, never an earlier one.
            let error = unsettled(&self.rules);
            self.refuse(None, self.clock.now(), vec![unreadable(&error)]);
        }
    }

    /// Tries the files on disk, unless they were already tried with the same secrets.
    async fn reload_if_changed(&self) -> Attempted {
        let _alone = self.one_at_a_time.lock().await;
        let files = read_settled(&self.rules, &self.exports).await;
        if let Ok(files) = &files {
            let version = files.version();
            let same_secrets = *self.secrets.load_full() == self.in_force.secret_names();
            let same_unread = *self.unread.load_full() == files.unread();
            if self.last.load().version == Some(version) && same_secrets && same_unread {
                return Attempted::Settled;
            }
        }
        self.attempt(files).await
    }

    async fn attempt(&self, files: Result<Files, SourceError>) -> Attempted {
        let at = self.clock.now();
        let files = match files {
            Ok(files) => files,
            Err(error) => {
                // The folder may be in the middle of being replaced: report it, and try again.
                self.refuse(None, at, vec![unreadable(&error)]);
                return Attempted::TryAgain;
            }
        };
        let active = self.active();
        let version = files.version();
        let secrets = self.in_force.secret_names();
        self.secrets.store(Arc::new(secrets.clone()));
        self.unread.store(Arc::new(files.unread()));
        if version == active.generation.version {
            if !self.last.load().accepted {
                tracing::info!(
                    version,
                    "rules accepted: the refused edit was undone, the rules in force are unchanged"
                );
            }
            self.note(Some(version), at, true, remarks(&active, &files, &secrets));
            return Attempted::Settled;
        }
        self.take(files, active, at, &secrets).await
    }

    /// Puts in force as much as possible of files that are not yet in force.
    async fn take(
        &self,
        files: Files,
        active: Arc<Active>,
        at: DateTime<Utc>,
        secrets: &SecretNames,
    ) -> Attempted {
        let store = self.store.as_ref();
        let version = files.version();
        let mut diagnostics = Vec::new();
        let before = Before::InForce(Arc::clone(&active.generation));
        let judged = judge(store, Some(files), before, secrets, &mut diagnostics).await;
        note_failing_already(&mut diagnostics, &active.remarks);
        let taken = match judged {
            Ok(Judged::Taken(taken)) => taken,
            Ok(Judged::AsBefore(_)) => {
                self.refuse(Some(version), at, diagnostics);
                return Attempted::Settled;
            }
            // Tried again: the other half may be valid.
            Err(error) => return self.without_store(&error, at, diagnostics),
        };
        // If the files were saved again during compilation, what is on disk now is what counts.
        let now = read(&self.rules, &self.exports).await;
        if now.is_ok_and(|now| now.version() != version) {
            return Attempted::TryAgain;
        }
        let whole = taken.half.is_none();
        let next = match taken.keep(store, at, &mut diagnostics).await {
            Ok(next) => Arc::new(next),
            Err(error) => return self.without_store(&error, at, diagnostics),
        };
        self.active.store(Arc::clone(&next));
        if whole {
            self.note(Some(version), at, true, diagnostics);
        } else {
            self.refuse(Some(version), at, diagnostics);
        }
        self.accepted.send_modify(|count| *count += 1);
        self.look_for_holes(active, next).await;
        Attempted::Settled
    }

    /// An attempt that cannot be finished and is retried, because the store can neither read nor save a version.
    fn without_store(
        &self,
        error: &impl Display,
        at: DateTime<Utc>,
        mut found: Vec<Diagnostic>,
    ) -> Attempted {
        let message = format!(
            "impossible de lire ou d'enregistrer les versions ; nouvel essai dans quelques secondes ({error})"
        );
        found.push(Diagnostic::file(code::INTERNAL, "", message));
        self.refuse(None, at, found);
        Attempted::TryAgain
    }

    fn refuse(&self, version: Option<String>, at: DateTime<Utc>, diagnostics: Vec<Diagnostic>) {
        // A repeated refusal is not logged again.
        if self.last.load().diagnostics != diagnostics {
            log_refused(&self.active.load().generation.version, &diagnostics);
        }
        self.note(version, at, false, diagnostics);
    }

    fn note(
        &self,
        version: Option<String>,
        at: DateTime<Utc>,
        accepted: bool,
        found: Vec<Diagnostic>,
    ) {
        let outcome = if accepted { "accepted" } else { "refused" };
        metrics::counter!("passerelle_rules_reloads_total", "outcome" => outcome).increment(1);
        self.last.store(Arc::new(ReloadAttempt {
            version,
            at,
            accepted,
            diagnostics: found,
        }));
    }
}

/// The remarks about what is in force: the settings may have lost a secret or name a different CRM since, and
/// files that nothing reads may have come or gone beside the same rules.
fn remarks(active: &Active, files: &Files, secrets: &SecretNames) -> Vec<Diagnostic> {
    let mut remarks = Vec::new();
    layout::note_unread(&files.rules, &mut remarks);
    layout::note_unread_exports(&files.exports, &mut remarks);
    for unread in &remarks {
        tracing::warn!("{unread}");
    }
    let looked_up = [code::SECRET, code::FILE_MISSING, code::NOT_READ];
    let kept = active.remarks.iter();
    let kept = kept.filter(|it| !looked_up.contains(&it.code));
    remarks.extend(kept.cloned());
    remarks.extend(active.holes.get().into_iter().flatten().cloned());
    for unmet in active.generation.rules.unmet(secrets) {
        tracing::warn!("{unmet}");
        remarks.push(unmet.as_warning());
    }
    remarks
}

fn log_refused(in_force: &str, diagnostics: &[Diagnostic]) {
    tracing::error!(
        in_force,
        "rules refused; the refused files are not in force"
    );
    for diagnostic in diagnostics
        .iter()
        .filter(|it| any_error(std::slice::from_ref(it)))
    {
        tracing::error!("{diagnostic}");
    }
}
