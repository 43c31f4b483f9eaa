//! A pool without handles to carry: each thread's is found through the thread.

mod detached;
mod fixed;
mod locals;

pub use detached::DetachedLocal;
pub use fixed::StaticPool;

use core::ops::Deref;
use core::ptr::NonNull;

use super::{Census, Local, Pool};
use crate::block::Block;
use crate::checking::{Checking, Unchecked};
use crate::error::AllocError;
use crate::free_list::{Strategy, TaggedWide};
use crate::mediator::ShardId;
use crate::sync::{Mutex, lock};
use locals::OwnNumber;

/// A [`Pool`] without handles to carry: each thread has a handle in its thread-local storage, which
/// its first call makes and which is dropped when the thread ends.
///
/// [`PoolBuilder::build_thread_local`](super::PoolBuilder::build_thread_local) builds it. It derefs to
/// the pool, so code that wants to be faster still can make an explicit handle.
///
/// # Ends
///
/// Threads may end before, while and after the pool is dropped. Destructors of other thread-local
/// values may call the pool: a thread whose storage is gone uses the fallback cache, which all such
/// threads share behind a lock. So does a thread for whose cache the source has no memory. The
/// fallback cache is made when the pool is built, and counts as one handle in the memory bound.
///
/// # Progress
///
/// That of [`Pool`], and the lock of the fallback cache for the threads that use it and for
/// [`without_growth`](Self::without_growth). The first call of a thread takes memory for its cache
/// from the source and some from the program's allocator, so such a pool cannot be the program's
/// allocator.
///
/// # Complexity
///
/// A thread finds its handle at once, as long as the process has never had more than 64
/// thread-local pools at one time (object pools with caches count). With more pools, a thread that
/// uses two of them by turns may have to look its handle up in a table, which takes a few
/// nanoseconds.
///
/// # Example
///
/// ```
/// use std::alloc::Layout;
/// use stampool::Pool;
///
/// let pool = Pool::builder(Layout::new::<[u64; 8]>()).build_thread_local()?;
/// std::thread::scope(|threads| {
///     for _ in 0..4 {
///         threads.spawn(|| {
///             let block = pool.allocate().expect("memory");
///             // SAFETY: allocated from this pool, and used by nobody else.
///             unsafe { pool.deallocate(block) };
///         });
///     }
/// });
/// # Ok::<(), stampool::BuildError>(())
/// ```
pub struct ThreadLocalPool<S: Strategy = TaggedWide, C: Checking = Unchecked> {
    /// Declared before the pool, so that it is dropped first.
    fallback: Mutex<Fallback<S, C>>,
    pool: Pool<S, C>,
    /// Declared last, because threads tell pools apart by it as long as the pool exists.
    number: OwnNumber,
}

/// The cache of the threads that cannot have one of their own.
struct Fallback<S: Strategy, C: Checking>(DetachedLocal<S, C>);

// SAFETY: behind a lock: one thread at a time, which is all that a slot and a participant ask.
unsafe impl<S: Strategy, C: Checking> Send for Fallback<S, C> {}

impl<S: Strategy, C: Checking> ThreadLocalPool<S, C> {
    /// Makes the shared cache now, so that a thread which has a block to free always finds it.
    pub(super) fn new(pool: Pool<S, C>) -> Result<Self, AllocError> {
        // SAFETY: used through the pool, and dropped before it.
        let fallback = Fallback(unsafe { DetachedLocal::attach(pool.core(), ShardId::default()) }?);
        let number = OwnNumber::new(pool.core().id);
        Ok(Self { fallback: Mutex::new(fallback), pool, number })
    }

    /// Takes a block, as [`Local::allocate`] does.
    ///
    /// # Errors
    ///
    /// As there.
    #[inline]
    pub fn allocate(&self) -> Result<Block, AllocError> {
        // SAFETY: our own number, while we are borrowed.
        match unsafe { locals::recent::<S, C>(self.number.get()) } {
            Some(at) => at.local.allocate_at(at.slot),
            None => self.allocate_far(),
        }
    }

