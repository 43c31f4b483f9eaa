//! A pool of objects: blocks whose values the pool knows how to make, to reset and to drop.
//!
//! # Invariants
//!
//! - O1. A block that is taken has one owner: a `Reserved`, a handle, or the caller that detached
//!   one.
//! - O2. The owner of an object is the owner of its block, which holds a value. The block of a
//!   `Reserved` may have no value.
//! - O3. If a constructor, a hook or a destructor panics, the block still goes back, and its state
//!   still tells truly whether it holds a value. So no value is dropped twice, and no block is
//!   lost.

pub(super) mod blocks;
mod builder;
mod handle;
mod kept;
mod objects;
mod reserved;
mod settings;
mod shared;
mod take;

pub use builder::ObjectPoolBuilder;
pub use handle::{OwnedPooled, Pooled};
pub use settings::{Constructor, LivePolicy, NoConstructor};
pub use shared::{Counted, SharedPooled};

use self::kept::Kept;
use self::objects::Objects;
use super::{Census, Pool, Stats};
use crate::error::AllocError;
use crate::free_list::{Strategy, TaggedWide};

/// A pool of objects. Any thread may take an object, and any thread may return it by dropping its
/// handle.
///
/// # Two modes
///
/// - Construct per use, [`new`](Self::new) or [`ObjectPoolBuilder::make`]: [`get`](Self::get) makes
///   a value by the pool's constructor, [`create`](Self::create) takes one from its caller, and
///   dropping the handle drops the value. No user sees a value of an earlier user.
/// - Keep constructed, [`ObjectPoolBuilder::keep`]: [`get`](Self::get) finds an object that was
///   made once, and dropping the handle resets the object instead of dropping it. This is for
///   objects that are expensive to make, such as connections, or buffers that have grown.
///
/// A pool that is built without a constructor has the type
/// `ObjectPool<T, TaggedWide, NoConstructor>`, and no `get`.
///
/// # Cached or exact
///
/// By default each thread caches up to two batches of free objects. A pool that cannot grow
/// (because of its source or a [seal](ObjectPoolBuilder::sealed)) may therefore refuse one thread
/// while free objects lie in the caches of other threads: up to two batches in each (two of the
/// largest, where batches grow). A thread that ends hands in its cached objects. A
/// [`capacity`](ObjectPoolBuilder::capacity) counts the objects in use, and is exact whatever the
/// caches hold.
///
/// An [`exact`](ObjectPoolBuilder::exact) pool has no caches and refuses only if all objects are in
/// use. Each call is then an exchange with the shared lists. Its capacity is also the most objects
/// that there are.
///
/// # Progress
///
/// Taking and returning an object is as lock-free as the pool of blocks underneath: see
/// [`ThreadLocalPool`](super::ThreadLocalPool), or [`ExactPool`](super::ExactPool) for an exact
/// pool. Constructors, hooks and destructors run on the calling thread, and the pool holds no lock
/// meanwhile. The drop of a pool counts its live objects, unless its [`LivePolicy`] is `Free`. For
/// that it waits for threads that end at the same time and are handing their caches in.
///
/// # Panics of user code
///
/// Constructors, reset hooks and destructors may panic, and may call the pool. The pool stays
/// usable, no block is lost, and no value is dropped twice: a closure that borrows a pool may be
/// given to `catch_unwind`. If a reset hook panics, the pool drops
/// the value, and makes a new one when the block is next used. As everywhere, a destructor that
/// panics while its thread unwinds aborts the program. The same holds for a reset hook that runs
/// during unwinding, and for a destructor that panics after a hook has panicked.
///
/// # Ends
///
/// Handles borrow the pool or hold an `Arc` of it. When the pool is dropped, the only live objects
/// are [detached](Pooled::detach) ones and those whose handles were forgotten. [`LivePolicy`] says
/// what happens to them. The thread that drops the pool also drops the values that the pool keeps.
/// [`shrink`](Self::shrink) gives memory back earlier.
///
/// # Shape
///
/// A block has the size of a `T`, at least one byte. In a pool that keeps its values, one more byte
/// follows the `T`. `T` may have any alignment that the source can serve.
///
/// # Example
///
/// ```
/// use stampool::ObjectPool;
///
/// let pool = ObjectPool::builder()
///     .keep(|| Vec::with_capacity(1024), |buffer: &mut Vec<u8>| buffer.clear())
///     .build()?;
/// let mut buffer = pool.get().expect("memory");
/// buffer.extend(b"hello");
/// std::thread::scope(|threads| {
///     threads.spawn(move || drop(buffer)); // goes back from there
/// });
/// let again = pool.get().expect("memory");
/// assert!(again.is_empty() && again.capacity() >= 1024);
/// # Ok::<(), stampool::BuildError>(())
/// ```
pub struct ObjectPool<T, S: Strategy = TaggedWide, M = Constructor<T>> {
    objects: Objects<T, S>,
    /// A [`Constructor`] or a [`NoConstructor`].
    make: M,
}

// SAFETY: a value moves between threads through the pool, but only one thread has it at a time. So
// `T: Send` suffices, without `Sync`. Threads may share everything else in the pool.
unsafe impl<T: Send, S: Strategy, M: Sync> Sync for ObjectPool<T, S, M> {}

impl<T, S: Strategy, M> ObjectPool<T, S, M> {
    /// Keeps the pool from ever calling its source again, as [`Pool::seal`](super::Pool::seal). The
    /// pool still makes values in blocks that have no value yet.
    ///
    /// # Errors
    ///
    /// As there.
    pub fn seal(&self) -> Result<(), AllocError> {
        self.objects.blocks.pool().seal()
    }

    /// Gives memory back to the source, as [`ThreadLocalPool::shrink`](super::ThreadLocalPool::shrink),
    /// and returns how many bytes. Values that the pool keeps in this memory are dropped before; kept
    /// values in other chunks stay. Memory that the dropped values own, such as the buffer of a `Vec`,
    /// is freed with them, and does not count among the bytes returned.
    ///
    /// # Errors
    ///
    /// As there. No value was dropped then.
    ///
    /// # Panics
    ///
    /// If the destructor of a value panics. The other values are dropped nevertheless, and the memory
    /// goes back.
    pub fn shrink(&self) -> Result<usize, AllocError> {
        match &self.objects.reset {
            // SAFETY: the pool keeps its values, and passes each block once, before its memory goes
            // back.
            Some(_) => self.objects.blocks.shrink(|block| unsafe { Kept::<T>::end(block) }),
            None => self.objects.blocks.shrink(|_| {}),
        }
    }

    /// Counts of the pool's blocks, as [`Pool::stats`](super::Pool::stats).
    pub fn stats(&self) -> Stats {
        self.objects.blocks.pool().stats()
    }

    /// Counts all free blocks. All other blocks belong to objects that were detached, or whose
    /// handles were forgotten.
    pub fn census(&mut self) -> Census {
        self.objects.blocks.pool_mut().census()
    }

    pub(super) fn pool(&self) -> &Pool<S> {
        self.objects.blocks.pool()
    }
}
