//! Resizing the blocks of a stack where they are.

use core::alloc::Layout;
use core::ptr::NonNull;

use super::places::rounded;
use super::state::StackState;
use crate::alloc::served::Served;
use crate::error::AllocError;
use crate::source::Source;

impl<S: Source> StackState<S> {
    /// A block with its chunk's provenance.
    #[inline]
    fn own(&self, block: NonNull<u8>) -> NonNull<u8> {
        match self.current.get() {
            Some(chunk) if chunk.contains(block) => chunk.own(block),
            _ => self.chunk_of(block).map_or(block, |chunk| chunk.own(block)),
        }
    }

    /// # Safety
    ///
    /// The block is live, `old` fits it, and the new size is not smaller.
    #[inline(always)]
    pub(super) unsafe fn grow_in_place(
        &self,
        depth: usize,
        block: NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Served {
        let (old_size, size) = (rounded(old.size()), rounded(new.size()));
        if old.size() == 0 || block.addr().get() & (new.align() - 1) != 0 {
            return Err(AllocError::NotInPlace);
        }
        if size <= old_size {
            return Ok(NonNull::slice_from_raw_parts(self.own(block), size));
        }
        let is_last = block.addr().get() + old_size == self.bump.mark().addr().get();
        // The innermost scope alone may grow, and only a block of its own.
        let is_own = depth == self.depth.get() && block >= self.low.get();
        if !is_last || !is_own || size - old_size > self.bump.remaining() {
            return Err(AllocError::NotInPlace);
        }
        // SAFETY: the block lies directly below the mark.
        let own = unsafe { self.bump.mark().sub(old_size) };
        // SAFETY: the new size fits below the end.
        let mark = unsafe { own.add(size) };
        // SAFETY: what is above the mark is as it was.
        unsafe { self.bump.set(mark, self.bump.end()) };
        Ok(NonNull::slice_from_raw_parts(own, size))
    }

    /// # Safety
    ///
    /// The block is live, `old` fits it, and the new size is not larger.
    #[inline(always)]
    pub(super) unsafe fn shrink_in_place(
        &self,
        block: NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Served {
        if block.addr().get() & (new.align() - 1) != 0 {
            return Err(AllocError::NotInPlace);
        }
        let (old_size, size) = (rounded(old.size()), rounded(new.size()));
        if old_size == 0 {
            return Ok(NonNull::slice_from_raw_parts(block, 0));
        }
        let block = self.own(block);
        if size < old_size {
            // SAFETY: the new size is in the block.
            let tail = unsafe { block.add(size) };
            // SAFETY: the tail is whole granules, and the caller gives it up.
            unsafe { self.deallocate(tail, old_size - size) };
        }
        Ok(NonNull::slice_from_raw_parts(block, size))
    }
}
