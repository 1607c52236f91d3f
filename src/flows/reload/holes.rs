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

/// How much a search may try.
#[derive(Debug, Clone, Copy)]
struct Limits {
    /// With more combinations than this, each residence and each qualification is checked, but not all pairs.
    combinations: u64,
    /// The number of operations of scripts and templates that it may take.
    operations: u64,
}

/// If a signalement takes up to a thousand operations, all combinations are checked that the other limit allows, with as
/// many operations again for variations; beyond that, the search is narrowed as it is for more combinations.
const LIMITS: Limits = Limits {
    combinations: 30_000,
    operations: 2 * 30_000 * 1_000,
};

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
            let added = told_since(known, found);
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
        #[expect(
            clippy::disallowed_methods,
            reason = "on a thread of its own: requests have the processor meanwhile"
        )]
        let go_on = || {
            std::thread::sleep(BREATH);
            search.load(Ordering::Relaxed)
        };
        let found = search_aside(&active.generation, called, LIMITS, go_on)?;
        // A concurrent search may have been faster, with the same result.
        let _ = active.coverage.set(found);
    }
    active.coverage.get()
}

/// What fails under a generation, decided on this thread; `None` if `go_on` returned false.
fn search_aside(
    generation: &Generation,
    called: &BTreeSet<Partner>,
    limits: Limits,
    go_on: impl Fn() -> bool,
) -> Option<Coverage> {
    let generation = with_managers_of_the_crm(generation, called);
    let combinations = Combinations::of(&generation)
        .where_called(called)
        .within(limits.operations);
    let (reach, is_dear) = affordable(&combinations, limits);
    let mut found = combinations.decide_aside(reach, go_on)?;
    if reach == Reach::Kinds && found.cut.is_none() {
        found.narrowed = Some(combinations.narrowing(is_dear));
    }
    Some(found)
}

/// What the outcome of a reload says that was not so before: holes, and how the search was limited.
fn told_since(known: &Coverage, found: &Coverage) -> Vec<Diagnostic> {
    let added = found.added_since(known).into_iter().map(Gap::as_warning);
    let cut = found.cut.iter().filter(|_| known.cut.is_none());
    let narrowed = found.narrowed.iter();
    let narrowed = narrowed.filter(|_| known.narrowed.is_none());
    added.chain(cut.chain(narrowed).cloned()).collect()
}

/// Everything that fails under a generation, as remarks: what a reload reports if nothing failed before. It
/// finds the same as the search after an edit, without its pauses.
#[must_use]
pub fn holes(generation: &Generation, called: &BTreeSet<Partner>) -> Vec<Diagnostic> {
    let generation = with_managers_of_the_crm(generation, called);
    let combinations = Combinations::of(&generation)
        .where_called(called)
        .within(LIMITS.operations);
    let (reach, is_dear) = affordable(&combinations, LIMITS);
    let found = match reach {
        Reach::All => Some(combinations.decide(&|_| {})),
        Reach::Kinds => combinations.decide_aside(Reach::Kinds, || true),
    };
    let mut found = found.unwrap_or_default();
    // The rules are not to blame for many residences, and this is called for each check.
    if is_dear && found.cut.is_none() {
        found.narrowed = Some(combinations.narrowing(is_dear));
    }
    let holes = found.holes.iter().map(Gap::as_warning);
    holes.chain(found.cut).chain(found.narrowed).collect()
}

