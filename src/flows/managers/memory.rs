//! The CRM's answers and the calls in progress, by residence, on the monotonic clock.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::OnceCell;
use tokio::time::Instant;

use crate::domain::referentiel::Gestionnaires;

use super::ManagersError;

/// Maximum number of residences cached; a landlord has some thousands.
const MOST: usize = 20_000;

/// A call in progress, whose result is shared by everyone waiting for it.
pub(super) type Call = Arc<OnceCell<Result<Gestionnaires, ManagersError>>>;

/// The answers for each residence.
#[derive(Debug, Default)]
pub struct ManagerCache(Mutex<Inside>);

#[derive(Debug, Default)]
struct Inside {
    told: HashMap<String, Told>,
    calls: HashMap<String, Call>,
}

#[derive(Debug, Clone)]
pub(super) struct Told {
    pub(super) managers: Gestionnaires,
    noted: Instant,
    /// How long from then on they are used without asking again.
    fresh_for: Duration,
}

impl Told {
    pub(super) fn is_fresh(&self) -> bool {
        self.noted.elapsed() < self.fresh_for
    }
}

impl ManagerCache {
    pub(super) fn get(&self, residence: &str) -> Option<Told> {
        self.inside().told.get(residence).cloned()
    }

    pub(super) fn put(&self, residence: &str, managers: Gestionnaires, fresh_for: Duration) {
        let told = &mut self.inside().told;
        if told.len() >= MOST && !told.contains_key(residence) {
            let oldest = told.iter().min_by_key(|(_, it)| it.noted);
            if let Some(oldest) = oldest.map(|(code, _)| code.clone()) {
                told.remove(&oldest);
            }
        }
        let noted = Instant::now();
        let new = Told {
            managers,
            noted,
            fresh_for,
        };
        told.insert(residence.to_owned(), new);
    }

    /// The call in progress for a residence, or a new one to make.
    pub(super) fn call(&self, residence: &str) -> Call {
        let calls = &mut self.inside().calls;
        // A call that all its waiters have abandoned is of no use.
        calls.retain(|_, call| Arc::strong_count(call) > 1);
        Arc::clone(calls.entry(residence.to_owned()).or_default())
    }

    /// That call has ended: the next request makes a new one.
    pub(super) fn ended(&self, residence: &str, call: &Call) {
        let calls = &mut self.inside().calls;
        if calls.get(residence).is_some_and(|it| Arc::ptr_eq(it, call)) {
            calls.remove(residence);
        }
    }

    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes every answer stale.
    #[cfg(test)]
    pub(super) fn age(&self) {
        for told in self.inside().told.values_mut() {
            told.fresh_for = Duration::ZERO;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_too_many_only_the_oldest_is_forgotten() {
        let cache = ManagerCache::default();
        for number in 0..=MOST {
            cache.put(&number.to_string(), Gestionnaires::default(), Duration::MAX);
        }
        assert!(cache.get("0").is_none());
        assert!(cache.get("1").is_some() && cache.get(&MOST.to_string()).is_some());
        // Updating a known one evicts nothing.
        cache.put("5", Gestionnaires::default(), Duration::MAX);
        assert!(cache.get("1").is_some());
    }
}
