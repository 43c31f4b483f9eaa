//! The mark that moves through one piece of memory: what all single-threaded bumping members share.

use core::alloc::Layout;
use core::cell::Cell;
use core::ptr::NonNull;

use super::empty_block;
use super::served::Served;
use crate::error::AllocError;

/// Memory between `mark` and `end` is free.
///
/// - BU1. `mark <= end`, and both lead into one piece of memory, or to its end.
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
        let (start, end) = fit(self.mark.get(), self.end.get(), layout)?;
        self.mark.set(end);
        Some(start)
    }

    /// Whether the mark is the end of these bytes. If there are none, the mark is their address,
    /// and then moving the mark there changes nothing.
    #[inline(always)]
    fn is_last(&self, block: NonNull<u8>, size: usize) -> bool {
        block.addr().get() + size == self.mark.get().addr().get()
    }

    /// The start of the last block, which has this size, with the mark's provenance: a block
    /// without bytes has none.
    ///
    /// # Safety
    ///
    /// [`is_last`](Self::is_last) said so of a live block.
    #[inline(always)]
    unsafe fn last(&self, size: usize) -> NonNull<u8> {
        // SAFETY: the block lies directly below the mark.
        unsafe { self.mark.get().sub(size) }
    }

    /// Takes a block back if it is the last one.
    ///
    /// # Safety
    ///
    /// The block is live.
    #[inline(always)]
    pub(super) unsafe fn give(&self, block: NonNull<u8>, size: usize) {
        if self.is_last(block, size) {
            // SAFETY: it is the last one.
            self.mark.set(unsafe { self.last(size) });
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
    pub(super) unsafe fn grow(&self, block: NonNull<u8>, old: Layout, new: Layout) -> Served {
        let room = self.end.get().addr().get().wrapping_sub(block.addr().get());
        if !self.is_last(block, old.size()) || new.size() > room || !is_aligned(block, old, new) {
            return Err(AllocError::NotInPlace);
        }
        // SAFETY: it is the last one.
        let block = unsafe { self.last(old.size()) };
        // SAFETY: the new size fits between the block's start and the end.
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
    pub(super) unsafe fn shrink(&self, block: NonNull<u8>, old: Layout, new: Layout) -> Served {
        if !is_aligned(block, old, new) {
            return Err(AllocError::NotInPlace);
        }
        if self.is_last(block, old.size()) {
            // SAFETY: it is the last one.
            let block = unsafe { self.last(old.size()) };
            // SAFETY: the new size is at most the old one, so this is in the block.
            self.mark.set(unsafe { block.add(new.size()) });
        }
        Ok(NonNull::slice_from_raw_parts(block, new.size()))
    }
}

/// The block that `take` cuts off, or else that of `otherwise`; as long as was asked for. A block
/// without bytes takes no memory (A5): `take` has none of these, so only what it refuses is looked
/// at.
#[inline(always)]
pub(super) fn serve(
    layout: Layout,
    take: impl FnOnce() -> Option<NonNull<u8>>,
    otherwise: impl FnOnce() -> Result<NonNull<u8>, AllocError>,
) -> Served {
    let block = match take() {
        Some(block) => block,
        None if layout.size() == 0 => return Ok(empty_block(layout)),
        None => otherwise()?,
    };
    Ok(NonNull::slice_from_raw_parts(block, layout.size()))
}

/// Where a block of `layout` begins and ends behind `mark`, if it has bytes and ends at `end` or
/// before.
#[inline(always)]
pub(super) fn fit(
    mark: NonNull<u8>,
    end: NonNull<u8>,
    layout: Layout,
) -> Option<(NonNull<u8>, NonNull<u8>)> {
    let (below, size) = (layout.align() - 1, layout.size());
    // This may wrap around if the memory lies near the end of the address space.
    let start = mark.as_ptr().map_addr(|mark| mark.wrapping_add(below) & !below);
    let block_end = start.wrapping_add(size);
    // The memory is at most `isize::MAX` bytes long, and `start` is less than an alignment behind
    // `end`. A layout's size is at most `isize::MAX` even if it is rounded up to the alignment. So
    // the difference fits into a signed number, and is negative if the block ends behind `end`,
    // even if an address has wrapped around.
    let rest = end.addr().get().wrapping_sub(block_end.addr()).cast_signed();
    // This is negative if there are no bytes, and one comparison sees both.
    let last = size.wrapping_sub(1).cast_signed();
    if rest | last < 0 {
        return None;
    }
    // SAFETY: `start` lies between the mark and the end, neither of which is null.
    let start = unsafe { NonNull::new_unchecked(start) };
    // SAFETY: the block ends at `end` or before.
    Some((start, unsafe { start.add(size) }))
}

/// Whether a block of the layout `old` is aligned as `new` asks.
#[inline(always)]
pub(super) fn is_aligned(block: NonNull<u8>, old: Layout, new: Layout) -> bool {
    new.align() <= old.align() || block.addr().get() & (new.align() - 1) == 0
}
