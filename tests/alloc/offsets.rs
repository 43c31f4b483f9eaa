//! The cases of offset-allocator's own tests, on the members that serve any size and take any order of
//! frees: where blocks lie, and that all memory is one piece again at the end.

use core::alloc::Layout;
use core::ptr::NonNull;

use stampool::SystemSource;
use stampool::alloc::{BestFit, Bitmap, Fit, GoodFit, Owner, SignPost};
use stampool::source::LimitedSource;

/// Sizes are counted in these.
const GRANULE: usize = 16;
const REGION_BYTES: usize = (1 << 20) + (64 << 10);

/// A heap, the bytes in front of each block, and the address of the first block.
struct Heap<A> {
    inner: A,
    tag: usize,
    first: usize,
}

/// A live block: its address, and its size in granules.
type Block = (NonNull<u8>, usize);

impl<A: Owner> Heap<A> {
    fn new(inner: A, tag: usize) -> Self {
        let mut heap = Self { inner, tag, first: 0 };
        let (block, _) = heap.cut(2);
        heap.first = block.addr().get();
        heap.give((block, 2));
        heap
    }

    fn layout(&self, granules: usize) -> Layout {
        Layout::from_size_align(granules * GRANULE - self.tag, 1).expect("a layout")
    }

    fn cut(&self, granules: usize) -> Block {
        let block = self.inner.allocate(self.layout(granules)).expect("memory");
        (block.cast(), granules)
    }

    /// A block that must begin so many granules behind the first one.
    fn cut_at(&self, granules: usize, place: usize) -> Block {
        let block = self.cut(granules);
        assert_eq!(block.0.addr().get() - self.first, place * GRANULE, "{granules} granules");
        block
    }

    fn give(&self, (block, granules): Block) {
        // SAFETY: the cases free each block once, with its size.
        unsafe { self.inner.deallocate(block, self.layout(granules)) }
    }

    /// How many granules there are.
    fn whole(&self) -> usize {
        let usage = self.inner.usage();
        let payload = usage.obtained_bytes - usage.overhead_bytes;
        usage.capacity_bytes.unwrap_or(payload) / GRANULE
    }

    /// All memory is one piece again.
    fn is_whole(&self) {
        let whole = self.cut_at(self.whole(), 0);
        self.give(whole);
    }
}

/// Runs a case on each member.
macro_rules! on_each {
    ($case:expr) => {
        let source = || LimitedSource::new(SystemSource, REGION_BYTES);
        $case(&Heap::new(GoodFit::with_first_chunk(source(), REGION_BYTES), 0));
        $case(&Heap::new(BestFit::with_first_chunk(source(), REGION_BYTES), 0));
        $case(&Heap::new(SignPost::with_first_chunk(source(), REGION_BYTES), size_of::<usize>()));
        let bitmap = Bitmap::with_region(GRANULE, REGION_BYTES, source()).expect("a region");
        $case(&Heap::new(bitmap.with_fit(Fit::Best), 0));
    };
}

#[test]
fn blocks_lie_one_behind_the_other() {
    fn case<A: Owner>(heap: &Heap<A>) {
        let blocks = [heap.cut_at(2, 0), heap.cut_at(123, 2), heap.cut_at(1234, 125)];
        blocks.into_iter().for_each(|block| heap.give(block));
        heap.is_whole();
    }
    on_each!(case);
}

#[test]
fn what_was_freed_joins_its_neighbours() {
    fn case<A: Owner>(heap: &Heap<A>) {
        for _ in 0..2 {
            let block = heap.cut_at(1337, 0);
            heap.give(block);
        }
        heap.is_whole();
    }
    on_each!(case);
}

#[test]
fn a_hole_of_exactly_the_size_is_used_again() {
    fn case<A: Owner>(heap: &Heap<A>) {
        let (hole, wall) = (heap.cut_at(1024, 0), heap.cut_at(3456, 1024));
        heap.give(hole);
        let again = heap.cut_at(1024, 0);
        heap.give(again);
        heap.give(wall);
        heap.is_whole();
    }
    on_each!(case);
}

#[test]
fn a_hole_serves_what_fits_and_nothing_else() {
    fn case<A: Owner>(heap: &Heap<A>) {
        let (hole, wall) = (heap.cut_at(1024, 0), heap.cut_at(3456, 1024));
        heap.give(hole);
        let blocks = [heap.cut_at(2345, 4480), heap.cut_at(456, 0), heap.cut_at(512, 456), wall];
        let used = (2345 + 456 + 512 + 3456) * GRANULE;
        assert_eq!(heap.inner.usage().used_bytes, used);
        blocks.into_iter().for_each(|block| heap.give(block));
        heap.is_whole();
    }
    on_each!(case);
}

#[test]
fn holes_among_equal_blocks_leave_nothing_unused() {
    const SLOTS: usize = 256;
    const SLOT: usize = 256;

    fn case<A: Owner>(heap: &Heap<A>) {
        let mut slots: Vec<_> = (0..SLOTS).map(|nth| heap.cut_at(SLOT, nth * SLOT)).collect();
        let rest = heap.whole() - SLOTS * SLOT;
        let wall = heap.cut_at(rest, SLOTS * SLOT);
        assert!(heap.inner.allocate(heap.layout(2)).is_err(), "nothing is free");
        let scattered = [243, 5, 123, 95];
        for nth in scattered.into_iter().chain(151..155) {
            heap.give(slots[nth]);
        }
        for nth in scattered {
            slots[nth] = heap.cut(SLOT);
        }
        slots[151] = heap.cut_at(4 * SLOT, 151 * SLOT);
        assert!(heap.inner.allocate(heap.layout(2)).is_err(), "nothing is free again");
        for nth in (0..SLOTS).filter(|nth| !(152..155).contains(nth)) {
            heap.give(slots[nth]);
        }
        heap.give(wall);
        heap.is_whole();
    }
    on_each!(case);
}
