//! The source of a class's pool: runs of the arena's pages.

use core::alloc::Layout;
use core::ptr::NonNull;

use super::classes::{MOST_POOLED, PAGE};
use super::pages::Pages;
use crate::error::AllocError;
use crate::source::{Source, SystemSource};
use crate::sync::{Arc, Number};

/// What the pools of an arena have for their records, which lie outside of its pages.
#[derive(Default)]
pub(super) struct Records {
    /// Bytes obtained and not given back.
    pub(super) bytes: Number,
    /// Not 0 if the last request of a pool was refused because there was no memory for records, and 0
    /// if there were no pages, or nothing was refused.
    pub(super) refused: Number,
}

/// Chunks for one class.
pub(super) struct ChunkSource {
    pub(super) pages: Arc<Pages>,
    pub(super) records: Arc<Records>,
    pub(super) class: usize,
}

// SAFETY: the regions are runs of the arena's pages, each handed out once until it is given back; the
// pages stay while this value is there. Records come from the program's allocator.
unsafe impl Source for ChunkSource {
    fn obtain(&mut self, layout: Layout) -> Option<NonNull<u8>> {
        let pages = layout.size().div_ceil(PAGE);
        let chunk = self.pages.take_chunk(pages, layout.align(), self.class);
        self.records.refused.set(u64::from(chunk == Err(AllocError::OutOfMemory)));
        chunk.ok()
    }

    unsafe fn release(&mut self, region: NonNull<u8>, layout: Layout) {
        // SAFETY: by the caller.
        unsafe { self.pages.give_chunk(region, layout.size().div_ceil(PAGE), self.class) }
    }

    fn obtain_records(&mut self, layout: Layout) -> Option<NonNull<u8>> {
        let region = SystemSource.obtain(layout);
        self.records.refused.set(u64::from(region.is_none()));
        if region.is_some() {
            self.records.bytes.add(layout.size() as u64);
        }
        region
    }

    unsafe fn release_records(&mut self, region: NonNull<u8>, layout: Layout) {
        self.records.bytes.add((layout.size() as u64).wrapping_neg());
        // SAFETY: by the caller.
        unsafe { SystemSource.release(region, layout) }
    }

    fn granule(&self) -> usize {
        PAGE
    }

    fn max_align(&self) -> usize {
        MOST_POOLED
    }
}
