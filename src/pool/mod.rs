//! The pool: builder, handles, growth, and the numbers it can tell of itself.

mod builder;
mod core;
mod local;
mod stats;
mod watch;

pub use builder::PoolBuilder;
pub use local::Local;
pub use stats::{Census, Stats};

use ::core::alloc::Layout;
use ::core::ptr::NonNull;

use self::core::Core;
use crate::error::AllocError;
use crate::free_list::{Strategy, TaggedWide};

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
/// most handles at one time and B the batch; plus TQ where it is hardened, Q = 16. Memory goes back to the source when the pool is
/// dropped, and not before.
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
    /// From `Box::into_raw`; owned. Not a `Box`, since end hooks know the address too.
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
    fn from_core(core: Core<S>) -> Self {
        let core = NonNull::from(Box::leak(Box::new(core)));
        Core::open(core);
        Self { core }
    }

    fn core(&self) -> &Core<S> {
        // SAFETY: owned by this pool until it is dropped.
        unsafe { self.core.as_ref() }
    }

    /// A handle for the calling thread. Any number may be had, by any number of threads; each has
    /// a cache of its own.
    ///
    /// # Errors
    ///
    /// [`AllocError`] when a new cache has to be seated and the source has no memory for it.
    ///
    /// # Complexity
    ///
    /// One RMW, after a walk over the caches that are in use.
    pub fn local(&self) -> Result<Local<'_, S>, AllocError> {
        Local::attach(self.core())
    }

    /// What the pool knows about itself. Takes the growth lock; meant for reports, not for every
    /// operation.
    pub fn stats(&self) -> Stats {
        self.core().stats()
    }

    /// Counts all blocks that are not in users' hands. Exact, since no handle is left; blocks in
    /// the caches of forgotten handles are counted too.
    pub fn census(&mut self) -> Census {
        // SAFETY: `&mut` says that no handle borrows the pool.
        unsafe { Core::census(self.core) }
    }
}

impl<S: Strategy> Drop for Pool<S> {
    /// Gives all memory back to the source, blocks in users' hands included.
    fn drop(&mut self) {
        // SAFETY: owned, and no handle borrows the pool.
        unsafe { Core::close(self.core) };
        // SAFETY: from `Box::leak` in `from_core`; closed, so no hook reaches it any more.
        drop(unsafe { Box::from_raw(self.core.as_ptr()) });
    }
}
