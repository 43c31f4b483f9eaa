//! The parts of a pool, or of a scope of it.

use core::alloc::Layout;
use core::cell::Cell;
use core::ptr::NonNull;

use super::lent::{FromHeap, Lent, refilled};
use super::placement::Placement;
use crate::alloc::served::Served;
use crate::alloc::{BestFit, Blocks, Usage, empty_block};
use crate::error::{AllocError, BuildError};
use crate::source::Source;

/// The least class of sizes, and the alignment of all of them.
const LEAST_BYTES: usize = 16;
/// 16, 32, 64 and so on up to 1,024 bytes.
const CLASSES: usize = 7;
const LARGEST_BYTES: usize = LEAST_BYTES << (CLASSES - 1);
/// The first chunk of a class has so many bytes, and each further one twice as many.
const FIRST_CHUNK_BYTES: usize = 1024;

/// A part of blocks of one layout, whose chunks are blocks of the heap.
type Part<S> = Blocks<Lent<S>>;

/// The class of a layout. All sizes from one request to the length of its block have the same one.
#[inline]
const fn class_of(layout: Layout) -> Option<usize> {
    if layout.size() > LARGEST_BYTES || layout.align() > LEAST_BYTES {
        return None;
    }
    let sixteens = layout.size().div_ceil(LEAST_BYTES);
    Some(sixteens.next_power_of_two().trailing_zeros() as usize)
}

/// A heap, and parts that have their chunks from it.
///
/// - P1. A live block with bytes is a block of the fixed part, of the class that its layout has, or of the
///   heap. The chunks of the first two are blocks of the heap that no user has.
pub(super) struct Parts<S: Source> {
    classes: [Part<S>; CLASSES],
    fixed: Option<Part<S>>,
    /// Why the heap refused the last region that a scope asked for.
    refused: Cell<Option<AllocError>>,
    /// The last field, and so dropped last: the chunks of the other parts lie in it.
    heap: BestFit<S>,
}

fn part<S: Source>(layout: Layout) -> Result<Part<S>, BuildError> {
    let blocks = FIRST_CHUNK_BYTES / layout.size().max(1);
    Blocks::with_first_chunk(layout, Lent::NONE, blocks)
}

fn classes<S: Source>() -> [Part<S>; CLASSES] {
    core::array::from_fn(|class| {
        let layout = Layout::from_size_align(LEAST_BYTES << class, LEAST_BYTES);
        part(layout.expect("a layout")).expect("blocks of a class")
    })
}

impl<S: Source> Parts<S> {
    pub(super) fn new(heap: BestFit<S>) -> Self {
        Self { classes: classes(), fixed: None, refused: Cell::new(None), heap }
    }

