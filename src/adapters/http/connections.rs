//! How many clients may be connected at once.
//!
//! Each takes a file descriptor. The database, photos, rules and partners need some as well, and a client
//! without a token must not take the last one.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Descriptors that are left to everything else: connections to partners and to the database, photos, and
/// files that are read.
const RESERVED: u64 = 256;

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

/// How many of so many descriptors; `None` is no limit.
fn of(descriptors: Option<u64>) -> usize {
    let Some(descriptors) = descriptors else {
        return usize::MAX;
    };
    let left = descriptors - RESERVED.min(descriptors / 2);
    usize::try_from(left).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn something_is_left_to_the_rest_however_few_there_are() {
        assert_eq!(of(Some(1_024)), 768);
        assert_eq!(of(Some(64)), 32);
        assert_eq!(of(None), usize::MAX);
    }
}
