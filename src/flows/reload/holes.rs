//! After an edit takes effect, looks for what fails under it and did not before. This runs on its own thread
//! beside the requests, and its findings become remarks of the attempt.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::timeout;

use super::{Active, Reload, ReloadAttempt};
use crate::rules::compile::Generation;
use crate::rules::connector::Partner;
use crate::rules::coverage::{Combinations, Coverage, Gap, Reach, with_managers_of_the_crm};
use crate::rules::diagnostic::Diagnostic;

/// With more combinations than this, each residence and each qualification is checked, but not all pairs.
const MOST_COMBINATIONS: u64 = 30_000;

/// The number of operations of scripts and templates that a search may take. If a signalement takes up to a thousand,
/// all combinations are checked that the other limit allows, with as many operations again for variations; beyond that,
/// the search is narrowed as it is for more combinations.
const MOST_OPERATIONS: u64 = 2 * MOST_COMBINATIONS * 1_000;

/// The pause between two residences during a search: a little longer than one takes.
const BREATH: Duration = Duration::from_micros(300);

/// How long a reload on demand waits for the search: with many residences or long scripts it takes longer, and whoever
/// asked wants to know whether the edit is in force.
pub const SEARCH_PATIENCE: Duration = Duration::from_secs(5);

/// The last search for holes.
pub(super) struct Covering {
    /// Set to `false` to stop the search.
    search: Arc<AtomicBool>,
    /// Its sender lives as long as the search.
    under_way: watch::Receiver<()>,
}

impl Drop for Covering {
    fn drop(&mut self) {
        self.search.store(false, Ordering::Relaxed);
    }
}

impl Reload {
    /// Starts deciding every combination under the new rules, after they took effect, and stops the search
    /// started by an earlier edit. The findings become remarks of this attempt.
    pub(super) async fn look_for_holes(&self, before: Arc<Active>, now: Arc<Active>) {
        let search = Arc::new(AtomicBool::new(true));
        let on = Arc::clone(&search);
        let last = Arc::clone(&self.last);
        let one_at_a_time = Arc::clone(&self.one_at_a_time);
        let called = self.in_force.secret_names().called;
        let work = move || {
            let known = cover(&before, &called, &on)?;
            let found = cover(&now, &called, &on)?;
            let added = found.added_since(known).into_iter().map(Gap::as_warning);
            let cut = found.cut.iter().filter(|_| known.cut.is_none()).cloned();
            let added: Vec<Diagnostic> = added.chain(cut).collect();
            if added.is_empty() {
                return Some(());
            }
            let version = &now.generation.version;
            for hole in &added {
                tracing::warn!(version, "{hole}");
            }
            // An attempt in progress sees either none or all of the findings.
            let _alone = one_at_a_time.blocking_lock();
            // Set once: the search runs once per generation.
            let _ = now.holes.set(added.clone());
            last.rcu(|attempt| {
                let mut attempt = ReloadAttempt::clone(attempt);
                // A later attempt has findings of its own.
                if attempt.version.as_deref() == Some(version.as_str()) && attempt.accepted {
                    attempt.diagnostics.extend(added.iter().cloned());
                }
                attempt
            });
            Some(())
        };
        let (ended, under_way) = watch::channel(());
        tokio::spawn(async move {
            if let Err(error) = tokio::task::spawn_blocking(work).await {
                tracing::error!(%error, "the search for holes failed");
            }
            drop(ended);
        });
        *self.covering.lock().await = Some(Covering { search, under_way });
    }

    /// Waits for the search started by the last edit, but not for long.
    pub(super) async fn covered(&self) {
        let search = async {
            // An edit in the meantime replaces the search.
            while let Some(mut search) = self.search_under_way().await {
                // An error means that it has ended.
                let _ = search.changed().await;
            }
        };
        // If the time is up, [`Reload::is_searching`] says so.
        let _ = timeout(self.patience, search).await;
    }

    /// Whether the search started by the last edit is still in progress: the last attempt may get further remarks.
    pub async fn is_searching(&self) -> bool {
        self.search_under_way().await.is_some()
    }

    async fn search_under_way(&self) -> Option<watch::Receiver<()>> {
        let covering = self.covering.lock().await;
        let search = covering.as_ref().map(|it| it.under_way.clone());
        search.filter(|it| it.has_changed().is_ok())
    }
}

/// What fails under a generation; `None` if the search was stopped.
fn cover<'a>(
    active: &'a Active,
    called: &BTreeSet<Partner>,
    search: &AtomicBool,
) -> Option<&'a Coverage> {
    if active.coverage.get().is_none() {
        let generation = with_managers_of_the_crm(&active.generation, called);
        let combinations = Combinations::of(&generation)
            .where_called(called)
            .within(MOST_OPERATIONS);
        let (reach, is_dear) = affordable(&combinations);
        #[expect(
            clippy::disallowed_methods,
            reason = "on a thread of its own: requests have the processor meanwhile"
        )]
        let go_on = || {
            std::thread::sleep(BREATH);
            search.load(Ordering::Relaxed)
        };
        let mut found = combinations.decide_aside(reach, go_on)?;
        if reach == Reach::Kinds {
            found
                .cut
                .get_or_insert_with(|| combinations.narrowing(is_dear));
        }
        // A concurrent search may have been faster, with the same result.
        let _ = active.coverage.set(found);
    }
    active.coverage.get()
}

/// Everything that fails under a generation, as remarks: what a reload reports if nothing failed before. It
/// finds the same as the search after an edit, without its pauses.
#[must_use]
pub fn holes(generation: &Generation, called: &BTreeSet<Partner>) -> Vec<Diagnostic> {
    let generation = with_managers_of_the_crm(generation, called);
    let combinations = Combinations::of(&generation)
        .where_called(called)
        .within(MOST_OPERATIONS);
    let (reach, is_dear) = affordable(&combinations);
    let found = match reach {
        Reach::All => Some(combinations.decide(&|_| {})),
        Reach::Kinds => combinations.decide_aside(Reach::Kinds, || true),
    };
    let mut found = found.unwrap_or_default();
    // The rules are not to blame for many residences, and this is called for each check.
    if is_dear {
        found
            .cut
            .get_or_insert_with(|| combinations.narrowing(is_dear));
    }
    let holes = found.holes.iter().map(Gap::as_warning);
    holes.chain(found.cut).collect()
}

/// How many of the combinations are decided, and whether these are fewer only because each takes many operations.
fn affordable(combinations: &Combinations<'_>) -> (Reach, bool) {
    if combinations.count_usual() > MOST_COMBINATIONS {
        (Reach::Kinds, false)
    } else if combinations.cost_usual() > MOST_OPERATIONS / 2 {
        // The other half is for variations.
        (Reach::Kinds, true)
    } else {
        (Reach::All, false)
    }
}
