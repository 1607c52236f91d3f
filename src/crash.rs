//! Named places where the crash suite kills the process, to show that whatever a death at that very
//! place leaves behind is whole.
//!
//! Named places as well where a test makes the process panic, to show that a fault there costs nothing
//! that counts.
//!
//! Only the feature `crash-points`, which nothing but the tests turns on, puts them into the binary.
//! `tests/it/crash_points.rs` holds that each commit, each step of a file and each outside call in
//! `flows` and `adapters` stands between two of them.

/// Kills the process, as `kill -9` would, where the environment says `PASSERELLE_CRASH=name:3` and
/// this is the third time that it comes by.
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

/// Nothing.
#[cfg(not(feature = "crash-points"))]
#[inline]
pub fn point(_name: &'static str) {}

/// Panics, as a fault of ours would, where the environment says `PASSERELLE_PANIC=name`.
///
/// # Panics
/// Then and there.
#[cfg(feature = "crash-points")]
pub fn panic_at(name: &'static str) {
    use std::sync::LazyLock;

    static WANTED: LazyLock<Option<String>> =
        LazyLock::new(|| std::env::var("PASSERELLE_PANIC").ok());
    assert!(WANTED.as_deref() != Some(name), "a test wants it: {name}");
}

/// Nothing.
#[cfg(not(feature = "crash-points"))]
#[inline]
pub fn panic_at(_name: &'static str) {}
