//! What some allocators can do beside allocating.

use core::ops::Range;
use core::ptr::NonNull;

use super::{Allocator, Usage};

/// An allocator that knows its memory.
pub trait Owner: Allocator {
    /// Whether `address` lies in a region from which this allocator serves blocks. It takes
    /// constant time, or time logarithmic in the memory obtained, unless the member says otherwise.
    fn owns(&self, address: NonNull<u8>) -> bool;

    /// How much memory is in use. Exact while no other thread uses the allocator.
    fn usage(&self) -> Usage;
}

/// An allocator that can take all of its blocks back at once.
pub trait Reset: Owner {
    /// Invalidates every block. Nothing is in use afterwards.
    ///
    /// Runs no destructors: a value in a block is not dropped, and what it owns elsewhere leaks.
    ///
    /// # Panics
    ///
    /// If the source panics in `release`. Every block is invalid nevertheless.
    fn reset(&mut self);
}

/// An allocator whose blocks all lie in one region, which never changes.
pub trait Contiguous: Owner {
    /// From the region's first byte to the byte behind its last.
    fn memory_range(&self) -> Range<NonNull<u8>>;
}

impl<A: Owner + ?Sized> Owner for &A {
    fn owns(&self, address: NonNull<u8>) -> bool {
        (**self).owns(address)
    }

    fn usage(&self) -> Usage {
        (**self).usage()
    }
}
