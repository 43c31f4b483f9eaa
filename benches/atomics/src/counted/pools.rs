//! Whatever hands blocks out, as the script sees it.

use core::alloc::Layout;

use stampool::{
    Block, Checking, ExactPool, Local, Pool, StaticPool, Stats, Strategy, ThreadLocalPool,
};

/// What the pools are of: blocks of a cache line.
pub(super) fn layout() -> Layout {
    Layout::new::<[u64; 8]>()
}

/// A pool, and a way to it.
pub(super) trait Blocks {
    /// Whether blocks are kept by the thread, so that there are hits.
    const HAS_CACHES: bool = true;

    /// Takes a block.
    fn take(&self) -> Block;

    /// Gives one back.
    ///
    /// # Safety
    ///
    /// It was taken here, and not given back since.
    unsafe fn give(&self, block: Block);

    /// What the pool says of itself.
    fn stats(&self) -> Stats;
}

/// A pool and a handle of it.
pub(super) struct Handle<'p, S: Strategy, C: Checking> {
    pub(super) pool: &'p Pool<S, C>,
    pub(super) local: Local<'p, S, C>,
}

impl<S: Strategy, C: Checking> Blocks for Handle<'_, S, C> {
    fn take(&self) -> Block {
        self.local.allocate().expect("memory")
    }

    unsafe fn give(&self, block: Block) {
        // SAFETY: by the caller.
        unsafe { self.local.deallocate(block) };
    }

    fn stats(&self) -> Stats {
        self.pool.stats()
    }
}

impl<S: Strategy> Blocks for ThreadLocalPool<S> {
    fn take(&self) -> Block {
        self.allocate().expect("memory")
    }

    unsafe fn give(&self, block: Block) {
        // SAFETY: by the caller.
        unsafe { self.deallocate(block) };
    }

    fn stats(&self) -> Stats {
        Pool::stats(self)
    }
}

impl<S: Strategy> Blocks for StaticPool<S> {
    fn take(&self) -> Block {
        self.allocate().expect("memory")
    }

    unsafe fn give(&self, block: Block) {
        // SAFETY: by the caller.
        unsafe { self.deallocate(block) };
    }

    fn stats(&self) -> Stats {
        Pool::stats(self)
    }
}

impl<S: Strategy> Blocks for ExactPool<S> {
    const HAS_CACHES: bool = false;

    fn take(&self) -> Block {
        self.allocate().expect("memory")
    }

    unsafe fn give(&self, block: Block) {
        // SAFETY: by the caller.
        unsafe { self.deallocate(block) };
    }

    fn stats(&self) -> Stats {
        Self::stats(self)
    }
}
