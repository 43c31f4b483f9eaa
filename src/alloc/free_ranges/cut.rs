//! How blocks are cut from free ranges, and become free ranges again.

use core::alloc::Layout;
use core::ptr::NonNull;

use super::FreeRanges;
use super::index::Index;
use super::range::{FreeRange, GRANULE, granules};
use super::region::Region;
use crate::alloc::bump::is_aligned;
use crate::alloc::empty_block;
use crate::alloc::served::Served;
use crate::error::AllocError;
use crate::source::Source;

/// The bytes of the range in front of the block that a range gives up for the block's alignment.
#[inline(always)]
fn in_front(range: FreeRange, align: usize) -> usize {
    range.start.addr().get().wrapping_neg() & (align - 1)
}

/// Whether a range has room for a block of so many bytes and this alignment.
#[inline(always)]
fn has_room(range: FreeRange, bytes: usize, align: usize) -> bool {
    in_front(range, align).checked_add(bytes).is_some_and(|taken| taken <= range.bytes)
}

impl<S: Source, I: Index> FreeRanges<S, I> {
    /// Finds the region of these bytes, which were free, and notes there that they are in use.
    #[cold]
    #[inline(never)]
    pub(super) fn use_elsewhere(&self, start: NonNull<u8>, bytes: usize) -> NonNull<u8> {
        self.region_of(start).toggle_ends(start, bytes);
        start
    }

    /// Returns a block that is strictly aligned, or has no bytes, or for which the index has found no
    /// range at once.
    #[cold]
    #[inline(never)]
    pub(super) fn allocate_otherwise(&self, layout: Layout) -> Result<NonNull<u8>, AllocError> {
        let (bytes, align) = (granules(layout.size()), layout.align());
        if bytes == 0 {
            return Ok(empty_block(layout).cast());
        }
        let range = self.index.find(bytes, |range| has_room(range, bytes, align)).or_else(|| {
            // A range that is longer by the alignment has room for the block at any address.
            self.index.find(bytes.checked_add(align.checked_sub(GRANULE)?)?, |_| true)
        });
        match range {
            // SAFETY: the range is in the index, and has room for the block.
            Some(range) => Ok(unsafe { self.cut(range, bytes, align) }),
            None => self.grow_and_take(bytes, align),
        }
    }

    /// The region in which the byte at this address lies, which must be one of this allocator's.
    #[inline(always)]
    fn region_of(&self, address: NonNull<u8>) -> Region {
        let region = self.region.get();
        if region.contains(address.addr().get()) { region } else { self.other_region_of(address) }
    }

    #[cold]
    fn other_region_of(&self, address: NonNull<u8>) -> Region {
        let region = self.regions.borrow().find(address);
        self.region.set(region);
        region
    }

    /// Makes a block of the first bytes of a range that are so aligned.
    ///
    /// # Safety
    ///
    /// The range is in the index, and has room for the block.
    unsafe fn cut(&self, range: FreeRange, bytes: usize, align: usize) -> NonNull<u8> {
        let front = in_front(range, align);
        // SAFETY: the range is longer than that.
        let start = unsafe { range.start.add(front) };
        // SAFETY: by the caller.
        unsafe { self.index.remove(range) };
        if front != 0 {
            // SAFETY: what lies in front of it is not free, and the block will not be.
            unsafe { self.index.insert(FreeRange::new(range.start, front)) };
        }
        let rest = range.bytes - front - bytes;
        if rest != 0 {
            // SAFETY: the range is so long.
            let end = unsafe { start.add(bytes) };
            // SAFETY: what lies behind it is not free, and the block will not be.
            unsafe { self.index.insert(FreeRange::new(end, rest)) };
        }
        self.region_of(start).toggle_ends(start, bytes);
        start
    }

    /// Frees a range, together with those that it touches.
    ///
    /// # Safety
    ///
    /// The bytes lie in `region`, by its own pointer, are whole granules and not none, and nobody uses
    /// them.
    #[inline(always)]
    pub(super) unsafe fn free(&self, region: Region, range: FreeRange) {
        let FreeRange { mut start, mut bytes } = range;
        // SAFETY: the range has so many bytes.
        let end = unsafe { start.add(bytes) };
        let (has_left, has_right) = region.toggle_ends(start, bytes);
        if has_left {
            // SAFETY: what lies in front of the block is free.
            let left = unsafe { FreeRange::ending_at(start) };
            // SAFETY: all free ranges are in the index.
            unsafe { self.index.remove(left) };
            start = left.start;
            bytes += left.bytes;
        }
        if has_right {
            // SAFETY: what lies behind the block is free.
            let right = unsafe { FreeRange::beginning_at(end) };
            // SAFETY: all free ranges are in the index.
            unsafe { self.index.remove(right) };
            bytes += right.bytes;
        }
        // SAFETY: the bytes are free, and what they touch is not.
        unsafe { self.index.insert(FreeRange::new(start, bytes)) };
    }

