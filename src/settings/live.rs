//! The settings in force, and what adapters make from them.

use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;

use crate::rules::connector::SecretNames;
use crate::settings::{CrmKind, LiveSettings, Settings};

/// The live settings in force: one value, swapped whole.
///
/// Whoever needs them asks at each use, and keeps what it got for as long as that use takes.
#[derive(Clone)]
pub struct InForce {
    live: Arc<ArcSwap<LiveSettings>>,
    /// That of the start.
    crm: CrmKind,
}

impl InForce {
    /// Puts the first ones in force.
    #[must_use]
    pub fn new(settings: &Settings) -> Self {
        Self {
            live: Arc::new(ArcSwap::from_pointee(settings.live.clone())),
            crm: settings.crm,
        }
    }

    /// What is in force now.
    #[must_use]
    pub fn get(&self) -> Arc<LiveSettings> {
        self.live.load_full()
    }

    /// Puts others in force.
    pub fn replace(&self, settings: LiveSettings) {
        self.live.store(Arc::new(settings));
    }

    /// Which CRM is called.
    #[must_use]
    pub fn crm(&self) -> CrmKind {
        self.crm
    }

    /// What connectors can name, and which of them are called: rules are asked for what the CRM needs that is
    /// called, not for what another would after a restart.
    #[must_use]
    pub fn secret_names(&self) -> SecretNames {
        self.live.load().secret_names(self.crm)
    }
}

/// Something that is made from one part of the live settings, and made anew only when that part
/// changes: what it remembers (connections, counts) outlives every other edit.
pub struct MadeFrom<P, T> {
    in_force: InForce,
    part: fn(&LiveSettings) -> &P,
    make: fn(&P) -> T,
    made: ArcSwap<(P, Arc<T>)>,
    one_at_a_time: Mutex<()>,
}

impl<P: Clone + PartialEq, T> MadeFrom<P, T> {
    /// Makes it from what is in force now.
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

    /// The one that belongs to what is in force now.
    pub fn get(&self) -> Arc<T> {
        if let Some(thing) = self.current() {
            return thing;
        }
        let _alone = self
            .one_at_a_time
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        // Another caller may have made it meanwhile: a second one would forget what the first knows.
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

    /// The same where it need not be made first; `None` where [`Self::get`] would make it, for those whose making takes
    /// time that the caller has not.
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
