//! Members in a buffer that break one rule each. The kit must find each by that rule, with few steps.
//! What can be done wrong with regions is in `faulty_regions`.

use core::alloc::Layout;
use core::cell::{Cell, UnsafeCell};
use core::num::NonZero;
use core::ptr::NonNull;

use stampool::Source;
use stampool::alloc::conformance::{Clause, Conformance, Failure, TestSource};
use stampool::alloc::{AllocError, Allocator, Owner, Reset, Usage};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    None,
    /// The mark moves by one byte too few.
    Overlap,
    /// Blocks lie in the allocator's value.
    Inline,
    /// A request that does not fit moves the mark nevertheless: a fetch-add.
    FailureMovesMark,
    /// The size passed back decides where the block ended, but sizes are rounded up.
    TrustsSize,
    /// A block of no bytes is a byte of the buffer.
    EmptyTakesMemory,
    /// The end of a block is not checked for overflow.
    Overflow,
    /// Says that it never serves what does not fit at the moment.
    WrongReason,
    /// Never serves anything.
    Useless,
    /// Serves no more than eight bytes, and says that it is full.
    SmallOnly,
    /// Writes to the byte behind its buffer.
    WritesBehind,
    /// Claims the byte behind its buffer.
    OwnsBehind,
    /// Claims the byte in front of its buffer.
    OwnsInFront,
    /// Does not know the second half of its buffer.
    OwnsHalf,
    /// Says that less is in use than is live.
    CountsHalf,
    /// Says that more is overhead than a number can say beside the bytes in use.
    Boasts,
    /// Promises to take every block back, and takes the last one alone.
    TakesTheLast,
    /// Its reset forgets nothing.
    ResetsNothing,
    /// Unwinds when it is made, if the source says that it counts in pages.
    PanicsInMake,
    PanicsInUsage,
    PanicsInOwns,
    PanicsInReset,
    PanicsInFree,
    PanicsInDrop,
    /// Blocks overlap, and then it unwinds from its drop.
    OverlapsAndPanics,
}

const LEN: usize = 4096;
const INLINE: usize = 256;

/// A bump allocator on a buffer, with a fault.
struct Faulty {
    fault: Fault,
    start: NonNull<u8>,
    mark: Cell<usize>,
    inline: UnsafeCell<[u8; INLINE]>,
}

impl Faulty {
    fn new(fault: Fault, source: &TestSource) -> Self {
        assert!(fault != Fault::PanicsInMake || source.granule() == 1, "no pages, please");
        let start = source.buffer(LEN);
        Self { fault, start, mark: Cell::new(0), inline: UnsafeCell::new([0; INLINE]) }
    }

    const fn len(&self) -> usize {
        if matches!(self.fault, Fault::Inline) { INLINE } else { LEN }
    }

    fn start(&self) -> NonNull<u8> {
        match self.fault {
            Fault::Inline => NonNull::new(self.inline.get().cast()).expect("a field"),
            _ => self.start,
        }
    }

    /// How many bytes a block of `size` takes.
    fn rounded(&self, size: usize) -> usize {
        if self.fault == Fault::TrustsSize { size.next_multiple_of(8) } else { size }
    }
}

// SAFETY: kept for `Fault::None`; the others break one rule each, and only the kit uses them.
unsafe impl Allocator for Faulty {
    fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        let (mut size, align) = (layout.size(), layout.align());
        if size == 0 {
            if self.fault != Fault::EmptyTakesMemory {
                let at = NonZero::new(align).expect("an alignment");
                return Ok(NonNull::slice_from_raw_parts(NonNull::without_provenance(at), 0));
            }
            size = 1;
        }
        match self.fault {
            Fault::Useless => return Err(AllocError::Sealed),
            Fault::SmallOnly if size > 8 => return Err(AllocError::Capacity),
            Fault::WritesBehind => {
                // SAFETY: behind each region of the test's source are bytes of the source.
                let behind = unsafe { self.start.add(LEN) };
                // SAFETY: as above; nobody reads them while the allocator runs.
                unsafe { behind.write(0) };
            }
            _ => {}
        }
        let refusal = if self.fault == Fault::WrongReason || size > self.len() {
            AllocError::Unsupported
        } else {
            AllocError::Capacity
        };
        let base = self.start().addr().get();
        let start = (base + self.mark.get()).next_multiple_of(align) - base;
        let end = match self.fault {
            // Wants room for four such blocks, and panics where that overflows.
            Fault::Overflow => start + size.checked_mul(4).map(|_| size).expect("no overflow"),
            _ => start.saturating_add(self.rounded(size)),
        };
        if end > self.len() {
            if self.fault == Fault::FailureMovesMark {
                self.mark.set(start.min(self.len()));
            }
            return Err(refusal);
        }
        let overlaps = matches!(self.fault, Fault::Overlap | Fault::OverlapsAndPanics);
        let kept = usize::from(overlaps && size > 1);
        self.mark.set(end - kept);
        // SAFETY: start and end lie in the buffer.
        let block = unsafe { self.start().add(start) };
        Ok(NonNull::slice_from_raw_parts(block, self.rounded(layout.size())))
    }

    unsafe fn deallocate(&self, block: NonNull<u8>, layout: Layout) {
        assert!(self.fault != Fault::PanicsInFree, "a free that unwinds");
        let base = self.start().addr().get();
        if layout.size() > 0 && block.addr().get() + layout.size() == base + self.mark.get() {
            self.mark.set(block.addr().get() - base);
        }
    }
}

impl Owner for Faulty {
    fn owns(&self, address: NonNull<u8>) -> bool {
        let start = self.start().addr().get();
        assert!(self.fault != Fault::PanicsInOwns, "`owns` unwinds");
        let len = match self.fault {
            Fault::OwnsBehind => self.len() + 1,
            Fault::OwnsHalf => self.len() / 2,
            _ => self.len(),
        };
        let first = start - usize::from(self.fault == Fault::OwnsInFront);
        (first..start + len).contains(&address.addr().get())
    }

