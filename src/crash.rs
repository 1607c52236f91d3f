//! Named places where the crash tests kill the process, to show that a death there leaves everything
//! consistent.
//!
//! Also named places where a test makes the process panic, to show that a bug there costs nothing important.
//!
//! They are compiled in only with the feature `crash-points`, which only the tests enable.
//! `tests/it/repository/crash_points.rs` checks that each commit, each file operation and each outside call in `flows`
//! and `adapters` is between two of them.

/// Kills the process, as `kill -9` would, if the environment contains `PASSERELLE_CRASH=name:3` and this is the
/// third passage.
#[cfg(feature = "crash-points")]
pub fn point(name: &'static str) {
    use std::sync::LazyLock;
    use std::sync::atomic::{AtomicU32, Ordering};

    static WANTED: LazyLock<Option<(String, u32)>> = LazyLock::new(|| {
        let wanted = std::env::var("PASSERELLE_CRASH").ok()?;
        let (name, passage) = wanted.split_once(':')?;
        Some((name.to_owned(), passage.parse().ok()?))
    });
    static PASSED: AtomicU32 = AtomicU32::new(0);

    let Some((wanted, passage)) = &*WANTED else {
        return;
    };
    if wanted == name && PASSED.fetch_add(1, Ordering::SeqCst) + 1 == *passage {
        let _ =
            rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
    }
}

/// Does nothing without the feature `crash-points`.
#[cfg(not(feature = "crash-points"))]
#[inline]
pub fn point(_name: &'static str) {}

/// Panics, as a bug of ours would, if the environment contains `PASSERELLE_PANIC=name`.
///
/// # Panics
/// If the environment names this place.
#[cfg(feature = "crash-points")]
pub fn panic_at(name: &'static str) {
    use std::sync::LazyLock;

    static WANTED: LazyLock<Option<String>> =
        LazyLock::new(|| std::env::var("PASSERELLE_PANIC").ok());
    assert!(WANTED.as_deref() != Some(name), "a test wants it: {name}");
}

/// Does nothing without the feature `crash-points`.
#[cfg(not(feature = "crash-points"))]
#[inline]
pub fn panic_at(_name: &'static str) {}
