//! A source that gives little.

use core::alloc::Layout;
use core::ptr::NonNull;
use core::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Arc;

use stampool::{Source, SystemSource};

/// The most that the source gives in one region, and in all.
pub const LIMITS: (usize, usize) = (1 << 20, 3 << 20);
/// The largest alignment that it gives.
pub const MAX_ALIGN: usize = 1 << 16;
/// Gives the system's memory, within [`LIMITS`].
pub struct Thrifty {
    /// Bytes given so far.
    pub given: usize,
    /// Regions that are not back yet.
    pub held: Arc<AtomicUsize>,
}

// SAFETY: regions are the system's.
unsafe impl Source for Thrifty {
    fn obtain(&mut self, layout: Layout) -> Option<NonNull<u8>> {
        if layout.size() > LIMITS.0 || layout.size() > LIMITS.1 - self.given {
            return None;
        }
        self.given += layout.size();
        self.held.fetch_add(1, Ordering::Relaxed);
        SystemSource.obtain(layout)
    }

    unsafe fn release(&mut self, region: NonNull<u8>, layout: Layout) {
        self.held.fetch_sub(1, Ordering::Relaxed);
        // SAFETY: by the caller.
        unsafe { SystemSource.release(region, layout) };
    }

    fn max_align(&self) -> usize {
        MAX_ALIGN
    }
}
