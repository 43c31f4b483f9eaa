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
    const HAS_CACHES: bool;

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

/// Implements [`Blocks`] by the calls that each form of the pool has: `$blocks` hands them out,
/// `$stats` says what the pool counts.
macro_rules! blocks {
    ([$($generics:tt)*] $kind:ty, $has_caches:literal, $self:ident: $blocks:expr, $stats:expr) => {
        impl<$($generics)*> Blocks for $kind {
            const HAS_CACHES: bool = $has_caches;

            fn take(&$self) -> Block {
                $blocks.allocate().expect("memory")
            }

            unsafe fn give(&$self, block: Block) {
                // SAFETY: by the caller.
                unsafe { $blocks.deallocate(block) };
            }

            fn stats(&$self) -> Stats {
                $stats
            }
        }
    };
}

blocks!([S: Strategy, C: Checking] Handle<'_, S, C>, true, self: self.local, self.pool.stats());
blocks!([S: Strategy] ThreadLocalPool<S>, true, self: self, ThreadLocalPool::stats(self));
blocks!([S: Strategy] StaticPool<S>, true, self: self, ThreadLocalPool::stats(self));
blocks!([S: Strategy] ExactPool<S>, false, self: self, ExactPool::stats(self));
