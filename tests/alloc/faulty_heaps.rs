//! Members with small faults, which the kit must find.

use core::alloc::Layout;
use core::ptr::NonNull;

use stampool::alloc::conformance::{Clause, Conformance, TestSource};
use stampool::alloc::{AllocError, Allocator, BestFit, Owner, Static, Usage};

type Served = Result<NonNull<[u8]>, AllocError>;

/// Claims the byte in front of its buffer.
struct OwnsInFront(Static<'static>);

// SAFETY: all calls go to the allocator inside.
unsafe impl Allocator for OwnsInFront {
    fn allocate(&self, layout: Layout) -> Served {
        self.0.allocate(layout)
    }

    unsafe fn deallocate(&self, block: NonNull<u8>, layout: Layout) {
        // SAFETY: by the caller.
        unsafe { self.0.deallocate(block, layout) }
    }
}

impl Owner for OwnsInFront {
    fn owns(&self, address: NonNull<u8>) -> bool {
        let next = address.map_addr(|at| at.saturating_add(1));
        self.0.owns(address) || self.0.owns(next)
    }

    fn usage(&self) -> Usage {
        self.0.usage()
    }
}

#[test]
fn an_allocator_that_claims_the_byte_in_front_of_its_buffer_is_found() {
    let make = |source: TestSource| {
        // SAFETY: the kit keeps the buffer until the allocator is gone.
        OwnsInFront(unsafe { Static::from_raw_parts(source.buffer(4096), 4096) })
    };
    let failure = Conformance::new(make).owner().find().expect_err("a fault");
    assert_eq!(failure.violation.clause, Clause::Owner, "{failure}");
}

/// Shrinks where it is or not, as the size says that is passed back.
struct TrustsTheSizeOfAShrink(BestFit<TestSource>);

// SAFETY: all calls go to the allocator inside.
unsafe impl Allocator for TrustsTheSizeOfAShrink {
    fn allocate(&self, layout: Layout) -> Served {
        self.0.allocate(layout)
    }

    unsafe fn deallocate(&self, block: NonNull<u8>, layout: Layout) {
        // SAFETY: by the caller.
        unsafe { self.0.deallocate(block, layout) }
    }

    unsafe fn shrink_in_place(&self, block: NonNull<u8>, old: Layout, new: Layout) -> Served {
        if old.size().is_multiple_of(16) {
            return Err(AllocError::NotInPlace);
        }
        // SAFETY: by the caller.
        unsafe { self.0.shrink_in_place(block, old, new) }
    }
}

#[test]
fn an_allocator_that_trusts_the_size_of_a_shrink_is_found() {
    let check = Conformance::new(|source| TrustsTheSizeOfAShrink(BestFit::new(source)));
    let failure = check.find().expect_err("a fault");
    assert_eq!(failure.violation.clause, Clause::A4, "{failure}");
}

/// Has more overhead than a number can say beside the bytes in use.
struct Boasts(BestFit<TestSource>);

// SAFETY: all calls go to the allocator inside.
unsafe impl Allocator for Boasts {
    fn allocate(&self, layout: Layout) -> Served {
        self.0.allocate(layout)
    }

    unsafe fn deallocate(&self, block: NonNull<u8>, layout: Layout) {
        // SAFETY: by the caller.
        unsafe { self.0.deallocate(block, layout) }
    }
}

impl Owner for Boasts {
    fn owns(&self, address: NonNull<u8>) -> bool {
        self.0.owns(address)
    }

    fn usage(&self) -> Usage {
        let mut usage = self.0.usage();
        if usage.used_bytes > 0 {
            usage.overhead_bytes = usize::MAX;
        }
        usage
    }
}

#[test]
fn an_allocator_with_a_boundless_overhead_is_found() {
    let failure = Conformance::new(|source| Boasts(BestFit::new(source))).owner().find();
    let failure = failure.expect_err("a fault");
    assert_eq!(failure.violation.clause, Clause::Owner, "{failure}");
}

/// Says that it is at a limit of its own if its source refuses.
struct BlamesItself(BestFit<TestSource>);

// SAFETY: all calls go to the allocator inside.
unsafe impl Allocator for BlamesItself {
    fn allocate(&self, layout: Layout) -> Served {
        self.0.allocate(layout).map_err(|reason| match reason {
            AllocError::OutOfMemory if self.0.usage().used_bytes > 0 => AllocError::Capacity,
            reason => reason,
        })
    }

    unsafe fn deallocate(&self, block: NonNull<u8>, layout: Layout) {
        // SAFETY: by the caller.
        unsafe { self.0.deallocate(block, layout) }
    }
}

impl Owner for BlamesItself {
    fn owns(&self, address: NonNull<u8>) -> bool {
        self.0.owns(address)
    }

    fn usage(&self) -> Usage {
        self.0.usage()
    }
}

#[test]
fn an_allocator_that_blames_itself_for_its_source_is_found() {
    let failure = Conformance::new(|source| BlamesItself(BestFit::new(source))).owner().find();
    let failure = failure.expect_err("a fault");
    assert_eq!(failure.violation.clause, Clause::A7, "{failure}");
}