    /// Gives a block back, as [`Local::deallocate`] does. Never fails.
    ///
    /// # Safety
    ///
    /// As there.
    #[inline]
    pub unsafe fn deallocate(&self, block: Block) {
        // SAFETY: our own number, while we are borrowed.
        match unsafe { locals::recent::<S, C>(self.number.get()) } {
            // SAFETY: by the caller.
            Some(at) => unsafe { at.local.deallocate_at(at.slot, block) },
            // SAFETY: by the caller.
            None => unsafe { self.deallocate_far(block) },
        }
    }

    /// As [`Pool::prefill`], for `handles` threads: the shared cache comes beside them.
    ///
    /// # Errors
    ///
    /// As there.
    pub fn prefill(&self, blocks: usize, handles: usize) -> Result<(), AllocError> {
        self.pool.prefill(blocks, handles.saturating_add(1))
    }

    /// As [`Pool::without_growth`]; keeps other threads out of the shared cache, too.
    pub fn without_growth<R>(&self, f: impl FnOnce() -> R) -> R {
        let _fallback = lock(&self.fallback);
        self.pool.without_growth(f)
    }

    /// As [`Pool::end`].
    pub fn end(self) {
        let Self { fallback, pool, number } = self;
        drop(fallback);
        pool.end();
        drop(number);
    }

    pub(super) const fn pool(&self) -> &Pool<S, C> {
        &self.pool
    }

    /// As [`Pool::end_blocks`].
    pub(super) fn end_blocks(&mut self, end: impl FnMut(NonNull<u8>)) {
        self.pool.end_blocks(end);
    }

    /// Leaves the pool's memory where it is, for good, and keeps threads from using it.
    pub(super) fn abandon(self) {
        let Self { fallback, pool, number } = self;
        drop(fallback);
        pool.abandon();
        drop(number);
    }

    /// Counts all blocks that are not in users' hands, as [`Pool::census`]. Those in threads'
    /// caches are counted too.
    pub fn census(&mut self) -> Census {
        self.pool.census()
    }

    /// Runs `f` on the calling thread's handle, attached now where it was not, or on the shared
    /// one.
    pub(super) fn with_local<R>(&self, f: impl FnOnce(&Local<'_, S, C>) -> R) -> R {
        // SAFETY: our own number, while we are borrowed.
        match unsafe { locals::recent::<S, C>(self.number.get()) } {
            Some(at) => f(at.local),
            None => self.attach_and(f),
        }
    }

    // Out of line, with everything in registers: else a hit sets up a stack frame for them.

    #[cold]
    #[inline(never)]
    fn allocate_far(&self) -> Result<Block, AllocError> {
        self.attach_and(|local| local.allocate())
    }

    /// # Safety
    ///
    /// As [`deallocate`](Self::deallocate).
    #[cold]
    #[inline(never)]
    unsafe fn deallocate_far(&self, block: Block) {
        // SAFETY: by the caller.
        self.attach_and(|local| unsafe { local.deallocate(block) });
    }

    /// As [`with_local`](Self::with_local), where the thread has not used the pool of late.
    fn attach_and<R>(&self, f: impl FnOnce(&Local<'_, S, C>) -> R) -> R {
        // SAFETY: our own number and core.
        match unsafe { locals::find_or_attach(self.number.get(), self.pool.core()) } {
            Some(local) => f(local),
            None => f(&lock(&self.fallback).0),
        }
    }

    /// A handle that is not bound to a thread. For models, which have no threads of std.
    ///
    /// # Errors
    ///
    /// As [`Pool::local`].
    ///
    /// # Safety
    ///
    /// It is only used, other than dropped, while the pool is there.
    #[doc(hidden)]
    pub unsafe fn detached_local(&self) -> Result<DetachedLocal<S, C>, AllocError> {
        let core = self.pool.core();
        // SAFETY: by the caller.
        unsafe { DetachedLocal::attach(core, core.shard_id()) }
    }
}

// Not `DerefMut`: a pool that is swapped for another one would keep its number.
impl<S: Strategy, C: Checking> Deref for ThreadLocalPool<S, C> {
    type Target = Pool<S, C>;

    fn deref(&self) -> &Pool<S, C> {
        &self.pool
    }
}
