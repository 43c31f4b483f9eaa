//! The heap.

use std::alloc::System;

use stampool::adapt::{FromGlobal, Global};
use stampool::alloc::BestFit;
use stampool::alloc::wrap::Locked;

type Heap = Locked<BestFit<FromGlobal<System>>>;

#[cfg(not(feature = "forgetful"))]
#[global_allocator]
static HEAP: Global<Heap> = heap();

#[cfg(feature = "forgetful")]
#[global_allocator]
static HEAP: forgetful::Forgetful = forgetful::Forgetful(heap());

const fn heap() -> Global<Heap> {
    Global::new(Locked::new(BestFit::new(FromGlobal(&System))))
}

/// Bytes of the live blocks of the program.
pub fn used_bytes() -> usize {
    HEAP.get().usage().used_bytes
}

#[cfg(feature = "forgetful")]
mod forgetful {
    use core::alloc::{GlobalAlloc, Layout};

    use stampool::adapt::Global;

    use super::Heap;

    /// A block that is made larger loses its last byte, so that the tests can be seen to fail.
    pub(super) struct Forgetful(pub(super) Global<Heap>);

    impl Forgetful {
        pub(super) fn get(&self) -> &Heap {
            self.0.get()
        }
    }

    // SAFETY: the heap's. One byte of a block that grows is lost, on purpose.
    unsafe impl GlobalAlloc for Forgetful {
        unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
            // SAFETY: by the caller.
            unsafe { self.0.alloc(layout) }
        }

        unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
            // SAFETY: by the caller.
            unsafe { self.0.dealloc(block, layout) }
        }

        unsafe fn realloc(&self, block: *mut u8, old: Layout, new_size: usize) -> *mut u8 {
            // SAFETY: by the caller.
            let grown = unsafe { self.0.realloc(block, old, new_size) };
            if !grown.is_null() && new_size > old.size() {
                // SAFETY: the block has more bytes than that.
                let last = unsafe { grown.add(old.size() - 1) };
                // SAFETY: as above.
                unsafe { last.write(0) };
            }
            grown
        }
    }
}
