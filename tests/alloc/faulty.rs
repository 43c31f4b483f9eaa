//! Ten members that break one rule each. The kit must find each by that rule, with few steps.

use core::alloc::Layout;
use core::cell::{Cell, UnsafeCell};
use core::num::NonZero;
use core::ptr::NonNull;

use stampool::alloc::conformance::{Clause, Conformance, Failure, TestSource};
use stampool::alloc::{AllocError, Allocator, Owner, Usage};

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
        let kept = usize::from(self.fault == Fault::Overlap && size > 1);
        self.mark.set(end - kept);
        // SAFETY: start and end lie in the buffer.
        let block = unsafe { self.start().add(start) };
        Ok(NonNull::slice_from_raw_parts(block, self.rounded(layout.size())))
    }

    unsafe fn deallocate(&self, block: NonNull<u8>, layout: Layout) {
        let base = self.start().addr().get();
        if layout.size() > 0 && block.addr().get() + layout.size() == base + self.mark.get() {
            self.mark.set(block.addr().get() - base);
        }
    }
}

impl Owner for Faulty {
    fn owns(&self, address: NonNull<u8>) -> bool {
        let start = self.start().addr().get();
        (start..start + self.len()).contains(&address.addr().get())
    }

    fn usage(&self) -> Usage {
        let mut usage = Usage::default();
        usage.used_bytes = self.mark.get();
        usage.obtained_bytes = LEN;
        usage.capacity_bytes = Some(self.len());
        usage
    }
}

fn check(fault: Fault, align: usize) -> Result<(), Failure> {
    let make = move |source| Faulty::new(fault, &source);
    Conformance::new(make).owner().up_to(1000, align).programs(300).find()
}

fn breaks(fault: Fault, clause: Clause, words: &str) {
    let failure = check(fault, 64).expect_err("the kit finds the fault");
    assert_eq!(failure.violation.clause, clause, "{failure}");
    assert!(failure.to_string().contains(words), "{failure}");
    assert!(failure.program.steps.len() <= 10, "reduced: {failure}");
    let panics = words == "the call unwound";
    assert_eq!(failure.panic.is_some(), panics, "the words of a panic: {failure}");
}

#[test]
fn without_a_fault_nothing_is_found() {
    if let Err(failure) = check(Fault::None, 64) {
        panic!("{failure}");
    }
}

/// A test for each fault: its name, the rule that is broken, and words of the message.
macro_rules! found {
    ($($test:ident: $fault:ident breaks $clause:ident, $words:literal;)*) => {$(
        #[test]
        fn $test() {
            breaks(Fault::$fault, Clause::$clause, $words);
        }
    )*};
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
}
