//! The system source, counted.

use core::alloc::Layout;
use core::ptr::NonNull;
use core::sync::atomic::{AtomicIsize, Ordering};
use std::sync::Arc;

use stampool::{Source, SystemSource};

/// Counts what it gives and gets back.
pub(super) struct Metered(pub(super) Arc<AtomicIsize>);

// SAFETY: the system source's word.
unsafe impl Source for Metered {
    fn obtain(&mut self, layout: Layout) -> Option<NonNull<u8>> {
        self.0.fetch_add(1, Ordering::Relaxed);
        SystemSource.obtain(layout)
    }

    unsafe fn release(&mut self, region: NonNull<u8>, layout: Layout) {
        self.0.fetch_sub(1, Ordering::Relaxed);
        // SAFETY: by the caller.
        unsafe { SystemSource.release(region, layout) };
    }
}
