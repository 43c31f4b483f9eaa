//! A heap that breaks one rule in a call that the members on a buffer do not have. The kit must find each
//! fault by its rule, with few steps.

use core::alloc::Layout;
use core::ptr::NonNull;

use stampool::alloc::conformance::{Clause, Conformance, TestSource};
use stampool::alloc::{AllocError, Allocator, BestFit, Owner, Usage};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    None,
    /// Shrinks where the block lies or not, as the size says that is passed back.
    TrustsTheSizeOfAShrink,
    /// Says that it is at a limit of its own if its source refuses.
    BlamesItself,
}

struct Faulty {
    fault: Fault,
    heap: BestFit<TestSource>,
}

// SAFETY: kept for `Fault::None`: all calls go to the heap. The others break one rule each.
unsafe impl Allocator for Faulty {
    fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        self.heap.allocate(layout).map_err(|reason| match (self.fault, reason) {
            (Fault::BlamesItself, AllocError::OutOfMemory) if self.heap.usage().used_bytes > 0 => {
                AllocError::Capacity
            }
            _ => reason,
        })
    }

    unsafe fn deallocate(&self, block: NonNull<u8>, layout: Layout) {
        // SAFETY: by the caller.
        unsafe { self.heap.deallocate(block, layout) }
    }

    unsafe fn shrink_in_place(
        &self,
        block: NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        if self.fault == Fault::TrustsTheSizeOfAShrink && old.size().is_multiple_of(16) {
            return Err(AllocError::NotInPlace);
        }
        // SAFETY: by the caller.
        unsafe { self.heap.shrink_in_place(block, old, new) }
    }
}

impl Owner for Faulty {
    fn owns(&self, address: NonNull<u8>) -> bool {
        self.heap.owns(address)
    }

    fn usage(&self) -> Usage {
        self.heap.usage()
    }
}

fn breaks(fault: Fault, clause: Clause, words: &str) {
    let failure = check(fault).find().expect_err("the kit finds the fault");
    assert_eq!(failure.violation.clause, clause, "{failure}");
    assert!(failure.to_string().contains(words), "{failure}");
    assert!(failure.program.steps.len() <= 10, "reduced: {failure}");
}

fn check(fault: Fault) -> Conformance<'static, Faulty> {
    let make = move |source| Faulty { fault, heap: BestFit::new(source) };
    Conformance::new(make).owner().programs(1000)
}

#[test]
fn without_a_fault_nothing_is_found() {
    check(Fault::None).check();
}

found! {
    a4_a_size_that_is_trusted_in_a_shrink: TrustsTheSizeOfAShrink breaks A4, "with the requested sizes passed back";
    a7_a_refusal_of_the_source_is_called_a_limit: BlamesItself breaks A7, "it states none, and the source has refused";
}
