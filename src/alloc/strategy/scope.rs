//! Generations of blocks that end together.

use core::alloc::Layout;
use core::ptr::NonNull;

use super::lent::FromHeap;
use super::parts::Parts;
use super::placement::Placement;
use crate::alloc::served::Served;
use crate::alloc::{Usage, inherent};
use crate::source::{DefaultSource, Source};

/// An open scope of a [`StrategyPool`](super::StrategyPool), or of another scope of it: an allocator of
/// its own, whose memory comes from the pool's heap. Dropping it invalidates its blocks and gives this
/// memory back. It runs no destructors.
///
/// It has the fixed layout of the pool, and the same classes. Its parent may be used while it is open. A
/// block goes back to the scope that it came from, and not to the parent.
// The rules are those of the parts; their heap's source is the pool's heap, which this value borrows.
pub struct StrategyScope<'p, S: Source = DefaultSource>(
    pub(super) Parts<FromHeap<'p, S>>,
    /// The pool's. They are for one thread, so a borrow of them is not `Send`, and neither is the scope.
    pub(super) &'p Parts<S>,
);

impl<'p, S: Source> StrategyScope<'p, S> {
    pub(super) fn new(pool: &'p Parts<S>) -> Self {
        Self(pool.above(), pool)
    }

    pub(super) fn place(&self, layout: Layout, placement: Placement) -> Served {
        self.1.explained(|| self.0.allocate_with(layout, placement))
    }

    /// Returns a block of `layout`, placed by its size, which is live until the scope closes.
    ///
    /// # Errors
    ///
    /// As [`StrategyPool::allocate`](super::StrategyPool::allocate).
    #[inline]
    pub fn allocate(&self, layout: Layout) -> Served {
        self.place(layout, Placement::Segregated)
    }

    /// Whether `address` lies in a region of this scope.
    pub fn owns(&self, address: NonNull<u8>) -> bool {
        self.0.owns(address)
    }

    /// The usage of this scope alone. Its obtained bytes are those that it has from the pool's heap.
    pub fn usage(&self) -> Usage {
        self.0.usage()
    }
}

inherent::member! {
    [S: Source] StrategyScope<'_, S>, blocks of "this scope": Owner, Debug("StrategyScope");

    /// Takes a block back, before the scope closes.
    unsafe deallocate(self, block, layout) = self.0.deallocate(block, layout);

    /// Makes a block longer where it is, as its part does.
    ///
    /// # Errors
    ///
    /// [`AllocError::NotInPlace`](crate::alloc::AllocError::NotInPlace) if its part does not.
    unsafe grow_in_place(self, block, old, new) = self.0.grow_in_place(block, old, new);

    /// Makes a block shorter where it is, as its part does.
    ///
    /// # Errors
    ///
    /// As [`StrategyPool::shrink_in_place`](super::StrategyPool::shrink_in_place).
    unsafe shrink_in_place(self, block, old, new) = self.0.shrink_in_place(block, old, new);
}
