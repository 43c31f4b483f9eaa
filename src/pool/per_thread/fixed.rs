//! Thread-local pools that are statics.

use core::ops::Deref;

use super::super::LazyPool;
use super::ThreadLocalPool;
use super::locals::{self, PoolNumber};
use crate::block::Block;
use crate::checking::{Checking, Unchecked};
use crate::error::{AllocError, BuildError};
use crate::free_list::{Strategy, TaggedWide};
use crate::sync::Number;

/// A [`ThreadLocalPool`] in a static, built at its first use. Declared by
/// [`static_pool!`](crate::static_pool).
///
/// A thread that has used the pool before finds its cache without a check whether the pool is
/// built.
///
/// # Progress
///
/// That of [`ThreadLocalPool`]. The first use builds the pool; threads that use it meanwhile wait
/// until it is built.
pub struct StaticPool<S: Strategy = TaggedWide, C: Checking = Unchecked> {
    /// The pool's number once it is built, and [`PoolNumber::NONE`] before. It is not under check: a
    /// thread has a handle of the pool only after it has written the number itself, and to a thread
    /// without a handle all numbers are alike.
    number: Number,
    pool: LazyPool<ThreadLocalPool<S, C>>,
}

impl<S: Strategy, C: Checking> StaticPool<S, C> {
    /// A pool that the first use builds by calling `build` once. Other threads wait meanwhile.
    #[track_caller]
    pub const fn new(build: fn() -> Result<ThreadLocalPool<S, C>, BuildError>) -> Self {
        Self { number: Number::new(PoolNumber::NONE.0), pool: LazyPool::new(build) }
    }

    /// The pool, if it has been built.
    pub(in super::super) fn if_built(&self) -> Option<&ThreadLocalPool<S, C>> {
        self.pool.if_built()
    }

    /// As [`ThreadLocalPool::allocate`].
    ///
    /// # Errors
    ///
    /// As there.
    ///
    /// # Panics
    ///
    /// As there, and at the first use if the pool cannot be built.
    #[inline]
    #[track_caller]
    pub fn allocate(&self) -> Result<Block, AllocError> {
        // SAFETY: the number is that of our pool, which lives as long as `self`, or `NONE`.
        match unsafe { locals::recent::<S, C>(PoolNumber(self.number.get())) } {
            // SAFETY: the slot is the handle's.
            Some(at) => unsafe { at.local.allocate_at(at.slot) },
            None => self.allocate_far(),
        }
    }

    /// As [`ThreadLocalPool::deallocate`].
    ///
    /// # Panics
    ///
    /// As there.
    ///
    /// # Safety
    ///
    /// As there.
    #[inline]
    #[track_caller]
    pub unsafe fn deallocate(&self, block: Block) {
        // SAFETY: as in `allocate`.
        match unsafe { locals::recent::<S, C>(PoolNumber(self.number.get())) } {
            // SAFETY: by the caller, and the slot is the handle's.
            Some(at) => unsafe { at.local.deallocate_at(at.slot, block) },
            // SAFETY: by the caller.
            None => unsafe { self.deallocate_far(block) },
        }
    }

    // The two slow paths that follow. Codegen: C7 (papers/codegen.md).

    #[cold]
    #[inline(never)]
    #[track_caller]
    fn allocate_far(&self) -> Result<Block, AllocError> {
        self.built().allocate()
    }

    /// # Safety
    ///
    /// As [`deallocate`](Self::deallocate).
    #[cold]
    #[inline(never)]
    #[track_caller]
    unsafe fn deallocate_far(&self, block: Block) {
        // SAFETY: by the caller.
        unsafe { self.built().deallocate(block) };
    }

    fn built(&self) -> &ThreadLocalPool<S, C> {
        let pool = &*self.pool;
        self.number.set(pool.number.get().0);
        pool
    }
}

// Not `DerefMut`: a pool that is swapped in would have another number than `number` says.
impl<S: Strategy, C: Checking> Deref for StaticPool<S, C> {
    type Target = ThreadLocalPool<S, C>;

    /// Builds the pool if no call has built it yet. Panics if it cannot be built.
    fn deref(&self) -> &ThreadLocalPool<S, C> {
        self.built()
    }
}
