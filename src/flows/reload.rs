//! Rules and reference data that change while the daemon runs.
//!
//! Dirty → wait for quiet → read all → compile → read again → keep → swap. A set takes effect
//! whole or not at all; what was in force stays so until the new generation is complete, so no
//! request fails or waits because of an edit. Rules and exports are two such sets.

mod files;
mod halves;
mod holes;
mod judgement;
mod lost;
mod versions;

use std::fmt::Display;
use std::sync::{Arc, OnceLock};

use arc_swap::ArcSwap;
use chrono::{DateTime, Utc};
use tokio::sync::{Mutex, mpsc, watch};

use crate::domain::ports::{Clock, Source, SourceError, Store};
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

pub use files::unreadable;
pub use holes::holes;
pub use versions::{BootError, last_accepted};

/// Attempts that a reload on demand makes before it answers with the last one.
const ROUNDS_ON_DEMAND: u32 = 3;

/// A generation in force.
#[derive(Debug, Clone)]
pub struct Active {
    /// What decides.
    pub generation: Arc<Generation>,
    /// Since when.
    pub since: DateTime<Utc>,
    /// Remarks that its acceptance left.
    pub remarks: Vec<Diagnostic>,
    /// What fails under it for some combination, once somebody asked.
    coverage: Arc<OnceLock<Coverage>>,
    /// The holes that its acceptance added, once the search for them has ended.
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

/// One attempt to put the files on the disk in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReloadAttempt {
    /// The version that the files make; `None` where it was not made to its end, and is made again.
    pub version: Option<String>,
    /// When it was made.
    pub at: DateTime<Utc>,
    /// Whether it took effect.
    pub accepted: bool,
    /// Errors and remarks.
    pub diagnostics: Vec<Diagnostic>,
}

/// The rules in force, and the way to change them.
pub struct Reload {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    rules: Arc<dyn Source>,
    exports: Arc<dyn Source>,
    active: ArcSwap<Active>,
    last: Arc<ArcSwap<ReloadAttempt>>,
    /// The search for holes that the last accepted edit adds.
    covering: Mutex<Option<Covering>>,
    /// Which secrets connectors can name is a matter of the settings.
    in_force: InForce,
    /// Those that the last attempt knew.
    secrets: ArcSwap<SecretNames>,
    /// What the last attempt found beside the rules that is only told.
    unread: ArcSwap<Vec<String>>,
    one_at_a_time: Arc<Mutex<()>>,
    accepted: watch::Sender<u64>,
}

impl Reload {
    /// Puts the files in force, or the version accepted last where they are refused.
    ///
    /// # Errors
    /// When neither can be had.
    pub async fn boot(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        rules: Arc<dyn Source>,
        exports: Arc<dyn Source>,
        in_force: InForce,
    ) -> Result<Self, BootError> {
        let at = clock.now();
        let secrets = in_force.secret_names();
        let stored = store.last_version().await?;
        let mut diagnostics = Vec::new();
        let files = match read_settled(&rules, &exports).await {
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
            rules,
            exports,
            active: ArcSwap::from_pointee(active),
            last: Arc::new(ArcSwap::from_pointee(attempt)),
            covering: Mutex::new(None),
            in_force,
            secrets: ArcSwap::from_pointee(secrets),
            unread: ArcSwap::from_pointee(unread),
            one_at_a_time: Arc::default(),
            accepted: watch::channel(0).0,
        })
    }

    /// What is in force now; a caller keeps it for as long as its decision takes.
    #[must_use]
    pub fn generation(&self) -> Arc<Generation> {
        Arc::clone(&self.active.load().generation)
    }

    /// What is in force, and since when.
    #[must_use]
    pub fn active(&self) -> Arc<Active> {
        self.active.load_full()
    }

    /// How the last attempt went.
    #[must_use]
    pub fn last_attempt(&self) -> Arc<ReloadAttempt> {
        self.last.load_full()
    }

    /// Wakes whoever waits for another generation.
    #[must_use]
    pub fn subscribe(&self) -> watch::Receiver<u64> {
        self.accepted.subscribe()
    }

    /// Reloads after each burst of hints, until their sender is gone.
    pub async fn run(self: Arc<Self>, hints: mpsc::Receiver<()>) {
        let files = debounce::Files {
            // One that SIGHUP or a request began may have been left unfinished, too.
            unfinished: || self.last.load().version.is_none(),
            being_written: || self.rules.being_written() || self.exports.being_written(),
        };
        debounce::after_each_burst(hints, files, || self.reload_if_changed()).await;
    }

    /// Tries the files on the disk whether or not they changed; returns how it went.
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
            // Whoever asked is told of this attempt, and of no earlier one.
            let error = unsettled(&self.rules);
            self.refuse(None, self.clock.now(), vec![unreadable(&error)]);
        }
    }

    /// Tries the files on the disk, unless they were tried with the same secrets.
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
                // A folder on its way to being replaced: say so, and look again.
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
                    "rules accepted: they are those in force, the refused edit is gone"
                );
            }
            self.note(Some(version), at, true, remarks(&active, &files, &secrets));
            return Attempted::Settled;
        }
        self.take(files, active, at, &secrets).await
    }

    /// Puts in force what can be of files that are not.
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
        let taken = match judged {
            Ok(Judged::Taken(taken)) => taken,
            Ok(Judged::AsBefore(_)) => {
                self.refuse(Some(version), at, diagnostics);
                return Attempted::Settled;
            }
            // Tried again: the other half may be good.
            Err(error) => return self.without_store(&error, at, diagnostics),
        };
        // Saved again while it was compiled: what is on the disk now is what counts.
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

    /// What keeps an attempt from its end, and is tried again: the store neither gives nor keeps a version.
    fn without_store(
        &self,
        error: &impl Display,
        at: DateTime<Utc>,
        mut found: Vec<Diagnostic>,
    ) -> Attempted {
        let message = format!(
            "les versions ne peuvent être lues ou enregistrées, nouvel essai dans un instant ({error})"
        );
        found.push(Diagnostic::file(code::INTERNAL, "", message));
        self.refuse(None, at, found);
        Attempted::TryAgain
    }

    fn refuse(&self, version: Option<String>, at: DateTime<Utc>, diagnostics: Vec<Diagnostic>) {
        // The same refusal again is no news.
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

/// What is to be said of what is in force: the settings may have lost a secret since, or name another CRM, and what
/// nothing reads may have come or gone beside the same rules.
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
    tracing::error!(in_force, "rules refused; what is refused is not in force");
    for diagnostic in diagnostics
        .iter()
        .filter(|it| any_error(std::slice::from_ref(it)))
    {
        tracing::error!("{diagnostic}");
    }
}
