//! The two sources that the parts of a pool have: the heap beside them, and the heap of the pool.

use core::alloc::Layout;
use core::cell::Cell;
use core::ptr::NonNull;

use crate::alloc::{BestFit, Blocks};
use crate::error::AllocError;
use crate::source::Source;

/// The bytes in which a heap counts.
const GRANULE: usize = 2 * size_of::<usize>();

/// The source of a part that has its chunks from the heap beside it. The part cannot borrow the heap,
/// because both lie in one value that may move. So the heap is lent to the part for the time of one call
/// ([`refilled`]), and between calls this source refuses everything.
///
/// It takes nothing back: a part is dropped together with all blocks of its heap.
///
/// - LH1. `heap` is `None`, or the part's call runs in which the heap is borrowed.
pub(super) struct Lent<S: Source> {
    heap: Option<NonNull<BestFit<S>>>,
    /// Why the heap refused the last region.
    refused: Option<AllocError>,
    /// The bytes of the heap's blocks that are the part's chunks.
    taken_bytes: usize,
}

// SAFETY: it has the heap's address only while a call runs on one thread (LH1).
unsafe impl<S: Source> Send for Lent<S> {}

impl<S: Source> Lent<S> {
    pub(super) const NONE: Self = Self { heap: None, refused: None, taken_bytes: 0 };

    pub(super) const fn taken_bytes(&self) -> usize {
        self.taken_bytes
    }

    fn heap(&self) -> Option<&BestFit<S>> {
        // SAFETY: the heap is borrowed as long as its address stands here (LH1).
        self.heap.map(|heap| unsafe { heap.as_ref() })
    }
}

// SAFETY: a region is a block of the heap, which is live until all blocks of the heap are gone, for this
// source frees none of them.
unsafe impl<S: Source> Source for Lent<S> {
    fn obtain(&mut self, layout: Layout) -> Option<NonNull<u8>> {
        // A part asks for less and less. A source that breaks its contract is not asked again.
        if self.refused == Some(AllocError::MisalignedSource) {
            return None;
        }
        match self.heap()?.allocate(layout) {
            Ok(block) => {
                self.taken_bytes += block.len();
                Some(block.cast())
            }
            Err(reason) => {
                self.refused = Some(reason);
                None
            }
        }
    }

    unsafe fn release(&mut self, region: NonNull<u8>, layout: Layout) {
        _ = (region, layout);
    }

    unsafe fn extend(&mut self, region: NonNull<u8>, old: Layout, new: Layout) -> bool {
        let Some(heap) = self.heap() else { return false };
        // SAFETY: by the caller: a region is a live block of the heap.
        let Ok(grown) = (unsafe { heap.grow_in_place(region, old, new) }) else { return false };
        self.taken_bytes += grown.len() - old.size().next_multiple_of(GRANULE);
        true
    }

    fn granule(&self) -> usize {
        GRANULE
    }
}

/// Allocates from a part that has no block left, with chunks from `heap`.
#[cold]
#[inline(never)]
pub(super) fn refilled<S: Source>(
    blocks: &Blocks<Lent<S>>,
    heap: &BestFit<S>,
    layout: Layout,
) -> crate::alloc::served::Served {
    /// Ends the loan, also if the source behind the heap panics (LH1).
    struct Loan<'a, S: Source>(&'a Blocks<Lent<S>>);
    impl<S: Source> Drop for Loan<'_, S> {
        fn drop(&mut self) {
            self.0.with_source(|source| source.heap = None);
        }
    }
    blocks.with_source(|source| {
        *source = Lent { heap: Some(NonNull::from(heap)), refused: None, ..*source };
    });
    let loan = Loan(blocks);
    let answer = blocks.allocate(layout);
    drop(loan);
    answer.map_err(|reason| blocks.with_source(|source| source.refused).unwrap_or(reason))
}

/// The source of a scope: the heap of the pool, and where it notes why the heap refused a region.
pub(super) struct FromHeap<'p, S: Source> {
    pub(super) heap: &'p BestFit<S>,
    pub(super) refused: &'p Cell<Option<AllocError>>,
}

// SAFETY: the scope that owns it is not `Send`, so it stays on the thread that may use the heap.
unsafe impl<S: Source> Send for FromHeap<'_, S> {}

// SAFETY: a region is a live block of the heap (A1, A2), which is borrowed as long as this source exists.
unsafe impl<S: Source> Source for FromHeap<'_, S> {
    fn obtain(&mut self, layout: Layout) -> Option<NonNull<u8>> {
        match self.heap.allocate(layout) {
            Ok(block) => Some(block.cast()),
            Err(reason) => {
                self.refused.set(Some(reason));
                None
            }
        }
    }

    unsafe fn release(&mut self, region: NonNull<u8>, layout: Layout) {
        // SAFETY: by the caller: a live block of the heap, of this layout.
        unsafe { self.heap.deallocate(region, layout) };
    }

    unsafe fn extend(&mut self, region: NonNull<u8>, old: Layout, new: Layout) -> bool {
        // SAFETY: by the caller: a live block of the heap.
        unsafe { self.heap.grow_in_place(region, old, new) }.is_ok()
    }

    fn granule(&self) -> usize {
        GRANULE
    }
}
