//! How many clients may be connected at once.
//!
//! Each takes a file descriptor. The database, photos, rules and partners need some as well, and a client
//! without a token must not take the last one.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// More at once need memory rather than descriptors.
const MOST: usize = 10_000;

/// Raises the number of files that this process may have open to what the system allows it, and gives
/// how many of them connections may take.
#[must_use]
pub fn most() -> usize {
    let now = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: now.maximum,
        ..now
    };
    if let Err(error) = setrlimit(Resource::Nofile, raised) {
        tracing::debug!(%error, "the limit of open files stays as it is");
    }
    of(getrlimit(Resource::Nofile).current)
}

/// Half of so many descriptors: each signalement may take another, for its photo or the CRM. `None` is no limit.
fn of(descriptors: Option<u64>) -> usize {
    let half = descriptors.map(|it| usize::try_from(it / 2).unwrap_or(usize::MAX));
    half.map_or(MOST, |it| it.min(MOST))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn something_is_left_to_the_rest_however_few_there_are() {
        assert_eq!(of(Some(1_024)), 512);
        assert_eq!(of(Some(64)), 32);
        assert_eq!(of(Some(524_288)), MOST);
        assert_eq!(of(None), MOST);
    }
}
