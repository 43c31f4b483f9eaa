//! A pool with thread-local handles, and what its source has given.

use core::alloc::Layout;
use core::sync::atomic::AtomicIsize;
use std::sync::Arc;

use stampool::{Pool, PoolBuilder, Strategy, ThreadLocalPool};

use crate::scenarios::Metered;

/// A pool that lives until [`take`](Self::take), and what its source has given.
pub(super) struct Rig<S: Strategy> {
    pub(super) pool: ThreadLocalPool<S>,
    regions: Arc<AtomicIsize>,
}

impl<S: Strategy> Rig<S> {
    pub(super) fn new(change: impl FnOnce(PoolBuilder<S>) -> PoolBuilder<S>) -> &'static Self {
        let regions = Arc::new(AtomicIsize::new(0));
        let builder = Pool::builder(Layout::new::<u64>()).strategy::<S>().limbo_magazines(1);
        let builder = change(builder.source(Metered(Arc::clone(&regions))));
        let pool = builder.build_thread_local().expect("no requirement, no refusal");
        Box::leak(Box::new(Self { pool, regions }))
    }

    /// The pool, for its owner alone.
    ///
    /// A receiver `&self` would promise that the pool lives until this returns.
    ///
    /// # Safety
    ///
    /// The rig comes from `new`, and no thread uses it any more, except that it ends.
    pub(super) unsafe fn take(rig: *const Self) -> (ThreadLocalPool<S>, Arc<AtomicIsize>) {
        // SAFETY: leaked in `new`; the rest by the caller.
        let Self { pool, regions } = *unsafe { Box::from_raw(rig.cast_mut()) };
        (pool, regions)
    }

    /// Takes a block and frees it: the calling thread has a handle with a block.
    pub(super) fn use_once(&self) {
        let block = self.pool.allocate().expect("memory");
        // SAFETY: just allocated.
        unsafe { self.pool.deallocate(block) };
    }
}
