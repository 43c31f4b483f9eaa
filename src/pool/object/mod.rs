//! A pool of objects: blocks whose values the pool knows how to make, to reset and to drop.
//!
//! # Invariants
//!
//! - O1. A block that is taken has one owner: a [`Reserved`], a handle, or the caller that detached
//!   one.
//! - O2. The owner of an object is the owner of its block, which holds a value. A `Reserved` may be
//!   without one.
//! - O3. Whatever panics (constructor, hook, destructor), the block goes back, and says truly
//!   whether it holds a value: so no value is dropped twice, and no block is lost.

pub(super) mod blocks;
mod builder;
mod handle;
mod kept;
mod reserved;
mod shared;

pub use builder::{LivePolicy, ObjectPoolBuilder};
pub use handle::{OwnedPooled, Pooled};
pub use shared::{Counted, SharedPooled};

use core::marker::PhantomData;
use core::mem::ManuallyDrop;
use core::ptr::NonNull;

use self::blocks::Blocks;
use self::kept::Kept;
use self::reserved::Reserved;
use super::{Census, Stats};
use crate::error::{AllocError, Full};
use crate::free_list::{Strategy, TaggedWide};
use crate::sync::{Arc, panicking};

/// Makes a value.
type Make<T> = Box<dyn Fn() -> T + Send + Sync>;
/// Brings a value back to what it was when it was made.
type Reset<T> = Box<dyn Fn(&mut T) + Send + Sync>;

/// A pool of objects, which any thread may give back by dropping their handles.
///
/// # Two modes
///
/// - Construct per get, without further ado: [`create`](Self::create) writes a value into a block,
///   the handle's end drops it. Nobody sees what the last user of a block has left.
/// - Keep constructed, [`ObjectPoolBuilder::keep`]: [`get`](Self::get) finds an object that was
///   made once, and the handle's end resets it in place of dropping it. For what is dear to make:
///   buffers that have grown, connections.
///
/// # Cached or exact
///
/// Each thread caches up to two batches of free objects. So a pool with a limit
/// ([`capacity`](ObjectPoolBuilder::capacity), or a source that is used up, or
/// [`sealed`](ObjectPoolBuilder::sealed)) may refuse one thread while free objects lie in caches of
/// others, up to 2B in each, with B the batch, the largest where batches grow; a thread that ends
/// hands its own in. Built as
/// [`exact`](ObjectPoolBuilder::exact) it has no caches, and refuses only where all objects are taken;
/// each call is then two exchanges with the shared lists.
///
/// # Panics of yours
///
/// Constructors, reset hooks and destructors may panic, and may call the pool. The pool stays
/// usable, no block is lost, and no value is dropped twice. A kept value whose hook panics is
/// dropped, and its block gets a new one when it is next wanted. As everywhere, a destructor that
/// panics while its thread unwinds aborts the program; a reset hook runs where a destructor would,
/// so this holds for it too, and for a destructor after a hook that has panicked.
///
/// # Ends
///
/// Handles borrow the pool, or hold it. Objects can still be live when it is dropped if they were
/// [detached](Pooled::detach), or their handles forgotten: [`LivePolicy`] says what then. The values
/// that a pool keeps are dropped with it, on the thread that drops it.
///
/// # Shape
///
/// A block is as large as a `T`, at least a byte; in a pool that keeps, and a byte behind it. Any
/// alignment that the source can give.
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
pub struct ObjectPool<T, S: Strategy = TaggedWide> {
    /// Dropped by `drop`, or left alone.
    blocks: ManuallyDrop<Blocks<S>>,
    make: Option<Make<T>>,
    /// Of a pool that keeps its values.
    reset: Option<Reset<T>>,
    when_dropped: LivePolicy,
    _values: PhantomData<T>,
}

// SAFETY: a value that is kept by one thread may be had by another one, one at a time: hence
// `Send`, and no `Sync`. All else is made to be shared.
unsafe impl<T: Send, S: Strategy> Sync for ObjectPool<T, S> {}

impl<T> ObjectPool<T> {
    /// Starts building a pool of `T`s.
    pub fn builder() -> ObjectPoolBuilder<T> {
        ObjectPoolBuilder::new()
    }
}

