//! The pool in all its forms (raw blocks with and without handles, exact, objects, stamped), its
//! builder, growth and statistics.

mod arena;
mod builder;
mod counts;
mod debug;
mod exact;
mod forks;
mod growth;
mod in_use;
mod lazy;
mod local;
mod many;
mod object;
mod per_thread;
mod shared;
mod shrink;
mod stamped;
mod stats;
mod unwind;

pub use arena::ArenaSource;
pub use builder::PoolBuilder;
pub use exact::ExactPool;
pub use lazy::LazyPool;
pub use local::Local;
pub use object::{
    Constructor, Counted, LivePolicy, NoConstructor, ObjectPool, ObjectPoolBuilder, OwnedPooled,
    Pooled, SharedPooled,
};
#[cfg(feature = "family")]
pub(crate) use per_thread::PoolSet;
pub use per_thread::{DetachedLocal, StaticPool, ThreadLocalPool};
pub use stamped::{
    AtomicPackedStamped, AtomicStamped, PackedStamped, Stale, Stamped, StampedLocal, StampedPool,
};
pub use stats::{Census, Stats};

#[cfg(feature = "family")]
use core::alloc::Layout;
use core::mem::ManuallyDrop;
use core::ptr::NonNull;

use self::shared::Shared;
use crate::checking::{Checking, Unchecked};
use crate::error::AllocError;
use crate::free_list::{Strategy, TaggedWide};
use crate::source::finish;
use crate::sync::lock;
use crate::thread_cache::SlotStats;

/// A pool of fixed-size blocks that any thread may free into.
///
/// Each thread uses the pool through a handle of its own, [`local`](Self::local). In a pool that is
/// not checked and has no [`capacity`](PoolBuilder::capacity), a handle whose cache has blocks hands
/// them out without an atomic operation; handles exchange whole batches with the pool.
///
/// # Shape
///
/// Every block has the size and the alignment of the layout that the builder was given; the size is
/// rounded up to the alignment. The pool never reads or writes a block's bytes, unless the pool is
/// [`hardened`](PoolBuilder::hardened), and then only while the block is free.
///
/// # Memory
///
/// The pool carves at most L + 3TG + G blocks: L is the largest number of blocks live at one time,
/// T the largest number of handles at one time, G the largest batch (the batch itself, unless
/// batches grow). A [`capacity`](PoolBuilder::capacity) limits L. A hardened pool adds TQ, with Q = 16. [`prefill`](Self::prefill) carves what it
/// is asked for, and [`seal`](Self::seal) what is left of a chunk; the bound is about the rest. The
/// memory returns to the source when the pool is dropped, and earlier where
/// [`shrink`](Self::shrink) asks for it.
///
/// # Progress
///
/// Exchanges are as lock-free as the strategy `S` says ([`Stats::lock_free`]). Growth calls the
/// source under a lock and may block.
///
/// # Example
///
/// ```
/// use std::alloc::Layout;
/// use stampool::Pool;
///
/// let pool = Pool::builder(Layout::new::<[u64; 8]>()).build()?;
/// std::thread::scope(|threads| {
///     let (send, receive) = std::sync::mpsc::channel::<stampool::Block>();
///     threads.spawn(|| {
///         let local = pool.local().expect("memory");
///         for block in receive {
///             // SAFETY: allocated from this pool and used by nobody else.
///             unsafe { local.deallocate(block) };
///         }
///     });
///     let local = pool.local().expect("memory");
///     for _ in 0..1000 {
///         send.send(local.allocate().expect("memory")).expect("a receiver");
///     }
///     drop(send);
/// });
/// # Ok::<(), stampool::BuildError>(())
/// ```
pub struct Pool<S: Strategy = TaggedWide, C: Checking = Unchecked> {
    /// Owned. Not a `Box`: threads that end know the address too, and the last of the threads and
    /// the owner frees the shared part.
    shared: NonNull<Shared<S, C>>,
}

// SAFETY: the parts of `Shared` that threads share (lists, registry, growth lock) are made for it.
unsafe impl<S: Strategy, C: Checking> Send for Pool<S, C> {}
// SAFETY: as above.
unsafe impl<S: Strategy, C: Checking> Sync for Pool<S, C> {}

impl<S: Strategy, C: Checking> Pool<S, C> {
    fn shared(&self) -> &Shared<S, C> {
        // SAFETY: owned by this pool until it is dropped.
        unsafe { self.shared.as_ref() }
    }

