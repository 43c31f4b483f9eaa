//! A pool without handles to carry: each thread's handle lies in its thread-local storage.

mod detached;
mod fixed;
mod locals;
#[cfg(feature = "family")]
mod set;

pub use detached::DetachedLocal;
pub use fixed::StaticPool;
#[cfg(feature = "family")]
pub(crate) use set::PoolSet;

use core::ops::Deref;

use core::ptr::NonNull;

use super::{Census, Local, Pool, Stats};
use crate::block::Block;
use crate::checking::{Checking, Unchecked};
use crate::error::AllocError;
use crate::free_list::{Strategy, TaggedWide};
use crate::mediator::ShardId;
use crate::sync::{Mutex, MutexGuard, lock};
use crate::thread_cache::SlotStats;
use locals::OwnNumber;

/// A [`Pool`] without handles to carry: each thread has a handle in its thread-local storage, which
/// its first call makes and which is dropped when the thread ends.
///
/// [`PoolBuilder::build_thread_local`](super::PoolBuilder::build_thread_local) builds it. Code that
/// wants to be faster still can make an explicit handle, by [`local`](Self::local).
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
/// uses two of them alternately may have to look its handle up in a table, which takes a few
/// nanoseconds. A thread's first call of a pool also looks through the handles that the thread
/// already has, for those of dropped pools, if any pool was dropped since it last did so.
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

/// The fallback cache, for the threads that cannot have a cache of their own.
pub(super) struct Fallback<S: Strategy, C: Checking>(DetachedLocal<S, C>);

// SAFETY: a lock admits one thread at a time. A slot, a participant and, by its contract, the state
// of a `Checking` require no more.
unsafe impl<S: Strategy, C: Checking> Send for Fallback<S, C> {}

/// The handle that the calling thread uses. It is a value and not the argument of a closure, because
/// a panic about a misused block names the line of the pool's caller, which a closure would hide.
pub(super) enum Attached<'p, S: Strategy, C: Checking> {
    /// Its own.
    Own(&'p Local<'p, S, C>),
    /// The fallback cache, whose lock it holds.
    Fallback(MutexGuard<'p, Fallback<S, C>>),
}

impl<'p, S: Strategy, C: Checking> Deref for Attached<'p, S, C> {
    type Target = Local<'p, S, C>;

    fn deref(&self) -> &Self::Target {
        match self {
            Self::Own(local) => local,
            Self::Fallback(fallback) => &fallback.0,
        }
    }
}

impl<S: Strategy, C: Checking> ThreadLocalPool<S, C> {
    /// Makes the fallback cache now, so that a free never lacks it.
    pub(super) fn new(pool: Pool<S, C>) -> Result<Self, AllocError> {
        // SAFETY: the fallback is used only through the pool, and is dropped before it.
        let fallback =
            Fallback(unsafe { DetachedLocal::attach(pool.shared(), ShardId::default()) }?);
        let number = OwnNumber::new(pool.shared().id);
        Ok(Self { fallback: Mutex::new(fallback), pool, number })
    }

    /// Takes a block, as [`Local::allocate`] does.
    ///
    /// # Errors
    ///
    /// As there.
    ///
    /// # Panics
    ///
    /// As there, and if the [`Topology`](crate::Topology) panics when the thread attaches.
    #[inline]
    #[track_caller]
    pub fn allocate(&self) -> Result<Block, AllocError> {
        // SAFETY: our own number, while we are borrowed.
        match unsafe { locals::recent::<S, C>(self.number.get()) } {
            // SAFETY: the slot is the handle's.
            Some(at) => unsafe { at.local.allocate_at(at.slot) },
            None => self.allocate_far(),
        }
    }

    /// Frees a block, as [`Local::deallocate`] does. Never fails.
    ///
    /// # Panics
    ///
    /// As there, and if the [`Topology`](crate::Topology) panics when the thread attaches. The
    /// block is then still the caller's.
    ///
    /// # Safety
    ///
    /// As there.
    #[inline]
    #[track_caller]
    pub unsafe fn deallocate(&self, block: Block) {
        // SAFETY: our own number, while we are borrowed.
        match unsafe { locals::recent::<S, C>(self.number.get()) } {
            // SAFETY: by the caller, and the slot is the handle's.
            Some(at) => unsafe { at.local.deallocate_at(at.slot, block) },
            // SAFETY: by the caller.
            None => unsafe { self.deallocate_far(block) },
        }
    }

