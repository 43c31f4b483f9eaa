//! The blocks that should be live, and what should be in them.

use core::alloc::Layout;
use core::ptr::NonNull;

/// A block that should be live. All its bytes are `fill`.
#[derive(Clone, Copy)]
pub(super) struct Live {
    pub(super) start: NonNull<u8>,
    /// As requested.
    pub(super) layout: Layout,
    /// As returned.
    pub(super) len: usize,
    fill: u8,
}

impl Live {
    pub(super) fn new(block: NonNull<[u8]>, layout: Layout, number: usize) -> Self {
        // Never zero, so that it differs from what a zeroed block holds.
        let fill = u8::try_from(number % 251).unwrap_or(0) + 1;
        let this = Self { start: block.cast(), layout, len: block.len(), fill };
        // SAFETY: the caller has the allocator's word that the block is this long, and the kit has
        // checked what it can.
        unsafe { this.start.write_bytes(fill, this.len) };
        this
    }

    pub(super) fn address(&self) -> usize {
        self.start.addr().get()
    }

    /// The block's start, by a pointer that may access the first `size` bytes and no others. A
    /// container that holds a value by reference passes such a pointer back. An allocator that
    /// reaches beyond these bytes through it has undefined behaviour, which Miri reports.
    pub(super) fn narrowed(&self, size: usize) -> NonNull<u8> {
        // SAFETY: the block is live, so the kit may use these bytes alone, and it has written them.
        NonNull::from(unsafe { core::slice::from_raw_parts_mut(self.start.as_ptr(), size) }).cast()
    }

    /// Whether the block and the `len` bytes at `start` have a byte in common.
    pub(super) fn overlaps(&self, start: usize, len: usize) -> bool {
        self.len > 0 && len > 0 && start < self.address() + self.len && self.address() < start + len
    }

    /// Whether the first `len` bytes are as they were written.
    pub(super) fn is_intact(&self, len: usize) -> bool {
        self.holds(self.start, len)
    }

    /// The same for the first bytes of the block to which this one has moved.
    pub(super) fn holds(&self, start: NonNull<u8>, len: usize) -> bool {
        is_filled(start, len, self.fill)
    }
}

/// Whether `len` bytes at `start` are all `fill`.
pub(super) fn is_filled(start: NonNull<u8>, len: usize, fill: u8) -> bool {
    // SAFETY: the caller passes bytes of a live block, and they are initialised: the kit wrote
    // them, or the allocator promised zeros.
    let bytes = unsafe { core::slice::from_raw_parts(start.as_ptr(), len) };
    // Each byte equals its neighbour: one fast comparison, also without optimisation.
    bytes.first().is_none_or(|first| *first == fill && bytes[1..] == bytes[..len - 1])
}