    /// Frees a block.
    ///
    /// # Safety
    ///
    /// `block` is a live block of this allocator, and has so many granules' bytes.
    #[inline(always)]
    pub(super) unsafe fn give(&self, block: NonNull<u8>, bytes: usize) {
        if bytes == 0 {
            return;
        }
        let region = self.region.get();
        if !region.contains(block.addr().get()) {
            // SAFETY: by the caller.
            return unsafe { self.give_elsewhere(block, bytes) };
        }
        // SAFETY: by the caller.
        unsafe { self.free(region, FreeRange::new(region.own(block), bytes)) };
    }

    /// The same, in whatever region the block lies.
    ///
    /// # Safety
    ///
    /// As [`give`](Self::give), and the block has bytes.
    #[cold]
    #[inline(never)]
    unsafe fn give_elsewhere(&self, block: NonNull<u8>, bytes: usize) {
        let region = self.region_of(block);
        // SAFETY: by the caller.
        unsafe { self.free(region, FreeRange::new(region.own(block), bytes)) };
    }

    fn grow_and_take(&self, bytes: usize, align: usize) -> Result<NonNull<u8>, AllocError> {
        let mut regions = self.regions.borrow_mut();
        if let Some(newest) = regions.newest() {
            let end = newest.end();
            let is_free = newest.bytes() != 0 && newest.is_border(newest.granule(end));
            // SAFETY: a free range ends there.
            let free = is_free.then(|| unsafe { FreeRange::ending_at(end) });
            // The index looks at the first few ranges, so it may have overlooked this one.
            if free.is_some_and(|free| has_room(free, bytes, align)) {
                drop(regions);
                self.region.set(newest);
                return Ok(self.take_last(newest, bytes, align));
            }
            let free = free.map_or(end, |free| free.start);
            if let Some(longer) = regions.extend(free, bytes, align) {
                drop(regions);
                self.region.set(longer);
                let added = FreeRange::new(end, longer.bytes() - newest.bytes());
                // SAFETY: the granules that were added are free, and are not in the index.
                unsafe { self.free(longer, added) };
                return Ok(self.take_last(longer, bytes, align));
            }
        }
        let region = regions.obtain(bytes, align)?;
        drop(regions);
        self.region.set(region);
        // SAFETY: the region is this value's, and nothing in it is in use or in the index.
        unsafe { self.free(region, FreeRange::new(region.start(), region.bytes())) };
        Ok(self.take_last(region, bytes, align))
    }

    /// Takes a block from the free range at the end of a region that has room for it.
    fn take_last(&self, region: Region, bytes: usize, align: usize) -> NonNull<u8> {
        // SAFETY: the region's last granule is free.
        let range = unsafe { FreeRange::ending_at(region.end()) };
        debug_assert!(has_room(range, bytes, align), "the region has grown for the block");
        // SAFETY: the range is in the index, as all free ones are.
        unsafe { self.cut(range, bytes, align) }
    }

    /// # Safety
    ///
    /// As [`Allocator::grow_in_place`](crate::alloc::Allocator::grow_in_place).
    #[inline]
    pub(super) unsafe fn grow_block(&self, block: NonNull<u8>, old: Layout, new: Layout) -> Served {
        let (had, bytes) = (granules(old.size()), granules(new.size()));
        if !is_aligned(block, old, new) || had == 0 && bytes != 0 {
            return Err(AllocError::NotInPlace);
        }
        if had == 0 {
            return Ok(NonNull::slice_from_raw_parts(block, 0));
        }
        let region = self.region_of(block);
        let block = region.own(block);
        if bytes != had {
            // SAFETY: the block has so many bytes.
            let end = unsafe { block.add(had) };
            if !region.is_border(region.granule(end)) {
                return Err(AllocError::NotInPlace);
            }
            // SAFETY: the granule behind the block is not in use, so a free range begins there.
            let right = unsafe { FreeRange::beginning_at(end) };
            if bytes - had > right.bytes {
                return Err(AllocError::NotInPlace);
            }
            // SAFETY: the range is in the index, as all free ones are, and long enough.
            unsafe { self.cut(right, bytes - had, GRANULE) };
        }
        Ok(NonNull::slice_from_raw_parts(block, bytes))
    }

    /// # Safety
    ///
    /// As [`Allocator::shrink_in_place`](crate::alloc::Allocator::shrink_in_place).
    #[inline]
    pub(super) unsafe fn shrink_block(
        &self,
        block: NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Served {
        let (had, bytes) = (granules(old.size()), granules(new.size()));
        if !is_aligned(block, old, new) || bytes == 0 && had != 0 {
            return Err(AllocError::NotInPlace);
        }
        if had == 0 {
            return Ok(NonNull::slice_from_raw_parts(block, 0));
        }
        let region = self.region_of(block);
        let block = region.own(block);
        if bytes != had {
            // SAFETY: the block has so many bytes.
            let tail = unsafe { block.add(bytes) };
            // SAFETY: the block's last bytes are given up, and they lie in its region.
            unsafe { self.free(region, FreeRange::new(tail, had - bytes)) };
        }
        Ok(NonNull::slice_from_raw_parts(block, bytes))
    }
}
