//! The pool: builder, handles, growth, and the numbers it can tell of itself.

mod builder;
mod check;
mod core;
mod debug;
mod exact;
mod growth;
mod local;
mod many;
mod object;
mod per_thread;
mod stamped;
mod stats;

pub use builder::PoolBuilder;
pub use exact::ExactPool;
pub use local::Local;
pub use object::{
    Counted, LivePolicy, ObjectPool, ObjectPoolBuilder, OwnedPooled, Pooled, SharedPooled,
};
pub use per_thread::{DetachedLocal, StaticPool, ThreadLocalPool};
pub use stamped::{
    AtomicPackedStamped, AtomicStamped, PackedStamped, Stale, Stamped, StampedLocal, StampedPool,
};
pub use stats::{Census, Stats};

use ::core::alloc::Layout;
use ::core::mem::ManuallyDrop;
use ::core::ptr::NonNull;

use self::core::Core;
use crate::error::AllocError;
use crate::free_list::{Strategy, TaggedWide};
use crate::thread_cache::SlotStats;

/// A lock-free pool of fixed-size blocks that any thread may free into.
///
/// Threads take part through a handle each, [`local`](Self::local). A handle that has blocks hands
/// them out without an atomic operation; handles exchange whole batches with the pool.
///
/// # Shape
///
/// Every block has the size and the alignment that the builder was given; the size is rounded up
/// to the alignment. A block's bytes are never read or written by the pool, unless it is
/// [`hardened`](PoolBuilder::hardened), and then only while it is the pool's.
///
/// # Memory
///
/// Never more blocks are carved than L + 3TB + B, with L the most blocks live at one time, T the
/// most handles at one time and B the batch, the largest where they grow; plus TQ where it is
/// hardened, Q = 16. Memory goes back to the source when the pool is dropped, and not before.
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
///             unsafe { local.deallocate(block.0) };
///         }
///     });
///     let local = pool.local().expect("memory");
///     for _ in 0..1000 {
///         send.send(stampool::Block(local.allocate().expect("memory"))).expect("a receiver");
///     }
///     drop(send);
/// });
/// # Ok::<(), stampool::BuildError>(())
/// ```
pub struct Pool<S: Strategy = TaggedWide> {
    /// Owned. Not a `Box`, since threads that end know the address too, and the last one out frees.
    core: NonNull<Core<S>>,
}

// SAFETY: what `Core` shares between threads is made for it: lists, registry, growth lock.
unsafe impl<S: Strategy> Send for Pool<S> {}
// SAFETY: as above.
unsafe impl<S: Strategy> Sync for Pool<S> {}

impl Pool {
    /// Starts building a pool of blocks for values of `layout`.
    pub fn builder(layout: Layout) -> PoolBuilder {
        PoolBuilder::new(layout)
    }
}

impl<S: Strategy> Pool<S> {
    fn core(&self) -> &Core<S> {
        // SAFETY: owned by this pool until it is dropped.
        unsafe { self.core.as_ref() }
    }

    /// Ends each numbered block by `end`, once. Where that panics, the others are ended all the
    /// same.
    fn end_blocks(&mut self, end: impl FnMut(NonNull<u8>)) {
        struct Rest<I: Iterator<Item = NonNull<u8>>, F: FnMut(NonNull<u8>)>(I, F);
        impl<I: Iterator<Item = NonNull<u8>>, F: FnMut(NonNull<u8>)> Drop for Rest<I, F> {
            fn drop(&mut self) {
                for block in self.0.by_ref() {
                    (self.1)(block);
                }
            }
        }
        if let Some(table) = &self.core().block_table {
            // SAFETY: `&mut` says that no handle borrows the pool; end hooks grow nothing.
            let mut rest = Rest(unsafe { table.iter() }, end);
            for block in rest.0.by_ref() {
                (rest.1)(block);
            }
        }
    }

