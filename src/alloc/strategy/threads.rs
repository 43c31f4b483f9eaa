//! Placement behind a lock, and where calls are counted.

use core::alloc::Layout;

use super::placement::Placement;
use super::typed::Places;
use crate::alloc::served::Served;
use crate::alloc::wrap::{Counted, CountedThread, Locked};

// SAFETY: all calls go to the allocator behind the lock.
unsafe impl<A: Places> Places for Locked<A> {
    fn allocate_with(&self, layout: Layout, placement: Placement) -> Served {
        self.with(|inner| inner.allocate_with(layout, placement))
    }

    fn placement_for(&self, layout: Layout, drops: bool) -> Placement {
        self.with(|inner| inner.placement_for(layout, drops))
    }
}

/// The allocators that count.
macro_rules! counts {
    ($([$($generics:tt)*] $type:ty;)*) => {$(
        // SAFETY: all calls go to the allocator inside; a block is as long as its layout says, as that
        // of `allocate` is.
        unsafe impl<$($generics)*> Places for $type {
            fn allocate_with(&self, layout: Layout, placement: Placement) -> Served {
                self.allocate_by(layout, |inner| inner.allocate_with(layout, placement))
            }

            fn placement_for(&self, layout: Layout, drops: bool) -> Placement {
                self.get().placement_for(layout, drops)
            }
        }
    )*};
}

counts! {
    [A: Places] Counted<A>;
    [A: Places] CountedThread<'_, A>;
}
