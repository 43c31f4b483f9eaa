//! The harness alone.

use core::alloc::Layout;
use core::ptr::NonNull;
use core::sync::atomic::{AtomicU64, Ordering};

use stampool::Block;

use super::{free_block, new_block};
use crate::{Handle, Measured, Never, Subject};

/// The same pointer over and over: costs nothing, so that what is measured is the workload itself.
#[derive(Clone, Copy, Debug)]
pub struct Floor;

impl Subject for Floor {
    type Refusal = Never;
    type Handle<'s> = Self;

    fn attach(&self) -> Result<Self, Never> {
        Ok(*self)
    }
}

impl Measured for Floor {}

impl Handle for Floor {
    type Refusal = Never;

    #[inline]
    fn allocate(&mut self) -> Result<Block, Never> {
        Ok(Block(NonNull::dangling()))
    }

    #[inline]
    unsafe fn deallocate(&mut self, _block: Block) {}
}

/// What each handle has beside the blocks in flight: one in the consumer's hands, one in the
/// producer's, and a few.
const SPARE: usize = 64;
/// Sets of blocks, one for each handle. With more handles than that, some share theirs.
const SETS: u32 = u64::BITS;

/// The floor where blocks are touched: real ones, over and over in the same order, without looking
/// whether they have been given back. Where no more blocks of a handle are in flight than was said,
/// they have.
#[derive(Debug)]
pub struct FloorInMemory {
    layout: Layout,
    /// Of each handle.
    blocks: usize,
    /// So many side by side, for each of [`SETS`] handles.
    memory: Block,
    /// Which sets have a handle, a bit for each.
    taken: AtomicU64,
}

impl FloorInMemory {
    /// For blocks of this layout, of which a handle has at most so many in flight.
    ///
    /// # Panics
    ///
    /// Where memory is out.
    pub fn new(layout: Layout, in_flight: usize) -> Self {
        let blocks = in_flight + SPARE;
        let memory = new_block(Self::whole(layout, blocks));
        Self { layout, blocks, memory, taken: AtomicU64::new(0) }
    }

    fn whole(layout: Layout, blocks: usize) -> Layout {
        let size = layout.pad_to_align().size() * blocks * SETS as usize;
        Layout::from_size_align(size, layout.align()).expect("less than memory has addresses")
    }
}

// SAFETY: the address alone is shared; each handle has blocks of its own.
unsafe impl Sync for FloorInMemory {}

/// One handle's blocks.
#[derive(Debug)]
pub struct Round<'s> {
    floor: &'s FloorInMemory,
    set: u32,
    first: NonNull<u8>,
    stride: usize,
    blocks: usize,
    next: usize,
}

impl Subject for FloorInMemory {
    type Refusal = Never;
    type Handle<'s> = Round<'s>;

    fn attach(&self) -> Result<Round<'_>, Never> {
        let stride = self.layout.pad_to_align().size();
        // Relaxed: the number alone counts. The lowest set that nobody has; of all taken, the
        // first.
        let lowest = |taken: u64| Some(taken | taken.wrapping_add(1));
        let taken = self.taken.fetch_update(Ordering::Relaxed, Ordering::Relaxed, lowest);
        let set = taken.map_or(0, u64::trailing_ones) % SETS;
        // SAFETY: within the memory, which has so many sets.
        let first = unsafe { self.memory.0.add(set as usize * self.blocks * stride) };
        Ok(Round { floor: self, set, first, stride, blocks: self.blocks, next: 0 })
    }
}

impl Measured for FloorInMemory {}

impl Handle for Round<'_> {
    type Refusal = Never;

    #[inline]
    fn allocate(&mut self) -> Result<Block, Never> {
        let nth = self.next;
        self.next = if nth + 1 == self.blocks { 0 } else { nth + 1 };
        // SAFETY: a set has so many blocks.
        Ok(Block(unsafe { self.first.add(nth * self.stride) }))
    }

    #[inline]
    unsafe fn deallocate(&mut self, _block: Block) {}
}

impl Drop for Round<'_> {
    fn drop(&mut self) {
        // Relaxed: as when it was taken.
        self.floor.taken.fetch_and(!(1 << self.set), Ordering::Relaxed);
    }
}

impl Drop for FloorInMemory {
    fn drop(&mut self) {
        // SAFETY: allocated with this layout, and no handle is left.
        unsafe { free_block(self.memory, Self::whole(self.layout, self.blocks)) };
    }
}