    /// A handle for the calling thread. Any number may be had, by any number of threads; each has
    /// a cache of its own.
    ///
    /// # Errors
    ///
    /// [`AllocError`] when a new cache has to be made and the source has no memory for it.
    ///
    /// # Complexity
    ///
    /// One RMW, after a walk over the caches that are in use.
    pub fn local(&self) -> Result<Local<'_, S>, AllocError> {
        Local::attach(self.core())
    }

    /// Carves until the pool has so many blocks, and adds slots for so many handles, as far as
    /// there are fewer. Every block that is live at one time, and every handle, counts: threads
    /// that each hold a cache need 2B blocks more apiece; where batches grow, two of the largest.
    ///
    /// # Errors
    ///
    /// [`AllocError`], where there is no memory, or no leave, for all of them. What was had until
    /// then stays.
    pub fn prefill(&self, blocks: usize, handles: usize) -> Result<(), AllocError> {
        self.core().prefill(blocks, handles)
    }

    /// Keeps the pool from ever asking its source again: what is there has to do. What is left of
    /// the newest chunk is carved first.
    ///
    /// From then on an allocation that finds nothing, and a handle that finds no free slot, fail
    /// with [`AllocError::Sealed`] at once, without a lock. Blocks that are given back are handed
    /// out again, as ever.
    ///
    /// # Errors
    ///
    /// [`AllocError`] where there is no memory for the slot that it takes; the pool is not sealed then.
    pub fn seal(&self) -> Result<(), AllocError> {
        self.core().seal()
    }

    /// Runs `f` while nobody obtains memory from the source. For a fork: a child that is made by
    /// `f` finds the pool able to grow, whatever other threads of the parent were about to do.
    ///
    /// # In the child
    ///
    /// It has a copy of the pool, to use and to drop, and none of the other threads. What those had
    /// in their caches, or were just moving, stays out of reach until the copy is dropped. That
    /// holds where exchanges are lock-free ([`Stats::lock_free`]): a lock of another strategy, or
    /// of the program's allocator, may have been caught by the fork.
    ///
    /// A child counts a thread that was just ending, and handing in its cache, as still doing so:
    /// `census`, `end`, and the drop of an object pool that counts its live objects would wait for
    /// it for ever. Where the pool is checked, growth and drop take a lock of the process, which a
    /// fork may catch.
    ///
    /// `f` must not use the pool: what needs to grow would wait for ever.
    pub fn without_growth<R>(&self, f: impl FnOnce() -> R) -> R {
        self.core().without_growth(f)
    }

    /// What the pool knows about itself. Takes the growth lock; meant for reports, not for every
    /// operation.
    pub fn stats(&self) -> Stats {
        self.core().stats()
    }

    /// What each slot has exchanged, the newest first. May be asked at any time: what another
    /// thread is about to count is missing.
    pub fn slots(&self) -> Vec<SlotStats> {
        self.core().slots()
    }

    /// Counts all blocks that are not in users' hands. Exact, since no handle is left; blocks in
    /// the caches of forgotten handles are counted too.
    pub fn census(&mut self) -> Census {
        // SAFETY: `&mut` says that no handle borrows the pool.
        unsafe { self.core().census() }
    }
}

impl<S: Strategy> Pool<S> {
    /// Drops the pool, and returns when all memory is back at the source and the source is dropped.
    /// The exception: under [`EpochDeferred`](crate::EpochDeferred), a thread that ends and is held
    /// up in the collector may keep the memory; then it stays for good, and so does the source.
    ///
    /// Dropping it does not wait for a thread that ends at that instant and is handing in its
    /// cache; this does.
    pub fn end(self) {
        let core = ManuallyDrop::new(self).core;
        // SAFETY: owned, no handle borrows the pool, and it is not dropped.
        unsafe { Core::close_and_wait(core) };
    }
}

impl<S: Strategy> Pool<S> {
    /// Leaves the pool's memory where it is, for good, and keeps threads from using it.
    fn abandon(self) {
        let core = ManuallyDrop::new(self).core;
        // SAFETY: owned, no handle borrows the pool, and it is not dropped.
        unsafe { Core::abandon(core) };
    }
}

impl<S: Strategy> Drop for Pool<S> {
    /// Gives all memory back to the source, blocks in users' hands included. A thread that ends at
    /// this instant, and is handing in what it has cached, does so in our place when it is done.
    fn drop(&mut self) {
        // SAFETY: owned, and no handle borrows the pool.
        unsafe { Core::close(self.core) };
    }
}
