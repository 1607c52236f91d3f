//! The settings in force, and values that adapters derive from them.

use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;

use crate::rules::connector::SecretNames;
use crate::settings::{CrmKind, LiveSettings, Settings};

/// The live settings in force: a single value, swapped as a whole.
///
/// Users get it at each use, and keep that value until the use ends.
#[derive(Clone)]
pub struct InForce {
    live: Arc<ArcSwap<LiveSettings>>,
    /// The kind at startup.
    crm: CrmKind,
}

impl InForce {
    /// Puts the settings loaded at startup in force.
    #[must_use]
    pub fn new(settings: &Settings) -> Self {
        Self {
            live: Arc::new(ArcSwap::from_pointee(settings.live.clone())),
            crm: settings.crm,
        }
    }

    /// The live settings now in force.
    #[must_use]
    pub fn get(&self) -> Arc<LiveSettings> {
        self.live.load_full()
    }

    /// Puts new live settings in force.
    pub fn replace(&self, settings: LiveSettings) {
        self.live.store(Arc::new(settings));
    }

    /// The kind of CRM that is called.
    #[must_use]
    pub fn crm(&self) -> CrmKind {
        self.crm
    }

    /// The secrets that connectors can name, and which connectors are called: the rules are checked against the
    /// CRM now in use, not one that needs a restart.
    #[must_use]
    pub fn secret_names(&self) -> SecretNames {
        self.live.load().secret_names(self.crm)
    }
}

/// A value derived from one part of the live settings, and rebuilt only when that part changes: its state
/// (connections, counts) survives all other edits.
pub struct MadeFrom<P, T> {
    in_force: InForce,
    part: fn(&LiveSettings) -> &P,
    make: fn(&P) -> T,
    made: ArcSwap<(P, Arc<T>)>,
    one_at_a_time: Mutex<()>,
}

impl<P: Clone + PartialEq, T> MadeFrom<P, T> {
    /// Builds it from the settings now in force.
    pub fn new(in_force: InForce, part: fn(&LiveSettings) -> &P, make: fn(&P) -> T) -> Self {
        let settings = in_force.get();
        let first = part(&settings);
        let made = ArcSwap::from_pointee((first.clone(), Arc::new(make(first))));
        Self {
            in_force,
            part,
            make,
            made,
            one_at_a_time: Mutex::default(),
        }
    }

    /// The value for the settings now in force.
    pub fn get(&self) -> Arc<T> {
        if let Some(thing) = self.current() {
            return thing;
        }
        let _alone = self
            .one_at_a_time
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        // A concurrent caller may have built it meanwhile: a second one would lose the state of the first.
        if let Some(thing) = self.current() {
            return thing;
        }
        let settings = self.in_force.get();
        let part = (self.part)(&settings);
        let thing = Arc::new((self.make)(part));
        self.made
            .store(Arc::new((part.clone(), Arc::clone(&thing))));
        thing
    }

    /// Like `get`, but returns `None` rather than building the value, for callers that must not block.
    pub fn current(&self) -> Option<Arc<T>> {
        let made = self.made.load();
        let settings = self.in_force.live.load();
        (made.0 == *(self.part)(&settings)).then(|| Arc::clone(&made.1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thing_is_made_anew_only_when_its_own_part_changes() {
        let settings = Settings::load(None, Vec::new()).unwrap();
        let (in_force, live) = (InForce::new(&settings), settings.live);
        let made = MadeFrom::new(in_force.clone(), |it| &it.limits, |limits| limits.photos);
        let first = made.get();
        in_force.replace(LiveSettings {
            log: "debug".into(),
            ..live.clone()
        });
        assert!(Arc::ptr_eq(&first, &made.get()));
        let mut other = live;
        other.limits.photos = 3;
        in_force.replace(other);
        assert_eq!(*made.get(), 3);
    }
}
