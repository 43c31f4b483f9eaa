//! What a pool reports about itself.

/// The counts and settings of a pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// The strategy in use: the fallback's name, if the machine forced one.
    pub strategy: &'static str,
    /// How the pool detects misuse: `off`, `checked` or `hardened`.
    pub checking: &'static str,
    /// Whether exchanges are lock-free on this machine. Growth never is.
    pub lock_free: bool,
    /// Bits of the tag; 0 if the strategy has none.
    pub tag_bits: u32,
    /// Size of a block in bytes, rounded up to its alignment.
    pub block_size: usize,
    /// Alignment of a block in bytes.
    pub block_align: usize,
    /// Blocks in a batch; in the smallest one, if batches grow.
    pub batch_blocks: usize,
    /// Blocks in the largest batch.
    pub max_batch_blocks: usize,
    /// Lists of full magazines: 1, unless the pool has a [`Topology`](crate::Topology).
    pub shards: usize,
    /// The most blocks that may be carved, if there is a limit.
    pub max_carved_blocks: Option<usize>,
    /// The most blocks that may be in use at one time, if the pool counts them: it has caches and a
    /// [`capacity`](crate::PoolBuilder::capacity).
    pub in_use_limit: Option<usize>,
    /// The blocks in use, if the pool counts them. Exact while no call is under way.
    pub in_use_blocks: Option<usize>,
    /// Blocks that the pool has carved and not given back by a [shrink](crate::Pool::shrink): live,
    /// cached or in magazines. Except for `prefill` and `seal`, the pool carves only when it finds no
    /// block in a magazine. So without these calls and without a shrink this is also the most blocks
    /// that were out of magazines at one time, apart from blocks that threads were just moving.
    pub carved_blocks: usize,
    /// Chunks that the pool has.
    pub chunks: usize,
    /// Regions that the pool has from its source: two for each chunk (its blocks, and the
    /// magazines and what else belongs to them) and one for each slot. After a shrink the second
    /// region of each chunk stays.
    pub regions: usize,
    /// Calls of the source for a region, failed ones included.
    pub source_calls: usize,
    /// Bytes that the pool has from its source: those of all its regions.
    pub source_bytes: usize,
    /// Ordinary magazines made so far. Each has room for the smallest batch.
    pub magazines: usize,
    /// Large magazines made so far: one for each slot, if batches grow. Each has room for the largest
    /// batch.
    pub large_magazines: usize,
    /// Bytes in magazines.
    pub magazine_bytes: usize,
    /// Emptied magazines that wait until no thread can still be reading them. Blocks never wait.
    pub limbo_magazines: usize,
    /// The most magazines that may wait.
    pub limbo_limit: usize,
    /// Under `EpochDeferred`: magazines that went through a lock because the limbo was full, which in a
    /// small limbo happens even if no thread sleeps. Under `Quiescent`: removals that found the first
    /// list empty and could not splice, because another removal was in flight. Exchanges that take a
    /// lock for another reason do not count.
    pub overflows: u64,
    /// Refills of caches, from magazines or with freshly carved blocks.
    /// [`Pool::slots`](crate::Pool::slots) has the counts of each slot.
    pub refills: u64,
    /// Flushes of caches.
    pub flushes: u64,
    /// Blocks that refills have brought, less those that flushes have taken away: live or cached
    /// blocks. The others of `carved_blocks` are in magazines. Exact while no exchange is under
    /// way. 0 in a pool without caches.
    pub drawn_blocks: u64,
    /// Failed compare-and-swaps of list heads, each of which was retried.
    pub cas_failures: u64,
    /// Thread caches made so far: at least the most that were in use at one time.
    pub slots: usize,
    /// Thread caches in use.
    pub attached: usize,
}

impl Stats {
    /// The blocks that are carved and not in use, if the pool counts those in use. Exact while no
    /// call is under way.
    pub fn idle_blocks(&self) -> Option<usize> {
        self.in_use_blocks.map(|in_use| self.carved_blocks.saturating_sub(in_use))
    }
}

/// Where the free blocks of a pool are.
///
/// The number of live blocks is `carved_blocks` of [`Stats`] less
/// [`free_blocks`](Self::free_blocks).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Census {
    /// Blocks in the caches of forgotten handles and of threads that have not ended, their
    /// quarantines included.
    pub cached_blocks: usize,
    /// Blocks in full magazines.
    pub full_blocks: usize,
    /// Blocks in partial magazines.
    pub partial_blocks: usize,
    /// Ordinary magazines without blocks.
    pub empty_magazines: usize,
}

impl Census {
    /// All free blocks.
    pub const fn free_blocks(&self) -> usize {
        self.cached_blocks + self.full_blocks + self.partial_blocks
    }
}
