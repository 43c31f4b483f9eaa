//! A pool whose blocks the checkers can see.

use core::alloc::Layout;
use core::num::NonZeroUsize;
use core::ptr::NonNull;
use core::sync::atomic::{AtomicIsize, Ordering};
use std::sync::Arc;

use stampool::{AllocError, Checking, Local, Pool, PoolBuilder, Strategy, Unchecked};

use crate::one_at_a_time::operation;
use crate::scenarios::{Metered, Payload};

/// A pool with batches of one block, and what its users do with the blocks.
pub(super) struct Rig<S: Strategy, C: Checking = Unchecked> {
    pub(super) pool: Pool<S, C>,
    payload: Payload,
    regions: Arc<AtomicIsize>,
}

/// A handle that the setup made and a thread uses.
pub(super) struct Handle<S: Strategy, C: Checking = Unchecked>(Local<'static, S, C>);

// SAFETY: a handle is bound to one thread only so that two don't use it at a time; here it moves
// between the setup and its thread, which start and join order.
unsafe impl<S: Strategy, C: Checking> Send for Handle<S, C> {}

/// The settings of all these pools.
pub(super) fn builder<S: Strategy>(regions: &Arc<AtomicIsize>) -> PoolBuilder<S> {
    let builder = Pool::builder(Layout::new::<u64>()).strategy::<S>();
    builder.batch(1).limbo_magazines(1).source(Metered(Arc::clone(regions)))
}

impl<S: Strategy, C: Checking> Handle<S, C> {
    pub(super) const fn local(&self) -> &Local<'static, S, C> {
        &self.0
    }
}

impl<S: Strategy, C: Checking> Rig<S, C> {
    /// Leaked until [`end`](Self::end).
    pub(super) fn new(change: impl FnOnce(PoolBuilder<S>) -> PoolBuilder<S, C>) -> &'static Self {
        let regions = Arc::new(AtomicIsize::new(0));
        let pool = change(builder(&regions)).build().expect("no requirement, no refusal");
        Box::leak(Box::new(Self { pool, payload: Payload::default(), regions }))
    }

    pub(super) fn handle(&'static self) -> Handle<S, C> {
        Handle(self.pool.local().expect("memory for a slot"))
    }

    /// Allocates a block, by its address.
    pub(super) fn allocate(&self, handle: &Handle<S, C>) -> Result<usize, AllocError> {
        operation(|| {
            let address = handle.0.allocate()?.as_ptr().expose_provenance();
            self.payload.taken(address);
            Ok(address)
        })
    }

    pub(super) fn free(&self, handle: &Handle<S, C>, address: usize) {
        operation(|| {
            self.payload.given(address);
            let block = NonZeroUsize::new(address).map(NonNull::with_exposed_provenance);
            let block = block.expect("a block's address");
            // SAFETY: allocated from this pool, and held by the caller alone.
            unsafe { handle.0.deallocate(block.into()) };
        });
    }

    /// Drops the pool, after all threads. `held` blocks are live, and no handle is left.
    ///
    /// A receiver `&self` would promise that the pool lives until this returns.
    ///
    /// # Safety
    ///
    /// The rig comes from `new`, and nobody refers to it any more.
    pub(super) unsafe fn end(rig: *const Self, held: usize) {
        // SAFETY: leaked in `new`; the rest by the caller.
        let mut rig = unsafe { Box::from_raw(rig.cast_mut()) };
        let stats = rig.pool.stats();
        let carved = stats.carved_blocks;
        assert!(stats.in_use_blocks.is_none_or(|count| count == held), "a permit was lost");
        let free = rig.pool.census().free_blocks();
        assert_eq!(free + held, carved, "a block was lost");
        let handle = rig.pool.local().expect("a slot for the drain");
        // A pool with a capacity may have more free blocks than it grants.
        for _ in 0..free.min(stats.in_use_limit.unwrap_or(usize::MAX) - held) {
            let block = handle.allocate().expect("a free block");
            rig.payload.taken(block.as_ptr().addr());
        }
        drop(handle);
        assert_eq!(rig.pool.stats().carved_blocks, carved, "a free block was not found");
        let regions = Arc::clone(&rig.regions);
        drop(rig);
        assert_eq!(regions.load(Ordering::Relaxed), 0, "a region did not go back exactly once");
    }
}
