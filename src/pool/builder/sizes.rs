//! How many blocks a pool has, and how many move at one time.

use super::PoolBuilder;
use crate::block::{Batch, BlockLayout};
use crate::checking::Checking;
use crate::chunk::ChunkSizes;
#[cfg(feature = "family")]
use crate::chunk::Pace;
use crate::error::BuildError;
use crate::free_list::Strategy;

/// The largest batch, in blocks.
const MAX_BATCH: usize = 1 << 16;

impl<S: Strategy, C: Checking> PoolBuilder<S, C> {
    /// Fixes the number of blocks in a batch, 1 to 65,536. A larger batch makes exchanges rarer and
    /// the memory bound wider.
    ///
    /// A builder that is told neither this nor [`batch_up_to`](Self::batch_up_to) makes a pool whose
    /// caches follow what their threads do: batches begin with 64 blocks and grow up to 512, each of
    /// the two numbers being at most 32 KiB of blocks and an eighth of the capacity, and at least one
    /// block. So no batch grows if a block has 512 bytes or more.
    pub fn batch(mut self, blocks: usize) -> Self {
        self.batch = Some(blocks);
        self
    }

    /// Lets batches grow up to so many blocks, 65,536 at most. A thread begins with
    /// [`batch`](Self::batch) (by default 64, but at most 32 KiB, an eighth of the capacity, and this
    /// number; and at least one block), which also remains the number of blocks carved at one time.
    ///
    /// If a thread cache is full and the exchange before was a refill, the cache doubles instead of
    /// being flushed, until it holds two of the largest batches. A burst that fits therefore soon
    /// costs no exchange. Otherwise a flush gives away half of what the cache may hold. A thread that
    /// has flushed sixteen times without a refill between counts as one that only frees: its cache
    /// holds three and a half of the smallest batches at most, and gives away all of them at one
    /// time. A refill takes what was given away together.
    ///
    /// The memory bound is that of a pool with batches of this size: each cache may hold two of
    /// them, and a pool that is prefilled, sealed or limited needs as much more. Each handle brings
    /// one large magazine with room for so many blocks. If all of these are on their way, a flush
    /// gives away one of the smallest batches.
    pub fn batch_up_to(mut self, blocks: usize) -> Self {
        self.batch_up_to = Some(blocks);
        self
    }

    /// Grants so many blocks in use at one time, from however many threads: a request for one more
    /// is refused with [`AllocError::Capacity`](crate::AllocError::Capacity), and none is refused
    /// for this reason while fewer blocks are in use. By default the source is the only limit.
    ///
    /// Free blocks may lie in the caches of threads, where others cannot get at them. So the pool
    /// counts the blocks in use, and carves more than these: with the n of the capacity at most
    /// n + 3TG + G, as said at [`Pool`](crate::Pool). Batches are at most n blocks, whatever
    /// [`batch`](Self::batch) and [`batch_up_to`](Self::batch_up_to) say.
    ///
    /// Each allocation and each free then changes one word that all threads share, so the handles
    /// of such a pool have no hits without an atomic operation. Their caches still save the
    /// exchanges with the shared lists. A pool without caches ([`build_exact`](Self::build_exact))
    /// needs no count: it is exact by itself, and carves at most n blocks.
    ///
    /// A block whose free has not returned may count as in use. So do, during the call, the blocks
    /// that a call of another thread asks for and does not get for another reason: the source has
    /// no memory, or the pool is [sealed](crate::Pool::seal) and the free blocks are in other caches.
    ///
    /// # Example
    ///
    /// ```
    /// use std::alloc::Layout;
    /// use stampool::{AllocError, Pool};
    ///
    /// let pool = Pool::builder(Layout::new::<u64>()).capacity(2).build()?;
    /// let (mine, other) = (pool.local()?, pool.local()?);
    /// let block = mine.allocate()?;
    /// // SAFETY: ours. The block goes to the cache of `mine`.
    /// unsafe { mine.deallocate(block) };
    /// let two = (other.allocate()?, other.allocate()?);
    /// assert_eq!(mine.allocate(), Err(AllocError::Capacity));
    /// # _ = two;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn capacity(mut self, blocks: usize) -> Self {
        self.in_use = Some(blocks);
        self
    }

    /// Limits the memory: the number of blocks carved at one time, to at least a batch. By default
    /// the source is the only limit.
    ///
    /// In a pool with caches an allocation may fail before so many blocks are in use, because some
    /// may lie in the caches of other handles; [`capacity`](Self::capacity) does without that.
    pub fn max_carved_blocks(mut self, blocks: usize) -> Self {
        self.capacity = Some(blocks);
        self
    }

    /// Sets the number of blocks in a chunk. By default the first chunk has 16 KiB, or one batch if
    /// that is larger, and each further chunk doubles, up to 4 MiB. If the source has no room for a
    /// whole chunk, the pool asks for a smaller one.
    pub fn chunk_blocks(mut self, blocks: usize) -> Self {
        self.chunks = ChunkSizes::Blocks(blocks);
        self
    }

    /// Sets the bytes of the first chunk, and those up to which chunks grow, slowly: little of what the
    /// pool has is not carved.
    #[cfg(feature = "family")]
    pub(crate) fn chunk_bytes(mut self, first: usize, largest: usize) -> Self {
        self.chunks = ChunkSizes::Growing { first, largest, pace: Pace::Sixteenth };
        self
    }

    /// The batches of a pool that may carve `carved` blocks.
    pub(super) fn batches(&self, layout: BlockLayout, carved: usize) -> Result<Batch, BuildError> {
        let in_use = self.in_use.unwrap_or(usize::MAX);
        if in_use == 0 {
            return Err(BuildError::CapacityBelowBatch { capacity: 0, batch: 1 });
        }
        let fits = |blocks: usize| blocks.min(in_use);
        let (min, max) = (self.batch.map(fits), self.batch_up_to.map(fits));
        let batch = Batch::new(min, max, layout, carved.min(in_use));
        for requested in [batch.min, batch.max] {
            if requested == 0 || requested > MAX_BATCH {
                return Err(BuildError::Batch { requested, limit: MAX_BATCH });
            }
        }
        if batch.max < batch.min {
            return Err(BuildError::BatchUpTo { requested: batch.max, batch: batch.min });
        }
        if carved < batch.min {
            return Err(BuildError::CapacityBelowBatch { capacity: carved, batch: batch.min });
        }
        Ok(batch)
    }
}