    /// The layout of a block. Takes no lock.
    #[cfg(feature = "family")]
    pub(crate) fn block_layout(&self) -> Layout {
        self.shared().layout.block()
    }

    /// Calls `end` once for each block that was carved. If a call panics, the other blocks are still
    /// ended. No call may use the pool.
    fn end_blocks(&mut self, end: impl FnMut(NonNull<u8>)) {
        let shared = self.shared();
        let growth = lock(&shared.growth);
        let regions = growth.regions.of_blocks();
        let stride = shared.layout.stride();
        let mut blocks = regions.flat_map(|region| region.blocks(stride)).map(end);
        finish(|| blocks.next().is_some());
    }

    /// Makes a handle for the calling thread. There may be any number of handles, on any number of
    /// threads; each has a cache of its own.
    ///
    /// # Errors
    ///
    /// [`AllocError`] when a new cache has to be made, and the source has no memory for it, or the
    /// pool is sealed, or its index can name no further magazine. Nothing has changed then.
    ///
    /// # Progress
    ///
    /// Lock-free if a cache is free that another handle has left. Otherwise the call takes the growth
    /// lock and calls the source. [`StdThreads`](crate::StdThreads), and
    /// [`EpochDeferred`](crate::EpochDeferred) for each handle, also ask the program's allocator for
    /// memory.
    ///
    /// # Complexity
    ///
    /// One RMW, after a walk over the caches that are in use.
    pub fn local(&self) -> Result<Local<'_, S, C>, AllocError> {
        Local::attach(self.shared())
    }

    /// Carves until the pool has at least `blocks` blocks, and adds slots until it has room for
    /// `handles` handles at one time. Allow 2B blocks for the cache of each handle beside those
    /// that are live at one time (two of the largest batches where batches grow).
    ///
    /// If another thread shrinks the pool meanwhile, blocks that were just carved may go back at once,
    /// and the call carves others.
    ///
    /// # Errors
    ///
    /// [`AllocError`], if the source has no memory for all of them, or the capacity or a seal
    /// forbids it. The pool keeps the blocks and slots that it got: a request that is far too large
    /// first takes all the memory that the source has.
    pub fn prefill(&self, blocks: usize, handles: usize) -> Result<(), AllocError> {
        self.shared().prefill(blocks, handles)
    }

    /// Carves the rest of the newest chunk, and keeps the pool from ever calling its source again.
    ///
    /// From then on an allocation that finds no free block, and a handle that finds no free slot,
    /// fail with [`AllocError::Sealed`] at once, without a lock. Blocks that are freed are handed
    /// out again as before.
    ///
    /// A [`shrink`](Self::shrink) that another thread began before the seal, or in which a destructor
    /// seals the pool, still gives its chunks back to the source.
    ///
    /// # Errors
    ///
    /// [`AllocError`], if the source has no memory for the slot that the call itself needs, or if
    /// the rest of the chunk cannot be carved because tags that must not wrap are used up. The pool
    /// is not sealed then. Sealing a sealed pool is no error.
    pub fn seal(&self) -> Result<(), AllocError> {
        self.shared().seal()
    }

    /// Gives memory back to the source, and returns how many bytes: those of each chunk whose blocks
    /// are all free and in no thread's cache. The pool can be used meanwhile, by other threads too.
    ///
    /// A single block that is in use, or in a cache, keeps its whole chunk, so [`Local::shrink`]
    /// hands the blocks of its own cache in first. The magazines of the chunks stay until the pool is
    /// dropped, and serve later chunks: 8 bytes for each block, and less than 80 for each batch.
    ///
    /// A [checked](PoolBuilder::checked) pool gives nothing back, because it recognises pointers to
    /// every block that it ever had: 0. Neither does a pool over a source that could not hand the
    /// memory out again, such as a [`BufferSource`](crate::BufferSource)
    /// ([`Source::reuses`](crate::Source::reuses)).
    ///
    /// # Errors
    ///
    /// [`AllocError::Sealed`] in a sealed pool; [`AllocError::OutOfMemory`] if there is no memory for
    /// the slot that the call needs, or for a list of the free blocks, 8 bytes for each block of the
    /// pool; [`AllocError::TagsExhausted`] as in an allocation. Nothing has changed then.
    ///
    /// # Progress
    ///
    /// The call holds the growth lock, and has the blocks of all lists in its hands. Meanwhile a
    /// thread that finds no block in its cache waits for the call to end.
    ///
    /// # Complexity
    ///
    /// Free blocks are sorted: n log n steps for n free blocks.
    ///
    /// # Example
    ///
    /// ```
    /// use std::alloc::Layout;
    /// use stampool::Pool;
    ///
    /// let pool = Pool::builder(Layout::new::<[u8; 4096]>()).build()?;
    /// let local = pool.local()?;
    /// let mut blocks = vec![];
    /// for _ in 0..10_000 {
    ///     blocks.push(local.allocate()?);
    /// }
    /// for block in blocks {
    ///     // SAFETY: allocated from this pool, and not used afterwards.
    ///     unsafe { local.deallocate(block) };
    /// }
    /// let bytes = local.shrink()?;
    /// assert!(bytes >= 10_000 * 4096);
    /// assert_eq!(pool.stats().carved_blocks, 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn shrink(&self) -> Result<usize, AllocError> {
        self.shared().shrink(|_| {})
    }

    /// Runs `f` while no thread obtains memory from the source, and none has a lock of the strategy.
    /// Fork inside `f`: the child then finds the pool able to grow and to exchange, whatever other
    /// threads of the parent were about to do.
    ///
    /// `f` must not use the pool, because a call that has to grow the pool, or that needs a lock of
    /// the strategy, would wait for ever.
    ///
    /// # In the child
    ///
    /// The child has a copy of the pool, which it may use and drop, and none of the other threads.
    /// Blocks that those had in their caches, or were just moving, stay out of reach until the copy
    /// is dropped. On a machine without the compare-and-swap that the strategy needs, an exchange takes
    /// a lock that the fork may catch. Under [`EpochDeferred`](crate::EpochDeferred) the child asks the
    /// program's allocator for memory, which must survive a fork then.
    ///
    /// If a thread of the parent was just ending and handing in its cache, the child counts that
    /// thread as still at it. `census`, `end`, and the drop of an object pool that counts its live
    /// objects would then wait for ever. In a checked pool, growth and drop take a lock of the
    /// process, which the fork may catch.
    pub fn without_growth<R>(&self, f: impl FnOnce() -> R) -> R {
        self.shared().without_growth(f)
    }

    /// Counts of the pool. The call takes the growth lock, and under
    /// [`Quiescent`](crate::Quiescent) the lock of each list for an instant: it is meant for
    /// reports, not for every operation.
    pub fn stats(&self) -> Stats {
        self.shared().stats()
    }

    /// The exchanges of each slot, the newest slot first. May be called at any time, and takes no
    /// lock; an exchange that is not yet counted is missing.
    pub fn slots(&self) -> Vec<SlotStats> {
        self.shared().slots()
    }

    /// Counts all free blocks, those in the caches of forgotten handles included. The count is
    /// exact, because `&mut` says that no handle is left.
    ///
    /// The call waits for threads that end at the same time and are handing their caches in, and
    /// threads that end meanwhile wait for the call.
    pub fn census(&mut self) -> Census {
        // SAFETY: `&mut` says that no handle borrows the pool.
        unsafe { self.shared().census() }
    }

    /// Drops the pool and returns when all memory is back at the source and the source is dropped.
    /// A plain drop does not wait for a thread that ends at the same time and is handing in its
    /// cache; this call does.
    ///
    /// Except under [`EpochDeferred`](crate::EpochDeferred): if a thread ends meanwhile and is held
    /// up inside the collector, the call may give up and return, and the memory and the source stay
    /// for good.
    pub fn end(self) {
        let rundown = ManuallyDrop::new(self).shared().rundown.clone();
        // SAFETY: the pool is not used again, and no handle borrows it.
        unsafe { rundown.close_and_wait() };
    }

    /// Leaks the pool's memory, and keeps threads from using it: the call waits for threads that
    /// are just handing in their blocks, and keeps later ones out.
    fn abandon(self) {
        let rundown = ManuallyDrop::new(self).shared().rundown.clone();
        // SAFETY: the pool is not used again, and no handle borrows it.
        unsafe { rundown.close_and_keep() };
    }
}

impl<S: Strategy, C: Checking> Drop for Pool<S, C> {
    /// Returns all memory to the source, live blocks included. If a thread ends at the same time
    /// and is handing in its cache, that thread returns the memory when it is done.
    fn drop(&mut self) {
        let rundown = self.shared().rundown.clone();
        // SAFETY: the pool is not used again, and no handle borrows it.
        unsafe { rundown.close() };
    }
}