impl<T, S: Strategy> ObjectPool<T, S> {
    /// Takes an object: one that was kept, or else one that the builder's constructor makes.
    ///
    /// # Errors
    ///
    /// [`AllocError`], where no block was free for this thread and none could be carved. A cached pool
    /// may say so while objects lie in the caches of other threads; an exact one only if all are
    /// taken.
    ///
    /// # Panics
    ///
    /// Where the builder was given no constructor (by [`keep`](ObjectPoolBuilder::keep) or
    /// [`make`](ObjectPoolBuilder::make)). What the constructor panics with is passed on.
    #[inline]
    pub fn get(&self) -> Result<Pooled<'_, T, S>, AllocError> {
        let make = self.constructor();
        Ok(Reserved::new(self)?.ready(make))
    }

    /// As [`get`](Self::get), with a handle that holds the pool.
    ///
    /// # Errors
    ///
    /// As there.
    ///
    /// # Panics
    ///
    /// As there.
    pub fn get_owned(self: &Arc<Self>) -> Result<OwnedPooled<T, S>, AllocError> {
        self.get().map(|object| self.owned(object))
    }

    /// Takes `count` objects, or none.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get), where one of them could not be had, or there is no memory for the
    /// list of them. No constructor has run then.
    ///
    /// # Panics
    ///
    /// As there. The objects that were had go back.
    pub fn get_many(&self, count: usize) -> Result<Vec<Pooled<'_, T, S>>, AllocError> {
        let make = self.constructor();
        let taken = Reserved::many(self, count)?.into_iter();
        Ok(taken.map(|taken| taken.ready(make)).collect())
    }

    /// Puts a value into the pool. In a pool that keeps, it takes the place of the value that was
    /// kept there, which is dropped.
    ///
    /// # Errors
    ///
    /// The value, and why it found no place: as [`get`](Self::get).
    ///
    /// ```
    /// use stampool::{AllocError, ObjectPool};
    ///
    /// let pool = ObjectPool::builder().capacity(1).exact().build()?;
    /// let name = pool.create(String::from("one")).expect("room for one");
    /// let refused = pool.create(String::from("two")).unwrap_err();
    /// assert_eq!((&*refused.value, refused.error), ("two", AllocError::Capacity));
    /// drop(name);
    /// assert!(pool.create(refused.value).is_ok());
    /// # Ok::<(), stampool::BuildError>(())
    /// ```
    #[inline]
    pub fn create(&self, value: T) -> Result<Pooled<'_, T, S>, Full<T>> {
        match Reserved::new(self) {
            Ok(taken) => Ok(taken.replace(|| value)),
            Err(error) => Err(Full { value, error }),
        }
    }

    /// As [`create`](Self::create), with a handle that holds the pool.
    ///
    /// # Errors
    ///
    /// As there.
    pub fn create_owned(self: &Arc<Self>, value: T) -> Result<OwnedPooled<T, S>, Full<T>> {
        self.create(value).map(|object| self.owned(object))
    }

    /// As [`create`](Self::create), with a value that is made when there is a place for it.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get); `make` has not been called then.
    #[inline]
    pub fn create_with(&self, make: impl FnOnce() -> T) -> Result<Pooled<'_, T, S>, AllocError> {
        Ok(Reserved::new(self)?.replace(make))
    }

    /// Puts `count` values into the pool, or none. `make` gets their numbers, from 0 on.
    ///
    /// # Errors
    ///
    /// As [`get_many`](Self::get_many); `make` has not been called then.
    pub fn create_many(
        &self,
        count: usize,
        mut make: impl FnMut(usize) -> T,
    ) -> Result<Vec<Pooled<'_, T, S>>, AllocError> {
        let taken = Reserved::many(self, count)?.into_iter().enumerate();
        Ok(taken.map(|(nth, taken)| taken.replace(|| make(nth))).collect())
    }

    /// Takes a detached object back under a handle.
    ///
    /// # Safety
    ///
    /// `object` came from [`Pooled::detach`] or [`OwnedPooled::detach`], as it is and not by way of
    /// a reference, from this pool. It has not been attached since, and nobody else uses it. On
    /// another thread than that of the detaching: `T` is `Send`.
    pub unsafe fn attach(&self, object: NonNull<T>) -> Pooled<'_, T, S> {
        // SAFETY: by the caller.
        unsafe { Pooled::new(self, object) }
    }

    /// As [`attach`](Self::attach), with a handle that holds the pool.
    ///
    /// # Safety
    ///
    /// As there.
    pub unsafe fn attach_owned(self: &Arc<Self>, object: NonNull<T>) -> OwnedPooled<T, S> {
        // SAFETY: by the caller.
        unsafe { OwnedPooled::new(Arc::clone(self), object) }
    }

    /// Keeps the pool from ever asking its source again, as [`Pool::seal`](super::Pool::seal).
    /// Values are still made in blocks that have had none yet.
    ///
    /// # Errors
    ///
    /// As there.
    pub fn seal(&self) -> Result<(), AllocError> {
        self.blocks.seal()
    }

    /// What the pool knows about its blocks.
    pub fn stats(&self) -> Stats {
        self.blocks.stats()
    }

    /// Counts all blocks that are not in users' hands. The others are live: detached, or forgotten.
    pub fn census(&mut self) -> Census {
        self.blocks.census()
    }

    pub(super) fn blocks(&self) -> &Blocks<S> {
        &self.blocks
    }

    fn constructor(&self) -> &Make<T> {
        self.make.as_ref().expect("`get` asks a pool for objects whose builder had no constructor")
    }

    fn owned(self: &Arc<Self>, object: Pooled<'_, T, S>) -> OwnedPooled<T, S> {
        // SAFETY: of this pool, and just let go of.
        unsafe { OwnedPooled::new(Arc::clone(self), Pooled::detach(object)) }
    }
}

/// The end of a pool's blocks, when this is dropped.
struct BlocksEnd<S: Strategy> {
    blocks: Option<Blocks<S>>,
    /// Their memory stays for good, since users have objects in it.
    is_abandoned: bool,
}

impl<S: Strategy> Drop for BlocksEnd<S> {
    fn drop(&mut self) {
        if let Some(blocks) = self.blocks.take()
            && self.is_abandoned
        {
            blocks.abandon();
        }
    }
}

impl<T, S: Strategy> Drop for ObjectPool<T, S> {
    fn drop(&mut self) {
        let live = match self.when_dropped {
            LivePolicy::Free => 0,
            LivePolicy::KeepMemory | LivePolicy::Panic => self.blocks.live(),
        };
        // SAFETY: not used again.
        let blocks = unsafe { ManuallyDrop::take(&mut self.blocks) };
        // Ends the blocks behind the values, also where the destructor of a value panics.
        let mut end = BlocksEnd { blocks: Some(blocks), is_abandoned: live > 0 };
        if let (Some(blocks), Some(_)) = (&mut end.blocks, &self.reset) {
            // SAFETY: `&mut`, in the pool's end; each block once.
            blocks.end_blocks(|block| unsafe { Kept::<T>::end(block) });
        }
        drop(end);
        if live > 0 && self.when_dropped == LivePolicy::Panic && !panicking() {
            panic!("an ObjectPool was dropped while {live} of its objects were live");
        }
    }
}