/// How many of the combinations are decided, and whether these are fewer only because each takes many operations.
fn affordable(combinations: &Combinations<'_>, limits: Limits) -> (Reach, bool) {
    if combinations.count_usual() > limits.combinations {
        (Reach::Kinds, false)
    } else if combinations.cost_usual() > limits.operations / 2 {
        // The other half is for variations.
        (Reach::Kinds, true)
    } else {
        (Reach::All, false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::case::tests::shipped;
    use crate::rules::compile::{Known, compile};
    use rstest::rstest;

    const UNLIMITED: Limits = Limits {
        combinations: u64::MAX,
        operations: u64::MAX,
    };

    /// The shipped rules, whose script also does this.
    fn generation(lines: &str) -> Generation {
        let (mut rules, exports) = shipped();
        let script = String::from_utf8(rules["gestionnaire.rhai"].clone()).unwrap();
        let at = "let responsable =";
        assert!(script.contains(at));
        let script = script.replace(at, &format!("{lines}\n    {at}"));
        rules.insert("gestionnaire.rhai".into(), script.into_bytes());
        let (generation, found) = compile(&rules, &exports, Known::default());
        generation.unwrap_or_else(|| panic!("{found:?}"))
    }

    fn searched(generation: &Generation, limits: Limits) -> Coverage {
        search_aside(generation, &BTreeSet::new(), limits, || true).unwrap()
    }

    /// Limits between what the search needs and what it has.
    fn limits(generation: &Generation, of: fn(usual: u64, cost: u64) -> Limits) -> Limits {
        let combinations = Combinations::of(generation);
        of(combinations.count_usual(), combinations.cost_usual())
    }

    #[rstest]
    #[case::many_combinations(
        |usual, _| Limits { combinations: usual - 1, ..UNLIMITED },
        "residences.csv",
        "il y a beaucoup de cas possibles",
        "tapez « passerelle coverage »"
    )]
    #[case::long_scripts(
        |_, cost| Limits { operations: cost + cost / 2, ..UNLIMITED },
        "gestionnaire.rhai",
        "les règles sont longues à exécuter",
        "tapez « passerelle coverage »"
    )]
    #[case::cut_short(
        |_, cost| Limits { operations: cost / 50, ..UNLIMITED },
        "gestionnaire.rhai",
        "les règles sont trop longues à exécuter",
        "cherchez moins de mots"
    )]
    fn how_a_search_was_limited_is_told_once(
        #[case] of: fn(u64, u64) -> Limits,
        #[case] file: &str,
        #[case] why: &str,
        #[case] remedy: &str,
    ) {
        let generation = generation("for x in 0..300 { }");
        let limits = limits(&generation, of);
        let unlimited = searched(&generation, UNLIMITED);
        assert_eq!(told_since(&Coverage::default(), &unlimited), []);
        let limited = searched(&generation, limits);
        let [told] = told_since(&unlimited, &limited).try_into().unwrap();
        assert_eq!(told.file, file, "{told}");
        assert!(told.message.starts_with(why), "{told}");
        assert!(told.message.ends_with(remedy), "{told}");
        // It was so before: the edit is not to blame.
        assert_eq!(told_since(&limited, &limited), []);
    }

    #[test]
    fn a_search_that_was_cut_short_is_not_called_narrowed() {
        let generation = generation("for x in 0..300 { }");
        let limits = limits(&generation, |usual, cost| Limits {
            combinations: usual - 1,
            operations: cost / 50,
        });
        let found = searched(&generation, limits);
        assert!(found.cut.is_some());
        assert_eq!(found.narrowed, None);
    }

    #[test]
    fn a_hole_is_told_beside_the_limit_of_the_search() {
        let generation = generation("if signalement.transmettre_auteur { throw \"personne\"; }");
        let limits = limits(&generation, |usual, _| Limits {
            combinations: usual - 1,
            ..UNLIMITED
        });
        let told = told_since(&Coverage::default(), &searched(&generation, limits));
        let files: Vec<&str> = told.iter().map(|it| it.file.as_str()).collect();
        assert_eq!(files, ["gestionnaire.rhai", "residences.csv"], "{told:?}");
    }

    #[test]
    fn a_search_that_is_stopped_finds_nothing() {
        let generation = generation("");
        let stopped = search_aside(&generation, &BTreeSet::new(), UNLIMITED, || false);
        assert_eq!(stopped, None);
    }
}
