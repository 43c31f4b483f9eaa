//! The numbers that a pool can tell of itself.

/// What a pool knows about itself while it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// The strategy really used: the fallback's name, where one had to be taken.
    pub strategy: &'static str,
    /// How the pool detects misuse: `off`, `checked` or `hardened`.
    pub checking: &'static str,
    /// Whether exchanges are lock-free on this machine. Growth never is.
    pub lock_free: bool,
    /// Bits of the tag; 0 where there is none.
    pub tag_bits: u32,
    /// Size of a block in bytes, rounded up to its alignment.
    pub block_size: usize,
    /// Alignment of a block in bytes.
    pub block_align: usize,
    /// Blocks in a batch, the least where they vary.
    pub batch_blocks: usize,
    /// Blocks in the largest batch.
    pub most_batch_blocks: usize,
    /// Lists that full batches lie in: 1, unless there is a [`Topology`](crate::Topology).
    pub shards: usize,
    /// The most blocks that may be carved, where there is a limit.
    pub capacity_blocks: Option<usize>,
    /// Blocks carved so far: live, cached or in magazines. Nothing is carved while one is free in a
    /// magazine, so this is also the most that were out of magazines at one time, but for some that
    /// were on their way.
    pub carved_blocks: usize,
    /// Chunks obtained so far.
    pub chunks: usize,
    /// Regions obtained from the source: chunks, slots, directory buckets.
    pub regions: usize,
    /// How often the source was asked for one, whatever it said.
    pub source_calls: usize,
    /// Bytes obtained from the source, all told.
    pub source_bytes: usize,
    /// Magazines made so far.
    pub magazines: usize,
    /// Bytes in magazines.
    pub magazine_bytes: usize,
    /// Emptied magazines that wait until no thread looks at them any more. No block ever does.
    pub limbo_magazines: usize,
    /// The most that may wait.
    pub limbo_limit: usize,
    /// Exchanges that took a lock because of another thread in the middle of one: emptied magazines
    /// that could not wait, as many as may doing so already (`EpochDeferred`; with a small limbo
    /// that takes nobody who sleeps), and removals while another one was in flight and the first
    /// list empty (`Quiescent`).
    pub overflows: u64,
    /// Refills of caches, from magazines or freshly carved, and flushes. Each slot's:
    /// [`Pool::slots`](crate::Pool::slots).
    pub refills: u64,
    /// See `refills`.
    pub flushes: u64,
    /// Blocks that refills brought and no flush has taken away: live or cached. What is left of
    /// `carved_blocks` is in magazines. Exact while no exchange is under way. A pool without caches
    /// draws none.
    pub drawn_blocks: u64,
    /// How often a CAS of a list's head came too late and had to be tried again.
    pub cas_failures: u64,
    /// Thread caches made so far: the most that were in use at one time.
    pub slots: usize,
    /// Thread caches in use.
    pub attached: usize,
}

/// Where the blocks are that are not in users' hands.
///
/// `carved_blocks` of [`Stats`] less the three sums is the number of live blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Census {
    /// In the caches of forgotten handles, and of threads that have not ended, quarantine included.
    pub cached_blocks: usize,
    /// In full magazines.
    pub full_blocks: usize,
    /// In partial magazines.
    pub partial_blocks: usize,
    /// Magazines without blocks.
    pub empty_magazines: usize,
}

impl Census {
    /// All blocks that are not in users' hands.
    pub const fn free_blocks(&self) -> usize {
        self.cached_blocks + self.full_blocks + self.partial_blocks
    }
}
