//! After an edit takes effect, looks for what fails under it and did not before. This runs on its own thread
//! beside the requests, and its findings become remarks of the attempt.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::task::JoinHandle;

use super::{Active, Reload, ReloadAttempt};
use crate::rules::compile::Generation;
use crate::rules::connector::Partner;
use crate::rules::coverage::{Combinations, Coverage, Gap, Reach, with_managers_of_the_crm};
use crate::rules::diagnostic::Diagnostic;

/// With more combinations than this, each residence and each qualification is checked, but not all pairs.
const MOST_COMBINATIONS: u64 = 30_000;

/// The number of operations of scripts and templates that a search may take: one or two seconds. Scripts of usual length
/// take some hundreds each time, so that everything that the other limits allow is tried.
const MOST_OPERATIONS: u64 = 20_000_000;

/// The pause between two residences during a search: a little longer than one takes.
const BREATH: Duration = Duration::from_micros(300);

/// A search for holes in progress.
pub(super) struct Covering {
    /// Set to `false` to stop the search.
    search: Arc<AtomicBool>,
    ended: Option<JoinHandle<Option<()>>>,
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
        let ended = tokio::task::spawn_blocking(work);
        let covering = Covering {
            search,
            ended: Some(ended),
        };
        *self.covering.lock().await = Some(covering);
    }

    /// Waits for the search started by the last edit.
    pub(super) async fn covered(&self) {
        let mut covering = self.covering.lock().await;
        let ended = covering.as_mut().and_then(|it| it.ended.take());
        drop(covering);
        if let Some(ended) = ended
            && let Err(error) = ended.await
        {
            tracing::error!(%error, "the search for holes failed");
        }
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
        let reach = affordable(&combinations);
        #[expect(
            clippy::disallowed_methods,
            reason = "on a thread of its own: requests have the processor meanwhile"
        )]
        let go_on = || {
            std::thread::sleep(BREATH);
            search.load(Ordering::Relaxed)
        };
        let found = combinations.decide_aside(reach, go_on)?;
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
    let found = match affordable(&combinations) {
        Reach::All => Some(combinations.decide(&|_| {})),
        Reach::Kinds => combinations.decide_aside(Reach::Kinds, || true),
    };
    let found = found.unwrap_or_default();
    let holes = found.holes.iter().map(Gap::as_warning);
    holes.chain(found.cut).collect()
}

fn affordable(combinations: &Combinations<'_>) -> Reach {
    // The other half is for variations.
    let dear = combinations.cost_usual() > MOST_OPERATIONS / 2;
    if dear || combinations.count_usual() > MOST_COMBINATIONS {
        Reach::Kinds
    } else {
        Reach::All
    }
}
