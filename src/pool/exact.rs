//! A pool without caches.

use core::ptr::NonNull;

use super::core::Core;
use super::{Census, Pool, Stats};
use crate::block::Block;
use crate::error::AllocError;
use crate::free_list::{Strategy, TaggedWide};
use crate::mediator::ShardId;

/// A pool without caches: each call is an exchange with the shared list, a block at a time.
///
/// Slower than a [`Pool`] by the price of two exchanges, and exact: no free block lies where an
/// allocation does not look. It has no handles, so that it can be called from anywhere. Built by
/// [`PoolBuilder::build_exact`](super::PoolBuilder::build_exact).
///
/// # Shape
///
/// For few blocks: each brings a magazine, a cache line, of its own.
///
/// # Progress
///
/// Lock-free where the strategy is ([`Stats::lock_free`](super::Stats::lock_free)), but for growth.
/// Once [sealed](Self::seal) it does not grow: where it is lock-free it then takes no lock at all,
/// and asks nobody for memory, so that a signal handler may call it, whatever it interrupted.
///
/// # Example
///
/// ```
/// use std::alloc::Layout;
/// use stampool::{AllocError, Pool};
///
/// let pool = Pool::builder(Layout::new::<u64>()).capacity_blocks(2).build_exact()?;
/// let (one, other) = (pool.allocate().expect("two"), pool.allocate().expect("two"));
/// assert_eq!(pool.allocate(), Err(AllocError::Capacity));
/// // SAFETY: allocated from this pool, and used by nobody else.
/// unsafe { pool.deallocate(one) };
/// assert_eq!(pool.allocate(), Ok(one));
/// # _ = other;
/// # Ok::<(), stampool::BuildError>(())
/// ```
pub struct ExactPool<S: Strategy = TaggedWide>(Pool<S>);

// Why a free finds a magazine: the batch is 1, so each block came with one. A block is handed out
// after its magazine went back to the empty ones, so there is one for every live block, in that
// list or in the hands of somebody else who is freeing. No handle, so no remainder.

impl<S: Strategy> ExactPool<S> {
    pub(super) const fn new(pool: Pool<S>) -> Self {
        Self(pool)
    }

    pub(super) fn core(&self) -> &Core<S> {
        self.0.core()
    }

    /// Takes a block.
    ///
    /// # Errors
    ///
    /// [`AllocError`], where no block was free at one instant during the call, and none could be
    /// carved. A block whose free has not returned may be free already, or not yet.
    pub fn allocate(&self) -> Result<NonNull<u8>, AllocError> {
        let core = self.0.core();
        let block = core.take_one(&core.mediator.join())?;
        core.show(block);
        Ok(block.0)
    }

    /// Gives a block back. Never fails.
    ///
    /// # Safety
    ///
    /// `block` came from [`allocate`](Self::allocate) of this pool, has not been given back since,
    /// and nobody uses it any more.
    pub unsafe fn deallocate(&self, block: NonNull<u8>) {
        let core = self.0.core();
        core.hide(Block(block));
        core.mediator.offer(&core.mediator.join(), ShardId::default(), &[Block(block)]);
    }

    /// Carves until the pool has so many blocks.
    ///
    /// # Errors
    ///
    /// As [`Pool::prefill`].
    pub fn prefill(&self, blocks: usize) -> Result<(), AllocError> {
        self.0.prefill(blocks, 0)
    }

    /// Keeps the pool from ever asking its source again, as [`Pool::seal`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn seal(&self) -> Result<(), AllocError> {
        self.0.seal()
    }

    /// What the pool knows about itself.
    pub fn stats(&self) -> Stats {
        self.0.stats()
    }

    /// As [`Pool::end_blocks`].
    pub(super) fn end_blocks(&mut self, end: impl FnMut(NonNull<u8>)) {
        self.0.end_blocks(end);
    }

    /// Leaves the pool's memory where it is, for good, and keeps threads from using it.
    pub(super) fn abandon(self) {
        self.0.abandon();
    }

    /// Counts all blocks that are not in users' hands.
    pub fn census(&mut self) -> Census {
        self.0.census()
    }
}
