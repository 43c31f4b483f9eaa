//! What is measured: a heap in one buffer.

use core::alloc::Layout;
use core::ptr::NonNull;
use std::alloc;

use stampool::BufferSource;

/// A heap that serves blocks from one buffer.
pub(crate) trait Heap {
    /// What the caller keeps beside a block's address to free it.
    type Handle: Copy;

    /// Returns a block, or none if there is no room for it.
    fn allocate(&mut self, layout: Layout) -> Option<(NonNull<u8>, Self::Handle)>;

    /// Takes a block back.
    ///
    /// # Safety
    ///
    /// The block is live, and the layout and the handle are those of its allocation.
    unsafe fn deallocate(&mut self, block: NonNull<u8>, layout: Layout, handle: Self::Handle);

    /// Makes a block larger or smaller, and returns where it is then. None if there is no room for
    /// that; the block stays as it was.
    ///
    /// What is provided moves the block, for heaps that have no call of their own.
    ///
    /// # Safety
    ///
    /// As that of [`Heap::deallocate`]; `new` has the alignment of `old`.
    unsafe fn resize(
        &mut self,
        block: NonNull<u8>,
        old: Layout,
        new: Layout,
        handle: Self::Handle,
    ) -> Option<(NonNull<u8>, Self::Handle)> {
        let moved = self.allocate(new)?;
        // SAFETY: both are live, and have so many bytes.
        unsafe { moved.0.copy_from_nonoverlapping(block, old.size().min(new.size())) };
        // SAFETY: by the caller.
        unsafe { self.deallocate(block, old, handle) };
        Some(moved)
    }
}

/// The memory that a heap lies in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Buffer {
    pub(crate) start: NonNull<u8>,
    pub(crate) len: usize,
}

impl Buffer {
    /// The whole buffer, as the source of a member of the family.
    pub(crate) const fn source(self) -> BufferSource {
        // SAFETY: the memory is the program's for good, and one heap at a time uses it.
        unsafe { BufferSource::from_raw_parts(self.start, self.len) }
    }

    /// Where its last byte ends.
    pub(crate) fn end(self) -> usize {
        self.start.addr().get() + self.len
    }
}

/// The program's memory for heaps, of which each heap gets the first bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Memory(Buffer);

/// The alignment of the memory, so that a buddy allocator has its largest blocks where it wants them.
const ALIGN: usize = 64 << 20;

impl Memory {
    /// Memory for heaps of up to so many bytes. It is never given back, and it takes the machine's
    /// memory only where a heap touches it.
    pub(crate) fn new(bytes: usize) -> Option<Self> {
        let layout = Layout::from_size_align(bytes.max(1), ALIGN).ok()?;
        // SAFETY: the size is not zero.
        let start = NonNull::new(unsafe { alloc::alloc(layout) })?;
        Some(Self(Buffer { start, len: bytes }))
    }

    /// The first bytes.
    ///
    /// # Panics
    ///
    /// If there are not so many.
    pub(crate) fn first(self, bytes: usize) -> Buffer {
        assert!(bytes <= self.0.len, "{bytes} bytes of {}", self.0.len);
        Buffer { len: bytes, ..self.0 }
    }

    pub(crate) const fn len(self) -> usize {
        self.0.len
    }
}
