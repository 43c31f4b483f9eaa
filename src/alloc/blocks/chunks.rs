//! The chunks of a block allocator: no header, and an array that remembers them.

use core::alloc::Layout;
use core::ptr::NonNull;

use crate::error::AllocError;
use crate::source::Source;

/// Chunks double, so this many are never needed, unless the source refuses large ones.
const MOST_CHUNKS: usize = 40;
/// Chunks double up to this size, in bytes.
const LARGEST_CHUNK_BYTES: usize = 64 << 20;

/// I1: the first `count` places hold chunks that the source gave and has not got back, each with
/// its number of blocks.
pub(super) struct Chunks<S: Source> {
    source: S,
    places: [(NonNull<u8>, usize); MOST_CHUNKS],
    count: usize,
    next_blocks: usize,
}

impl<S: Source> Chunks<S> {
    pub(super) const fn new(source: S, first_blocks: usize) -> Self {
        let places = [(NonNull::dangling(), 0); MOST_CHUNKS];
        Self { source, places, count: 0, next_blocks: first_blocks }
    }

    /// Each chunk, and its number of blocks.
    pub(super) fn places(&self) -> &[(NonNull<u8>, usize)] {
        &self.places[..self.count]
    }

    /// Gives all chunks back.
    ///
    /// # Safety
    ///
    /// Nobody uses them.
    pub(super) unsafe fn release_all(&mut self, block: Layout) {
        while self.count > 0 {
            // SAFETY: there is one; by the caller.
            unsafe { self.release_last(block) };
        }
    }
}

/// The layout of a chunk, if it can be had.
fn chunk_layout(block: Layout, blocks: usize) -> Option<Layout> {
    Layout::from_size_align(block.size().checked_mul(blocks)?, block.align()).ok()
}

impl<S: Source> Chunks<S> {
    /// Obtains a chunk that has twice as many blocks as the one before, or fewer if the source has
    /// no more.
    pub(super) fn obtain(&mut self, block: Layout) -> Result<(NonNull<u8>, usize), AllocError> {
        if self.count == MOST_CHUNKS {
            return Err(AllocError::OutOfMemory);
        }
        let mut blocks = self.next_blocks;
        let (start, layout) = loop {
            let layout = chunk_layout(block, blocks);
            match layout.and_then(|layout| Some((self.source.obtain(layout)?, layout))) {
                Some(chunk) => break chunk,
                None if blocks == 1 => return Err(AllocError::OutOfMemory),
                None => blocks /= 2,
            }
        };
        if !start.addr().get().is_multiple_of(layout.align()) {
            // SAFETY: just obtained with this layout, and not used.
            unsafe { self.source.release(start, layout) };
            return Err(AllocError::MisalignedSource);
        }
        self.places[self.count] = (start, blocks);
        self.count += 1;
        let most = (LARGEST_CHUNK_BYTES / block.size()).max(blocks);
        self.next_blocks = blocks.saturating_mul(2).min(most);
        Ok((start, blocks))
    }

    /// Gives all chunks back but the largest, which stays.
    ///
    /// # Safety
    ///
    /// Nobody uses them.
    pub(super) unsafe fn keep_largest(&mut self, block: Layout) -> Option<(NonNull<u8>, usize)> {
        let largest =
            self.places[..self.count].iter().copied().max_by_key(|(_, blocks)| *blocks)?;
        while self.count > 1 {
            let last = self.places[self.count - 1];
            if last == largest {
                self.places.swap(0, self.count - 1);
            }
            // SAFETY: by the caller.
            unsafe { self.release_last(block) };
        }
        Some(largest)
    }

    /// Gives the last chunk of the array back.
    ///
    /// # Safety
    ///
    /// There is one, and nobody uses it.
    unsafe fn release_last(&mut self, block: Layout) {
        self.count -= 1;
        let (start, blocks) = self.places[self.count];
        let layout = chunk_layout(block, blocks).expect("it was obtained with this layout");
        // SAFETY: obtained with this layout, and no longer in the array.
        unsafe { self.source.release(start, layout) };
    }
}
