//! A pool without caches.

use core::ptr::NonNull;

use super::{Census, Pool, Stats};
use crate::block::{Block, MaybeBlock};
use crate::error::AllocError;
use crate::free_list::{Strategy, TaggedWide, Take};

/// A pool without thread caches: each call exchanges one block with the shared list.
///
/// It is slower than a [`Pool`] by that exchange, and exact: an allocation fails only if every
/// block is in use, because no free block lies in a cache. Blocks that a `prefill`, a `seal` or an
/// `allocate_many` of another thread holds at that instant count as in use. There are no handles,
/// so any code on any thread can call it.
/// [`PoolBuilder::build_exact`](super::PoolBuilder::build_exact) builds it.
///
/// # Shape
///
/// For few blocks: each block comes with a magazine of its own, a cache line or more.
///
/// # Memory
///
/// The pool carves at most L + T blocks: L is the largest number of blocks live at one time, T the
/// largest number of threads that are in a call at one time. Blocks that a bulk call has taken so far
/// count as live. [`prefill`](Self::prefill) and [`seal`](Self::seal) may carve more. The memory
/// returns to the source when the pool is dropped, and earlier where [`shrink`](Self::shrink) asks
/// for it.
///
/// # Progress
///
/// Lock-free if the strategy is ([`Stats::lock_free`](super::Stats::lock_free)), except for growth.
/// A [sealed](Self::seal) pool does not grow: if it is lock-free, it takes no lock and allocates no
/// memory, so a signal handler may call it, whatever the handler interrupted.
///
/// # Example
///
/// ```
/// use std::alloc::Layout;
/// use stampool::{AllocError, Pool};
///
/// let pool = Pool::builder(Layout::new::<u64>()).max_carved_blocks(2).build_exact()?;
/// let (one, other) = (pool.allocate().expect("two"), pool.allocate().expect("two"));
/// assert_eq!(pool.allocate(), Err(AllocError::Capacity));
/// // SAFETY: allocated from this pool, and used by nobody else.
/// unsafe { pool.deallocate(one) };
/// assert_eq!(pool.allocate(), Ok(one));
/// # _ = other;
/// # Ok::<(), stampool::BuildError>(())
/// ```
pub struct ExactPool<S: Strategy = TaggedWide>(Pool<S>);

// Why a free always finds a magazine: the batch is 1, so the pool made one magazine for each block.
// The pool hands a block out after the block's magazine went back to the empty ones. So for every
// live block there is a magazine, in that list or with another thread that is freeing. There are no
// handles, so no remainder takes a magazine.

impl<S: Strategy> ExactPool<S> {
    pub(super) const fn new(pool: Pool<S>) -> Self {
        Self(pool)
    }

    pub(crate) const fn pool(&self) -> &Pool<S> {
        &self.0
    }

    pub(super) const fn pool_mut(&mut self) -> &mut Pool<S> {
        &mut self.0
    }

    /// Takes a block.
    ///
    /// # Errors
    ///
    /// [`AllocError`], if at some instant during the call no block was free, and none could be
    /// carved. A block whose free has not returned yet may count as free or as in use, and one that
    /// a `prefill`, a `seal` or an `allocate_many` of another thread holds counts as in use.
    // Out of line, so that the hits of an object pool with caches do not contain it.
    #[inline(never)]
    pub fn allocate(&self) -> Result<Block, AllocError> {
        let shared = self.0.shared();
        let (participant, mut room) = (shared.mediator.join(), [MaybeBlock::uninit()]);
        // SAFETY: the participant has just joined.
        let client = unsafe { shared.client_without_cache(&participant) };
        shared.take(client, Take::One, &mut room)?;
        // SAFETY: the call has brought at least one block.
        let block = unsafe { room[0].assume_init() };
        shared.show(block);
        Ok(block)
    }

    /// Frees a block. Never fails.
    ///
    /// # Safety
    ///
    /// `block` came from [`allocate`](Self::allocate) of this pool, was not freed since, and nobody
    /// uses it any more.
    // Out of line as `allocate`.
    #[inline(never)]
    pub unsafe fn deallocate(&self, block: Block) {
        let shared = self.0.shared();
        shared.hide(block);
        let participant = shared.mediator.join();
        // SAFETY: the participant has just joined.
        unsafe { shared.client_without_cache(&participant) }.offer(&[block]);
    }

    /// Carves until the pool has at least `blocks` blocks.
    ///
    /// # Errors
    ///
    /// As [`Pool::prefill`].
    pub fn prefill(&self, blocks: usize) -> Result<(), AllocError> {
        self.0.prefill(blocks, 0)
    }

    /// Keeps the pool from ever calling its source again, as [`Pool::seal`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn seal(&self) -> Result<(), AllocError> {
        self.0.seal()
    }

    /// Gives the chunks whose blocks are all free back to the source, as [`Pool::shrink`], and
    /// returns how many bytes. Meanwhile an allocation waits. Only if the pool is
    /// [sealed](Self::seal) by another thread directly afterwards may an allocation that overlaps
    /// with both calls be refused although blocks are free.
    ///
    /// # Errors
    ///
    /// As there.
    pub fn shrink(&self) -> Result<usize, AllocError> {
        self.shrink_and_end(|_| {})
    }

    /// As [`shrink`](Self::shrink), with a hook for each block that is about to go back
    /// (`Shared::shrink_for`). The hook may use the pool.
    pub(super) fn shrink_and_end(&self, end: impl FnMut(NonNull<u8>)) -> Result<usize, AllocError> {
        self.0.shared().shrink(end)
    }

    /// Counts of the pool, as [`Pool::stats`].
    pub fn stats(&self) -> Stats {
        self.0.stats()
    }

    /// Leaks the pool's memory, and keeps threads from using it.
    pub(super) fn abandon(self) {
        self.0.abandon();
    }

    /// Counts all free blocks, as [`Pool::census`].
    pub fn census(&mut self) -> Census {
        self.0.census()
    }
}
