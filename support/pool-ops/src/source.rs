//! A source that counts, and whose memory may come to an end.

use core::alloc::Layout;
use core::ptr::NonNull;
use core::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::Arc;

use stampool::{Source, SystemSource};

/// What a source has given and got back.
#[derive(Debug, Default)]
pub struct Counts {
    /// Regions given.
    pub obtained: AtomicUsize,
    /// Regions that came back.
    pub released: AtomicUsize,
}

/// The system's memory, so many regions of it.
#[derive(Debug)]
pub struct Metered {
    /// Read from outside, even when the pool is gone.
    pub counts: Arc<Counts>,
    /// The most regions.
    pub regions: usize,
}

// SAFETY: the system source's word.
unsafe impl Source for Metered {
    fn obtain(&mut self, layout: Layout) -> Option<NonNull<u8>> {
        if self.counts.obtained.load(Relaxed) >= self.regions {
            return None;
        }
        let region = SystemSource.obtain(layout)?;
        self.counts.obtained.fetch_add(1, Relaxed);
        Some(region)
    }

    unsafe fn release(&mut self, region: NonNull<u8>, layout: Layout) {
        self.counts.released.fetch_add(1, Relaxed);
        // SAFETY: by the caller.
        unsafe { SystemSource.release(region, layout) };
    }
}
