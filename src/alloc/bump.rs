//! The mark that moves through one piece of memory: what all single-threaded bumping members share.

use core::alloc::Layout;
use core::cell::Cell;
use core::ptr::NonNull;

use crate::error::AllocError;

/// Memory between `mark` and `end` is free. I1: `mark <= end`, and both lead into one piece of
/// memory, or to its end.
#[derive(Debug)]
pub(super) struct Bump {
    mark: Cell<NonNull<u8>>,
    end: Cell<NonNull<u8>>,
}

impl Bump {
    /// A piece without a byte.
    pub(super) const fn empty() -> Self {
        Self { mark: Cell::new(NonNull::dangling()), end: Cell::new(NonNull::dangling()) }
    }

    /// A piece from `start` to `end`.
    ///
    /// # Safety
    ///
    /// The bytes between them are valid, and nobody else uses them as long as this value serves
    /// them.
    pub(super) const unsafe fn new(start: NonNull<u8>, end: NonNull<u8>) -> Self {
        Self { mark: Cell::new(start), end: Cell::new(end) }
    }

    /// Serves another piece from here on, or the same one from another mark on.
    ///
    /// # Safety
    ///
    /// As [`new`](Self::new).
    #[inline]
    pub(super) unsafe fn set(&self, mark: NonNull<u8>, end: NonNull<u8>) {
        self.mark.set(mark);
        self.end.set(end);
    }

    #[inline(always)]
    pub(super) fn end(&self) -> NonNull<u8> {
        self.end.get()
    }

    #[inline(always)]
    pub(super) fn mark(&self) -> NonNull<u8> {
        self.mark.get()
    }

    /// Bytes between mark and end.
    #[inline(always)]
    pub(super) fn remaining(&self) -> usize {
        self.end.get().addr().get() - self.mark.get().addr().get()
    }

    /// Cuts a block off, or leaves everything as it is.
    #[inline(always)]
    pub(super) fn take(&self, layout: Layout) -> Option<NonNull<u8>> {
        let mark = self.mark.get();
        // How far the next multiple of the alignment is.
        let padding = mark.addr().get().wrapping_neg() & (layout.align() - 1);
        // A layout's size, rounded up to its alignment, is at most `isize::MAX`, and the padding is
        // below the alignment. So the sum does not overflow.
        if padding + layout.size() > self.remaining() {
            return None;
        }
        // SAFETY: padding and size fit between the mark and the end (I1).
        let start = unsafe { mark.add(padding) };
        // SAFETY: as above.
        self.mark.set(unsafe { start.add(layout.size()) });
        Some(start)
    }

    /// Whether the block is the last one: it has bytes, and the mark is its end.
    #[inline(always)]
    pub(super) fn is_last(&self, block: NonNull<u8>, size: usize) -> bool {
        size != 0 && block.addr().get() + size == self.mark.get().addr().get()
    }

    /// Takes a block back if it is the last one.
    ///
    /// # Safety
    ///
    /// The block is live.
    #[inline(always)]
    pub(super) unsafe fn give(&self, block: NonNull<u8>, size: usize) {
        if self.is_last(block, size) {
            self.mark.set(block);
        }
    }

    /// Moves the end of the last block further.
    ///
    /// # Errors
    ///
    /// [`AllocError::NotInPlace`]: it is not the last one, there is no room behind it, or it is not
    /// aligned as the new layout asks.
    ///
    /// # Safety
    ///
    /// The block is live, and the new size is not smaller.
    #[inline(always)]
    pub(super) unsafe fn grow(
        &self,
        block: NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        let more = new.size() - old.size();
        if !self.is_last(block, old.size())
            || more > self.remaining()
            || block.addr().get() & (new.align() - 1) != 0
        {
            return Err(AllocError::NotInPlace);
        }
        // SAFETY: the mark is the block's end, and `more` bytes fit between it and the end (I1).
        self.mark.set(unsafe { block.add(new.size()) });
        Ok(NonNull::slice_from_raw_parts(block, new.size()))
    }

    /// Moves the end of a block back. What it leaves is free if it was the last block, and lost
    /// until the piece is served anew if it was not.
    ///
    /// # Errors
    ///
    /// [`AllocError::NotInPlace`]: it is not aligned as the new layout asks.
    ///
    /// # Safety
    ///
    /// The block is live, and the new size is not larger.
    #[inline(always)]
    pub(super) unsafe fn shrink(
        &self,
        block: NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        if block.addr().get() & (new.align() - 1) != 0 {
            return Err(AllocError::NotInPlace);
        }
        if self.is_last(block, old.size()) {
            // SAFETY: the new size is at most the old one, so this is in the block.
            self.mark.set(unsafe { block.add(new.size()) });
        }
        Ok(NonNull::slice_from_raw_parts(block, new.size()))
    }
}