    /// The parts of a scope, on this heap.
    pub(super) fn above(&self) -> Parts<FromHeap<'_, S>> {
        let mut above =
            Parts::new(BestFit::new(FromHeap { heap: &self.heap, refused: &self.refused }));
        above.fixed = self.fixed.as_ref().map(|own| part(own.layout()).expect("as the own one"));
        above
    }

    /// What `allocate` returns, which allocates in a scope on this heap. Where that is out of memory, it
    /// is so for the reason that this heap had.
    pub(super) fn explained(&self, allocate: impl FnOnce() -> Served) -> Served {
        self.refused.set(None);
        match allocate() {
            Err(AllocError::OutOfMemory) => {
                Err(self.refused.get().unwrap_or(AllocError::OutOfMemory))
            }
            answer => answer,
        }
    }

    pub(super) fn set_fixed(&mut self, layout: Layout) -> Result<(), BuildError> {
        assert!(self.fixed.is_none(), "stampool: the pool has a fixed layout already");
        self.fixed = Some(part(layout)?);
        Ok(())
    }

    /// Where a value of this layout is placed.
    pub(super) fn placement_for(&self, layout: Layout, drops: bool) -> Placement {
        let fills = |part: &Part<S>| {
            let block = part.layout();
            layout.align() <= block.align()
                && layout.size() <= block.size()
                && layout.size() > block.size() / 2
        };
        if self.fixed.as_ref().is_some_and(fills) {
            Placement::Fixed
        } else if drops && class_of(layout).is_some() {
            Placement::Pooled
        } else {
            Placement::BestFit
        }
    }

    pub(super) fn allocate_with(&self, layout: Layout, placement: Placement) -> Served {
        if layout.size() == 0 {
            return Ok(empty_block(layout));
        }
        let class = || class_of(layout).map(|class| &self.classes[class]);
        match placement {
            Placement::BestFit => self.heap.allocate(layout),
            Placement::Fixed => self.take(self.fixed.as_ref(), layout),
            Placement::Pooled => self.take(class(), layout),
            Placement::Segregated => match self.take(class(), layout) {
                // The rest of the heap may be too short for a chunk, and long enough for the block.
                Err(AllocError::Unsupported | AllocError::OutOfMemory) => {
                    self.heap.allocate(layout)
                }
                answer => answer,
            },
        }
    }

    #[inline]
    fn take(&self, part: Option<&Part<S>>, layout: Layout) -> Served {
        let part = part.ok_or(AllocError::Unsupported)?;
        match part.allocate(layout) {
            Err(AllocError::OutOfMemory) => refilled(part, &self.heap, layout),
            answer => answer,
        }
    }

    /// The part that a block with bytes came from, if it is not the heap (P1).
    #[inline]
    fn part_of(&self, block: NonNull<u8>, layout: Layout) -> Option<&Part<S>> {
        let class = class_of(layout).map(|class| &self.classes[class]);
        [self.fixed.as_ref(), class].into_iter().flatten().find(|part| part.owns(block))
    }

    /// # Safety
    ///
    /// `block` is a live block of these parts, and `layout` fits it.
    pub(super) unsafe fn deallocate(&self, block: NonNull<u8>, layout: Layout) {
        if layout.size() == 0 {
            return;
        }
        match self.part_of(block, layout) {
            // SAFETY: by the caller; the part owns the block's address, so it is a block of the part (P1).
            Some(part) => unsafe { part.deallocate(block, layout) },
            // SAFETY: by the caller; it is a block of the heap (P1).
            None => unsafe { self.heap.deallocate(block, layout) },
        }
    }

    /// # Safety
    ///
    /// As for [`Allocator::grow_in_place`](crate::alloc::Allocator::grow_in_place).
    pub(super) unsafe fn grow_in_place(
        &self,
        block: NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Served {
        if old.size() == 0 {
            return Err(AllocError::NotInPlace);
        }
        match self.part_of(block, old) {
            // A block of a part is whole already, so a larger class never begins within it.
            // SAFETY: by the caller, and P1.
            Some(part) => unsafe { part.grow_in_place(block, old, new) },
            // Another part may have room, whatever the heap's reason is.
            // SAFETY: by the caller, and P1.
            None => unsafe { self.heap.grow_in_place(block, old, new) }
                .map_err(|_| AllocError::NotInPlace),
        }
    }

    /// # Safety
    ///
    /// As for [`Allocator::shrink_in_place`](crate::alloc::Allocator::shrink_in_place).
    pub(super) unsafe fn shrink_in_place(
        &self,
        block: NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Served {
        if new.size() == 0 {
            // A block without bytes is made anew, and this one is freed.
            return Err(AllocError::NotInPlace);
        }
        match self.part_of(block, old) {
            // A block of a class is looked for by its layout, so it does not stay if it would have
            // another class (P1). The fixed part is asked about every block.
            Some(part) if !self.is_fixed(part) && class_of(new) != class_of(old) => {
                Err(AllocError::NotInPlace)
            }
            // SAFETY: by the caller, and P1.
            Some(part) => unsafe { part.shrink_in_place(block, old, new) },
            // SAFETY: by the caller, and P1.
            None => unsafe { self.heap.shrink_in_place(block, old, new) }
                .map_err(|_| AllocError::NotInPlace),
        }
    }

    fn is_fixed(&self, part: &Part<S>) -> bool {
        self.fixed.as_ref().is_some_and(|fixed| core::ptr::eq(fixed, part))
    }

    fn parts(&self) -> impl Iterator<Item = &Part<S>> {
        self.classes.iter().chain(&self.fixed)
    }

    pub(super) fn owns(&self, address: NonNull<u8>) -> bool {
        self.heap.owns(address)
    }

    /// The heap's usage, where of each chunk only the live blocks are in use.
    pub(super) fn usage(&self) -> Usage {
        self.parts().fold(self.heap.usage(), |sum, part| {
            let (usage, taken) = (part.usage(), part.with_source(|source| source.taken_bytes()));
            debug_assert!(taken <= sum.used_bytes, "P1: the heap has taken a part's chunks back");
            Usage {
                used_bytes: sum.used_bytes - taken + usage.used_bytes,
                overhead_bytes: sum.overhead_bytes + usage.overhead_bytes,
                ..sum
            }
        })
    }

    /// Invalidates all blocks.
    ///
    /// # Panics
    ///
    /// If the source panics in `release`. All blocks are invalid nevertheless.
    pub(super) fn reset(&mut self) {
        // First the parts forget their chunks, and then the heap all of its blocks.
        self.classes = classes();
        if let Some(fixed) = &mut self.fixed {
            *fixed = part(fixed.layout()).expect("as before");
        }
        self.heap.reset();
    }
}
