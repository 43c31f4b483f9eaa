//! Members with a region for each block, and what can be done wrong with regions. The kit must find
//! each fault by its rule, with few steps.

use core::alloc::Layout;
use core::cell::RefCell;
use core::num::NonZero;
use core::ptr::NonNull;

use stampool::Source;
use stampool::alloc::conformance::{Clause, Conformance, Failure, TestSource};
use stampool::alloc::{AllocError, Allocator};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    None,
    /// Never gives a region back.
    Keeps,
    /// Gives each region back twice.
    ReleasesTwice,
    /// Gives a region back as one byte longer.
    ReleasesMore,
    /// Writes to a region that went back.
    WritesAfterwards,
    /// Serves from a region without looking at its alignment.
    TrustsTheSource,
    /// Says that the source has no memory, and has not asked.
    DoesNotAsk,
    /// Says that the region was misaligned when there was none.
    BlamesTheRegion,
    /// Asks for an alignment that the source does not serve, and calls it a lack of memory.
    AsksForAnyAlignment,
    /// Asks the source for a block of no bytes.
    AsksForNothing,
    /// Says that a call that may move the block cannot.
    DoesNotMove,
}

/// Each block is a region.
struct EachARegion {
    fault: Fault,
    source: RefCell<TestSource>,
}

impl EachARegion {
    /// A region, or why there is none.
    fn obtain(&self, layout: Layout) -> Result<NonNull<u8>, AllocError> {
        let mut source = self.source.borrow_mut();
        if self.fault == Fault::DoesNotAsk && layout.size() > 100 {
            return Err(AllocError::OutOfMemory);
        }
        if layout.align() > source.max_align() && self.fault != Fault::AsksForAnyAlignment {
            return Err(AllocError::Unsupported);
        }
        let region = source.obtain(layout).ok_or(match self.fault {
            Fault::BlamesTheRegion => AllocError::MisalignedSource,
            _ => AllocError::OutOfMemory,
        })?;
        if region.addr().get().is_multiple_of(layout.align())
            || self.fault == Fault::TrustsTheSource
        {
            return Ok(region);
        }
        // SAFETY: just obtained with this layout.
        unsafe { source.release(region, layout) };
        Err(AllocError::MisalignedSource)
    }
}

// SAFETY: kept for `Fault::None`; the others break one rule each, and only the kit uses them.
unsafe impl Allocator for EachARegion {
    fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        if layout.size() == 0 && self.fault != Fault::AsksForNothing {
            let at = NonZero::new(layout.align()).expect("an alignment");
            return Ok(NonNull::slice_from_raw_parts(NonNull::without_provenance(at), 0));
        }
        self.obtain(layout).map(|start| NonNull::slice_from_raw_parts(start, layout.size()))
    }

    unsafe fn deallocate(&self, block: NonNull<u8>, layout: Layout) {
        if layout.size() == 0 || self.fault == Fault::Keeps {
            return;
        }
        let more = usize::from(self.fault == Fault::ReleasesMore);
        let layout = Layout::from_size_align(layout.size() + more, layout.align());
        let layout = layout.expect("a layout");
        let times = if self.fault == Fault::ReleasesTwice { 2 } else { 1 };
        for _ in 0..times {
            // SAFETY: the block is a region of this layout. With a fault it is not, and the test's
            // source notices that.
            unsafe { self.source.borrow_mut().release(block, layout) };
        }
        if self.fault == Fault::WritesAfterwards {
            // SAFETY: the test's source keeps the memory of a region that went back.
            unsafe { block.write(1) };
        }
    }

    unsafe fn grow(
        &self,
        block: NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        if self.fault == Fault::DoesNotMove {
            return Err(AllocError::NotInPlace);
        }
        let to = self.allocate(new)?;
        // SAFETY: both are live, the new one is not shorter, and they are two.
        unsafe { to.cast::<u8>().copy_from_nonoverlapping(block, old.size()) };
        // SAFETY: by the caller.
        unsafe { self.deallocate(block, old) };
        Ok(to)
    }
}

fn check(fault: Fault) -> Result<(), Failure> {
    let make = move |source| EachARegion { fault, source: RefCell::new(source) };
    Conformance::new(make).up_to(1000, 64).max_align_from(32).programs(300).find()
}

fn breaks(fault: Fault, clause: Clause, words: &str) {
    let failure = check(fault).expect_err("the kit finds the fault");
    assert_eq!(failure.violation.clause, clause, "{failure}");
    assert!(failure.to_string().contains(words), "{failure}");
    assert!(failure.program.steps.len() <= 3, "reduced: {failure}");
}

#[test]
fn without_a_fault_nothing_is_found() {
    if let Err(failure) = check(Fault::None) {
        panic!("{failure}");
    }
}

found! {
    a_region_that_stays: Keeps breaks Source, "a region never went back";
    a_region_that_goes_back_twice: ReleasesTwice breaks Source, "a region went back that was not out";
    a_region_that_goes_back_longer: ReleasesMore breaks Source, "a region went back with another layout";
    a_region_that_is_written_afterwards: WritesAfterwards breaks Source, "written after the region went back";
    a1_a_region_that_is_not_aligned: TrustsTheSource breaks A1, "the block is misaligned";
    a5_a_region_for_no_bytes: AsksForNothing breaks A5, "a block of no bytes was refused";
    a7_no_memory_though_nobody_was_asked: DoesNotAsk breaks A7, "the source has refused nothing";
    a7_no_region_that_could_be_misaligned: BlamesTheRegion breaks A7, "no region was misaligned";
    a7_no_memory_of_such_an_alignment: AsksForAnyAlignment breaks A7, "the source has refused nothing";
    a7_not_in_place_from_a_call_that_may_move: DoesNotMove breaks A7, "not in place, from a call that may move";
}
