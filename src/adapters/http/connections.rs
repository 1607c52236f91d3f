//! How many clients may be connected at once.
//!
//! Each uses a file descriptor. The database, photos, rules and partners need some too, and a client without a
//! token must not use the last one.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// The most connections at once: beyond this, memory is the limit rather than descriptors.
const MOST: usize = 10_000;

/// Raises this process's limit of open files to the maximum the system allows, and returns how many connections may
/// be open.
#[must_use]
pub fn most() -> usize {
    let now = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: now.maximum,
        ..now
    };
    if let Err(error) = setrlimit(Resource::Nofile, raised) {
        tracing::debug!(%error, "the limit on open files could not be raised");
    }
    of(getrlimit(Resource::Nofile).current)
}

/// Half of the descriptors, as each signalement may use another one for its photo or the CRM. `None` means
/// unlimited.
fn of(descriptors: Option<u64>) -> usize {
    let half = descriptors.map(|it| usize::try_from(it / 2).unwrap_or(usize::MAX));
    half.map_or(MOST, |it| it.min(MOST))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn descriptors_are_left_for_the_rest_however_few_there_are() {
        assert_eq!(of(Some(1_024)), 512);
        assert_eq!(of(Some(64)), 32);
        assert_eq!(of(Some(524_288)), MOST);
        assert_eq!(of(None), MOST);
    }
}
