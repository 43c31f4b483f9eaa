//! The regions of the allocator, each a chunk with bits.

use core::alloc::Layout;
use core::ptr::NonNull;

use super::range::GRANULE;
use super::region::{Region, with_bits};
use crate::alloc::chunks::Chunks;
use crate::error::AllocError;
use crate::source::Source;

/// All regions and their source. I1: the bits of a region are those of its newest extension.
pub(super) struct Regions<S: Source> {
    chunks: Chunks<S>,
    /// Bytes of granules in all regions.
    payload: usize,
}

impl<S: Source> Regions<S> {
    pub(super) const fn new(source: S, first_bytes: usize) -> Self {
        Self { chunks: Chunks::new(source, first_bytes), payload: 0 }
    }

    pub(super) fn newest(&self) -> Option<Region> {
        self.chunks.newest().map(Region::of)
    }

    /// All regions, the newest first.
    #[cfg(test)]
    pub(super) fn iter(&self) -> impl Iterator<Item = Region> {
        self.chunks.iter().map(Region::of)
    }

    /// Bytes obtained.
    pub(super) const fn bytes(&self) -> usize {
        self.chunks.bytes()
    }

    /// Bytes of granules.
    pub(super) const fn payload(&self) -> usize {
        self.payload
    }

    /// Bytes of headers and bits.
    pub(super) const fn overhead_bytes(&self) -> usize {
        self.chunks.bytes() - self.payload
    }

    pub(super) fn contain(&self, address: NonNull<u8>) -> bool {
        self.chunks.contain(address)
    }

    /// The region of an address that lies in one of them.
    pub(super) fn find(&self, address: NonNull<u8>) -> Region {
        let chunk = self.chunks.iter().find(|chunk| chunk.contains(address));
        chunk.map_or(Region::EMPTY, Region::of)
    }

    /// Obtains a region with room for a block of so many bytes and this alignment. All its bits are
    /// clear, and none of its granules is in use.
    ///
    /// # Errors
    ///
    /// As [`Chunks::obtain`].
    pub(super) fn obtain(&mut self, bytes: usize, align: usize) -> Result<Region, AllocError> {
        let padding = align.saturating_sub(GRANULE);
        let needed = bytes.checked_add(padding).and_then(with_bits);
        let needed = needed.and_then(|needed| Layout::from_size_align(needed, 1).ok());
        let chunk = self.chunks.obtain(needed.ok_or(AllocError::Unsupported)?)?;
        let region = Region::of(chunk);
        self.payload += region.bytes();
        // SAFETY: the region is new.
        unsafe { region.clear() };
        Ok(region)
    }

    /// Makes the newest region longer where it is, so that there is room for a block of so many bytes
    /// and this alignment behind `free`, from where on nothing in it is in use. The new granules are
    /// not marked. Returns the region as it is then, if it has grown.
    pub(super) fn extend(
        &mut self,
        free: NonNull<u8>,
        bytes: usize,
        align: usize,
    ) -> Option<Region> {
        let old = self.newest()?;
        let below = free.addr().get() - old.start().addr().get();
        let end = below.checked_add(align)?.checked_add(bytes)?;
        // The chunk must reach as far behind `free` as the block, and have room for all bits.
        let needed = bytes.checked_add(with_bits(end)? - end)?;
        let layout = Layout::from_size_align(needed, align).ok()?;
        if !self.chunks.extend(free, layout) {
            return None;
        }
        let region = self.newest()?;
        self.payload += region.bytes() - old.bytes();
        // SAFETY: the region has become longer, and its old bits are its own.
        unsafe { region.take_bits(old) };
        Some(region)
    }

    /// Makes the largest region the newest one.
    pub(super) fn raise_largest(&mut self) -> Option<Region> {
        self.chunks.raise_largest().map(Region::of)
    }

    /// Gives all regions back but the newest one.
    ///
    /// # Safety
    ///
    /// Nobody uses them.
    pub(super) unsafe fn release_all_but_newest(&mut self) {
        self.payload = self.newest().map_or(0, Region::bytes);
        // SAFETY: by the caller.
        unsafe { self.chunks.release_between(None) };
    }
}
