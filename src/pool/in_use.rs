//! The capacity of a pool with caches: how many blocks may be in use at one time.
//!
//! Free blocks lie in the caches of threads, where no other thread can get at them. So the pool does
//! not limit how many blocks there are, but how many are in use. One word counts them; an array
//! shows its length only during a slow call (`thread_cache/slot/cache_state.rs`), so that each call
//! comes to the word. The thread takes its permits before it looks for blocks, and gives them back
//! after the blocks have gone to the cache. So never more blocks are in use than there are permits. A
//! thread that has a permit finds a block, or carves one, or fails for want of memory.
//! `papers/memory-bound.md` has the bound.
//!
//! # Orderings
//!
//! | site | access | ordering |
//! |---|---|---|
//! | IU-1 | the first look | Relaxed |
//! | IU-2 | permits are taken, or found to be taken | Relaxed |
//! | IU-3 | another thread changed the word first | Relaxed |
//! | IU-4 | permits are given back | Relaxed |
//!
//! No block and no byte is read through the word: a block comes to a thread through its own cache,
//! the lists or the carver. Only the order of the word's own changes matters, and every answer,
//! refusals included, is a change of it: a thread that found no permit replaces the count by
//! the same number. A plain load may be stale, and a thread could then be refused although a permit
//! was given back before it asked.
//!
//! # Progress
//!
//! Lock-free: a thread repeats its CAS only if another thread has changed the count.

use core::mem;

use crossbeam_utils::CachePadded;

use crate::error::AllocError;
use crate::sync::{AtomicUsize, site};

/// Counts the blocks in use, up to a limit.
pub(super) struct InUse {
    limit: usize,
    count: CachePadded<AtomicUsize>,
}

/// Permits for blocks that are about to be in use. Dropping this gives them back, also during a
/// panic.
#[must_use = "dropping the permits gives them back"]
pub(super) struct Permits<'c> {
    in_use: &'c InUse,
    count: usize,
}

impl InUse {
    pub(super) fn new(limit: usize) -> Self {
        Self { limit, count: CachePadded::new(AtomicUsize::new(0)) }
    }

    /// The most blocks in use.
    pub(super) const fn limit(&self) -> usize {
        self.limit
    }

    /// The blocks in use. A block whose free has not returned may count.
    pub(super) fn count(&self) -> usize {
        // ORDERING(IU-1): Relaxed. A statistic.
        self.count.load(site::IN_USE_LOOK.ordering())
    }

    /// Permits for `count` blocks, all or none.
    ///
    /// # Errors
    ///
    /// [`AllocError::Capacity`]: at one instant so many blocks were in use that `count` more would
    /// have been too many.
    pub(super) fn take(&self, count: usize) -> Result<Permits<'_>, AllocError> {
        // ORDERING(IU-1): Relaxed. Validated by the CAS below.
        let mut found = self.count.load(site::IN_USE_LOOK.ordering());
        loop {
            let fits = self.limit - found >= count;
            let next = if fits { found + count } else { found };
            // ORDERING(IU-2): Relaxed. Nothing is read through the count. A refusal is an RMW too,
            //   so the count that it goes by is the newest one.
            // ORDERING(IU-3): Relaxed. Validated by the next CAS.
            match self.count.compare_exchange(
                found,
                next,
                site::IN_USE_TAKE.ordering(),
                site::IN_USE_MOVED.ordering(),
            ) {
                Ok(_) if fits => return Ok(Permits { in_use: self, count }),
                Ok(_) => return Err(AllocError::Capacity),
                Err(newer) => found = newer,
            }
        }
    }

    /// Takes the permits of blocks back that are in use no more.
    pub(super) fn give(&self, count: usize) {
        // ORDERING(IU-4): Relaxed. As IU-2.
        let before = self.count.fetch_sub(count, site::IN_USE_GIVE.ordering());
        debug_assert!(before >= count, "{count} blocks freed, of {before}");
    }

    /// `count` permits that go back when the value is dropped.
    pub(super) const fn returning(&self, count: usize) -> Permits<'_> {
        Permits { in_use: self, count }
    }
}

impl Permits<'_> {
    /// Leaves the permits to the blocks.
    pub(super) fn keep(self) {
        mem::forget(self);
    }
}

impl Drop for Permits<'_> {
    fn drop(&mut self) {
        self.in_use.give(self.count);
    }
}