    fn usage(&self) -> Usage {
        let mut usage = Usage::default();
        assert!(self.fault != Fault::PanicsInUsage || self.mark.get() < 100, "`usage` unwinds");
        let part = if self.fault == Fault::CountsHalf { 2 } else { 1 };
        usage.used_bytes = self.mark.get() / part;
        usage.obtained_bytes = LEN;
        if self.fault == Fault::Boasts && usage.used_bytes > 0 {
            usage.overhead_bytes = usize::MAX;
        }
        usage.capacity_bytes = Some(self.len());
        usage
    }
}

impl Reset for Faulty {
    fn reset(&mut self) {
        assert!(self.fault != Fault::PanicsInReset, "a reset that unwinds");
        if self.fault != Fault::ResetsNothing {
            self.mark.set(0);
        }
    }
}

impl Drop for Faulty {
    fn drop(&mut self) {
        let panics = matches!(self.fault, Fault::PanicsInDrop | Fault::OverlapsAndPanics);
        assert!(!panics, "a drop that unwinds");
    }
}

fn check(fault: Fault, align: usize) -> Result<(), Failure> {
    let make = move |source| Faulty::new(fault, &source);
    let check = Conformance::new(make).owner().up_to(1000, align).programs(300);
    let check = match fault {
        Fault::TakesTheLast => check.recovers(),
        Fault::ResetsNothing | Fault::PanicsInReset => check.reset(),
        _ => check,
    };
    check.find()
}

fn breaks(fault: Fault, clause: Clause, words: &str) {
    let failure = check(fault, 64).expect_err("the kit finds the fault");
    assert_eq!(failure.violation.clause, clause, "{failure}");
    assert!(failure.to_string().contains(words), "{failure}");
    assert!(failure.program.steps.len() <= 10, "reduced: {failure}");
    let panics = words.ends_with("unwound");
    assert_eq!(failure.panic.is_some(), panics, "the words of a panic: {failure}");
}

#[test]
fn without_a_fault_nothing_is_found() {
    if let Err(failure) = check(Fault::None, 64) {
        panic!("{failure}");
    }
    let make = |source| Faulty::new(Fault::None, &source);
    Conformance::new(make).owner().reset().up_to(1000, 64).programs(300).check();
}

/// Where the kit cannot tell whether a reason is true, it still finds all that is not about reasons.
#[test]
fn without_reasons_all_other_rules_are_checked() {
    let find = |fault| {
        let make = move |source| Faulty::new(fault, &source);
        let check = Conformance::new(make).owner().without_reasons().up_to(1000, 64);
        check.programs(300).find().map_err(|failure| failure.violation.clause)
    };
    assert_eq!(find(Fault::None), Ok(()));
    assert_eq!(find(Fault::WrongReason), Ok(()));
    assert_eq!(find(Fault::FailureMovesMark), Err(Clause::A3));
    assert_eq!(find(Fault::TrustsSize), Err(Clause::A4));
    assert_eq!(find(Fault::EmptyTakesMemory), Err(Clause::A5));
    assert_eq!(find(Fault::WritesBehind), Err(Clause::Source));
}

found! {
    a1_blocks_that_overlap: Overlap breaks A1, "the block overlaps a live one";
    a2_blocks_inside_the_value: Inline breaks A2, "the block lies in the allocator's own value";
    a3_a_failure_that_moves_the_mark: FailureMovesMark breaks A3, "the usage changed though the call failed";
    a4_a_size_that_is_trusted: TrustsSize breaks A4, "with the requested sizes passed back";
    a5_an_empty_block_that_takes_memory: EmptyTakesMemory breaks A5, "a block of no bytes takes memory";
    a6_an_end_that_overflows: Overflow breaks A6, "the call unwound";
    a7_a_reason_that_is_not_true: WrongReason breaks A7, "unsupported";
    a7_sealed_though_nobody_seals: Useless breaks A7, "sealed, but";
    a7_full_though_nothing_is_in_use: SmallOnly breaks A7, "at its capacity, but nothing is in use";
    a_byte_behind_the_region_is_written: WritesBehind breaks Source, "a byte beside a region was written";
    a_foreign_address_is_owned: OwnsBehind breaks Owner, "an address outside of all regions is owned";
    a_foreign_address_in_front_is_owned: OwnsInFront breaks Owner, "an address outside of all regions is owned";
    a_block_is_not_owned: OwnsHalf breaks Owner, "a live block is not owned";
    a_usage_that_is_too_small: CountsHalf breaks Owner, "fewer bytes in use than are live";
    an_overhead_without_bounds: Boasts breaks Owner, "more bytes in use than obtained";
    blocks_that_are_not_taken_back: TakesTheLast breaks Recovery, "in use though all blocks were freed";
    a_reset_that_forgets_nothing: ResetsNothing breaks Recovery, "bytes are in use after `reset`";
    a6_making_it_unwinds: PanicsInMake breaks A6, "`make` unwound";
    a6_usage_unwinds: PanicsInUsage breaks A6, "`usage` unwound";
    a6_owns_unwinds: PanicsInOwns breaks A6, "`owns` unwound";
    a6_a_reset_unwinds: PanicsInReset breaks A6, "`reset` unwound";
    a6_a_free_unwinds: PanicsInFree breaks A6, "`deallocate` unwound";
    a6_a_drop_unwinds: PanicsInDrop breaks A6, "its drop unwound";
    a1_is_what_is_broken_though_the_drop_unwinds: OverlapsAndPanics breaks A1, "the block overlaps a live one";
}
