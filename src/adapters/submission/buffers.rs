//! Reuses the memory of large bodies: fresh from the system, it costs a page fault for each 4 KiB, which was a
//! fifth of the work for a body with photos.

use std::mem;
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

/// Smaller buffers are left to the allocator (bytes).
const WORTH_KEEPING: usize = 128 * 1024;
/// The most memory that is kept, in bytes.
const MOST_KEPT: usize = 48 * 1024 * 1024;
/// A buffer unused for this long is returned to the system.
const UNUSED: Duration = Duration::from_secs(1);

/// The buffers kept for reuse.
#[derive(Default)]
pub struct Buffers {
    /// In the order in which they were given back.
    free: Mutex<Vec<Free>>,
    given_back: Notify,
}

struct Free {
    bytes: Vec<u8>,
    since: Instant,
}

impl Buffers {
    /// An empty buffer with room for this many bytes.
    pub(in crate::adapters) fn take(self: &Arc<Self>, capacity: usize) -> Buffer {
        let kept = if capacity < WORTH_KEEPING {
            None
        } else {
            self.fitting(capacity)
        };
        Buffer {
            bytes: kept.unwrap_or_else(|| Vec::with_capacity(capacity)),
            home: Some(Arc::clone(self)),
        }
    }

    /// Returns unused memory to the system, for as long as it is polled.
    pub async fn run(self: Arc<Self>) {
        loop {
            self.given_back.notified().await;
            while !self.forget(Instant::now()) {
                tokio::time::sleep(UNUSED).await;
            }
        }
    }

    /// The smallest buffer that is large enough; of several, the one used last, which may still be in the
    /// processor's cache.
    fn fitting(&self, capacity: usize) -> Option<Vec<u8>> {
        let mut free = self.free();
        let large_enough = free.iter().enumerate().rev();
        let large_enough = large_enough.filter(|(_, it)| it.bytes.capacity() >= capacity);
        let (at, _) = large_enough.min_by_key(|(_, it)| it.bytes.capacity())?;
        Some(free.remove(at).bytes)
    }

    fn keep(&self, mut bytes: Vec<u8>) {
        if bytes.capacity() < WORTH_KEEPING {
            return;
        }
        bytes.clear();
        let since = Instant::now();
        let mut free = self.free();
        free.push(Free { bytes, since });
        while free.iter().map(|it| it.bytes.capacity()).sum::<usize>() > MOST_KEPT {
            free.remove(0);
        }
        self.given_back.notify_one();
    }

    /// Releases what has been unused too long; returns whether nothing is left.
    fn forget(&self, now: Instant) -> bool {
        let mut free = self.free();
        free.retain(|it| now.saturating_duration_since(it.since) < UNUSED);
        free.is_empty()
    }

    fn free(&self) -> MutexGuard<'_, Vec<Free>> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Bytes whose memory returns to the buffers it was taken from.
pub struct Buffer {
    bytes: Vec<u8>,
    home: Option<Arc<Buffers>>,
}

/// Bytes from elsewhere, whose memory is not kept.
impl From<Vec<u8>> for Buffer {
    fn from(bytes: Vec<u8>) -> Self {
        Self { bytes, home: None }
    }
}

impl Deref for Buffer {
    type Target = Vec<u8>;

    fn deref(&self) -> &Vec<u8> {
        &self.bytes
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }
}

impl AsRef<[u8]> for Buffer {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        if let Some(home) = self.home.take() {
            home.keep(mem::take(&mut self.bytes));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(buffers: &Buffers) -> Vec<usize> {
        let free = buffers.free();
        free.iter().map(|it| it.bytes.capacity()).collect()
    }

    #[test]
    fn memory_is_reused_without_its_previous_content() {
        let buffers = Arc::new(Buffers::default());
        let mut first = buffers.take(WORTH_KEEPING);
        first.extend_from_slice(b"what a tenant wrote");
        let there = first.as_ptr();
        drop(first);
        // Too small for a larger body, which does not use it.
        drop(buffers.take(2 * WORTH_KEEPING));
        assert_eq!(kept(&buffers), [WORTH_KEEPING, 2 * WORTH_KEEPING]);
        let again = buffers.take(WORTH_KEEPING);
        assert_eq!((again.as_ptr(), again.len()), (there, 0));
    }

    #[test]
    fn memory_is_kept_up_to_the_limit_and_not_for_long() {
        let buffers = Arc::new(Buffers::default());
        let all: Vec<Buffer> = (0..4).map(|_| buffers.take(MOST_KEPT / 3)).collect();
        drop(all);
        assert_eq!(kept(&buffers).len(), 3);
        let now = Instant::now();
        assert!(!buffers.forget(now));
        assert!(buffers.forget(now + UNUSED));
        assert!(kept(&buffers).is_empty());
    }

    #[test]
    fn the_memory_of_small_bodies_is_not_kept() {
        let buffers = Arc::new(Buffers::default());
        drop(buffers.take(1_000));
        drop(Buffer::from(vec![0; WORTH_KEEPING]));
        assert!(kept(&buffers).is_empty());
        // One of unknown size may have grown.
        let mut grown = buffers.take(0);
        grown.resize(WORTH_KEEPING, 0);
        drop(grown);
        assert_eq!(kept(&buffers).len(), 1);
    }
}