    /// Makes a handle beside those of the threads, as [`Pool::local`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn local(&self) -> Result<Local<'_, S, C>, AllocError> {
        self.pool.local()
    }

    /// As [`Pool::prefill`], for `handles` threads. The fallback cache is not one of them.
    ///
    /// # Errors
    ///
    /// As there.
    pub fn prefill(&self, blocks: usize, handles: usize) -> Result<(), AllocError> {
        self.pool.prefill(blocks, handles.saturating_add(1))
    }

    /// As [`Pool::seal`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn seal(&self) -> Result<(), AllocError> {
        self.pool.seal()
    }

    /// Hands in the caches of the calling thread and of threads without one, and then gives memory
    /// back to the source, as [`Pool::shrink`]. The caches of other threads keep their blocks.
    ///
    /// # Errors
    ///
    /// As there. The blocks are handed in nevertheless.
    ///
    /// # Panics
    ///
    /// As [`Local::shrink`].
    #[track_caller]
    pub fn shrink(&self) -> Result<usize, AllocError> {
        self.shrink_and_end(|_| {})
    }

    /// As [`shrink`](Self::shrink), with a hook for each block that is about to go back
    /// (`Shared::shrink_for`). The hook may use the pool.
    #[track_caller]
    pub(super) fn shrink_and_end(
        &self,
        mut end: impl FnMut(NonNull<u8>),
    ) -> Result<usize, AllocError> {
        if let Attached::Own(local) = self.here() {
            local.hand_in();
        }
        lock(&self.fallback).0.hand_in();
        self.pool.shared().shrink(&mut end)
    }

    /// As [`Pool::stats`].
    pub fn stats(&self) -> Stats {
        self.pool.stats()
    }

    /// As [`Pool::slots`]. The fallback cache has one of them.
    pub fn slots(&self) -> Vec<SlotStats> {
        self.pool.slots()
    }

    /// As [`Pool::without_growth`], and keeps other threads out of the fallback cache as well.
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

    pub(crate) const fn pool(&self) -> &Pool<S, C> {
        &self.pool
    }

    pub(super) const fn pool_mut(&mut self) -> &mut Pool<S, C> {
        &mut self.pool
    }

    /// Leaks the pool's memory, and keeps threads from using it.
    pub(super) fn abandon(self) {
        let Self { fallback, pool, number } = self;
        drop(fallback);
        pool.abandon();
        drop(number);
    }

    /// Counts all free blocks, those in the caches of threads included, as [`Pool::census`].
    pub fn census(&mut self) -> Census {
        self.pool.census()
    }

    /// The calling thread's handle, which is attached now if the thread had none, or the fallback
    /// cache if the thread cannot have a handle.
    pub(super) fn here(&self) -> Attached<'_, S, C> {
        // SAFETY: our own number, while we are borrowed.
        match unsafe { locals::recent::<S, C>(self.number.get()) } {
            Some(at) => Attached::Own(at.local),
            None => self.attached(),
        }
    }

    // The two slow paths that follow. Codegen: C7 (papers/codegen.md).

    #[cold]
    #[inline(never)]
    #[track_caller]
    fn allocate_far(&self) -> Result<Block, AllocError> {
        self.attached().allocate()
    }

    /// # Safety
    ///
    /// As [`deallocate`](Self::deallocate).
    // No closure, because the caller's place does not lead through one.
    #[cold]
    #[inline(never)]
    #[track_caller]
    unsafe fn deallocate_far(&self, block: Block) {
        // SAFETY: by the caller.
        unsafe { self.attached().deallocate(block) };
    }

    /// As [`here`](Self::here), for a thread whose handle is not in `RECENT`.
    fn attached(&self) -> Attached<'_, S, C> {
        // SAFETY: our own number and shared part.
        match unsafe { locals::find_or_attach(self.number.get(), self.pool.shared()) } {
            Some(local) => Attached::Own(local),
            None => Attached::Fallback(lock(&self.fallback)),
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
    /// The caller uses the handle only while the pool exists. It may drop it at any time.
    #[cfg(feature = "_probe")]
    #[doc(hidden)]
    pub unsafe fn detached_local(&self) -> Result<DetachedLocal<S, C>, AllocError> {
        let shared = self.pool.shared();
        // SAFETY: by the caller.
        unsafe { DetachedLocal::attach(shared, shared.current_shard()) }
    }
}
