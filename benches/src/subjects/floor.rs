//! The harness alone.

use core::alloc::Layout;
use core::ptr::NonNull;
use core::sync::atomic::{AtomicUsize, Ordering};

use stampool::Block;

use super::{free_block, new_block};
use crate::ring::CAPACITY;
use crate::{Handle, Subject};

/// The same pointer over and over: costs nothing, so that what is measured is the workload itself.
#[derive(Clone, Copy, Debug)]
pub struct Floor;

impl Subject for Floor {
    type Handle<'s> = Self;

    fn handle(&self) -> Self {
        *self
    }
}

impl Handle for Floor {
    #[inline]
    fn allocate(&mut self) -> NonNull<u8> {
        NonNull::dangling()
    }

    #[inline]
    unsafe fn deallocate(&mut self, _block: NonNull<u8>) {}
}

/// Blocks of each handle: as many as are in flight, one in the consumer's hands, one in the
/// producer's, and a few.
const BLOCKS: usize = CAPACITY + 64;
/// Sets of blocks, which handles take in turn. More than threads of any workload.
const SETS: usize = 64;

/// The floor where blocks are touched: real ones, over and over in the same order, without looking
/// whether they have been given back. Where at most [`CAPACITY`] blocks of a handle are in flight,
/// they have.
#[derive(Debug)]
pub struct FloorInMemory {
    layout: Layout,
    /// [`BLOCKS`] side by side, for each of [`SETS`] handles.
    memory: Block,
    handles: AtomicUsize,
}

impl FloorInMemory {
    /// For blocks of this layout.
    ///
    /// # Panics
    ///
    /// Where memory is out.
    pub fn new(layout: Layout) -> Self {
        let memory = Block(new_block(Self::whole(layout)));
        Self { layout, memory, handles: AtomicUsize::new(0) }
    }

    fn whole(layout: Layout) -> Layout {
        let size = layout.pad_to_align().size() * BLOCKS * SETS;
        Layout::from_size_align(size, layout.align()).expect("a few megabytes")
    }
}

// SAFETY: the address alone is shared; each handle has blocks of its own.
unsafe impl Sync for FloorInMemory {}

/// One handle's blocks.
#[derive(Debug)]
pub struct Round {
    first: NonNull<u8>,
    stride: usize,
    next: usize,
}

impl Subject for FloorInMemory {
    type Handle<'s> = Round;

    fn handle(&self) -> Round {
        let stride = self.layout.pad_to_align().size();
        // Relaxed: the number alone counts.
        let set = self.handles.fetch_add(1, Ordering::Relaxed) % SETS;
        // SAFETY: within the memory, which has so many sets.
        let first = unsafe { self.memory.0.add(set * BLOCKS * stride) };
        Round { first, stride, next: 0 }
    }
}

impl Handle for Round {
    #[inline]
    fn allocate(&mut self) -> NonNull<u8> {
        let nth = self.next;
        self.next = if nth + 1 == BLOCKS { 0 } else { nth + 1 };
        // SAFETY: a set has so many blocks.
        unsafe { self.first.add(nth * self.stride) }
    }

    #[inline]
    unsafe fn deallocate(&mut self, _block: NonNull<u8>) {}
}

impl Drop for FloorInMemory {
    fn drop(&mut self) {
        // SAFETY: allocated with this layout, and no handle is left.
        unsafe { free_block(self.memory.0, Self::whole(self.layout)) };
    }
}
