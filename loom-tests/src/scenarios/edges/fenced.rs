//! A source that tells whether a block lies in a region that has gone back.

use core::alloc::Layout;
use core::ptr::NonNull;
use std::alloc::{alloc, dealloc, handle_alloc_error};
use std::sync::{Arc, Mutex, PoisonError};

use stampool::{BufferSource, Source};

/// The size and the alignment of the buffer.
const BUFFER: Layout = match Layout::from_size_align(1 << 16, 4096) {
    Ok(layout) => layout,
    Err(_) => panic!("a layout"),
};

/// Cuts regions from a buffer, one behind the other. So the blocks of each execution lie in the same
/// order, and no region serves twice.
pub(super) struct Fenced {
    regions: BufferSource,
    fence: Fence,
}

/// Knows the regions of one [`Fenced`].
#[derive(Clone)]
pub(super) struct Fence(Arc<Inside>);

struct Inside {
    buffer: NonNull<u8>,
    /// Where the live regions begin, and how long they are.
    live: Mutex<Vec<(usize, usize)>>,
}

// SAFETY: the pointer is used to free the buffer alone.
unsafe impl Send for Inside {}
// SAFETY: as above.
unsafe impl Sync for Inside {}

impl Fenced {
    pub(super) fn new() -> Self {
        // SAFETY: the layout has bytes.
        let buffer = NonNull::new(unsafe { alloc(BUFFER) });
        let buffer = buffer.unwrap_or_else(|| handle_alloc_error(BUFFER));
        // SAFETY: the fence frees the buffer, and the source keeps a part of the fence.
        let regions = unsafe { BufferSource::from_raw_parts(buffer, BUFFER.size()) };
        Self { regions, fence: Fence(Arc::new(Inside { buffer, live: Mutex::default() })) }
    }

    pub(super) fn fence(&self) -> Fence {
        self.fence.clone()
    }
}

impl Fence {
    fn live<R>(&self, f: impl FnOnce(&mut Vec<(usize, usize)>) -> R) -> R {
        f(&mut self.0.live.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether `address` lies in a region that has not gone back.
    pub(super) fn holds(&self, address: usize) -> bool {
        self.live(|live| live.iter().any(|&(start, len)| (start..start + len).contains(&address)))
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        // SAFETY: allocated with this layout; the source and the pool are gone.
        unsafe { dealloc(self.buffer.as_ptr(), BUFFER) };
    }
}

// SAFETY: the buffer's word.
unsafe impl Source for Fenced {
    fn obtain(&mut self, layout: Layout) -> Option<NonNull<u8>> {
        let region = self.regions.obtain(layout)?;
        self.fence.live(|live| live.push((region.addr().get(), layout.size())));
        Some(region)
    }

    /// # Panics
    /// Where the region is not live.
    unsafe fn release(&mut self, region: NonNull<u8>, layout: Layout) {
        let this = (region.addr().get(), layout.size());
        self.fence.live(|live| {
            let nth = live.iter().position(|known| *known == this);
            live.swap_remove(nth.expect("a region went back that was not live"));
        });
        // SAFETY: by the caller.
        unsafe { self.regions.release(region, layout) };
    }
}
