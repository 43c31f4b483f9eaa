//! Typed blocks under names that are recognised when they are stale.
//!
//! # Invariants
//!
//! I1. A block holds a [`Cell`], and never anything else: memory is type-stable until the pool is
//!     dropped.
//! I2. Its value is constructed once, by the first owner, and dropped with the pool. In between it
//!     is only shared: there is no `&mut T`, so no `&T` can dangle or alias one.
//! I3. A name leads to a block by the pool's block table alone, which looks at its number before
//!     they follow it. So no name, wherever it comes from, leads outside the pool.
//!
//! # Source
//!
//! Michael & Scott 1996: counted pointers. Here the count is the block's, not the word's: one
//! stamp serves all words that a name may lie in.

mod atomic;
mod cell;
mod local;
mod name;
mod stale;

pub use atomic::{AtomicPackedStamped, AtomicStamped};
pub use local::StampedLocal;
pub use name::{PackedStamped, Stamped};
pub use stale::Stale;

use ::core::alloc::Layout;
use ::core::marker::PhantomData;
use ::core::mem::needs_drop;

use self::cell::Cell;
use super::{Pool, PoolBuilder, Stats};
use crate::block::Block;
use crate::chunk::{BlockTable, FreeReads, StampWidth, StampWord};
use crate::error::BuildError;
use crate::free_list::{Strategy, TaggedWide};
use crate::sync::Serial;

/// A pool of values that may be looked at by a name which is stale: the ground for lock-free
/// structures that withstand ABA.
///
/// A block is named by a [`Stamped`], which lies in [`AtomicStamped`] words. Each time that it is
/// freed its stamp moves on, so a stale name is recognised, in constant time and with certainty:
/// when it is freed, when it is looked at, and when a compare-exchange expects it.
///
/// # Values
///
/// `init` makes a block's value when the block is handed out for the first time. It is dropped with
/// the pool, and not before: what a user puts into it by a shared reference stays there for the
/// block's next user. So `T` is made of atomics, or of cells whose users know that they are alone.
///
/// [`get`](Self::get) gives a `&T` for as long as the pool is borrowed. It never dangles: the block
/// may be freed and reused meanwhile, and is then another user's `T`, but it stays a `T`.
/// [`is_current`](Self::is_current) tells afterwards.
///
/// # Threads
///
/// Take part through a handle each, [`local`](Self::local), to allocate and free. Looking at blocks
/// takes no handle.
///
/// # Memory
///
/// As [`Pool`]: what was carved goes back to the source when the pool is dropped. A block is 16
/// bytes and a `T`, its number 8 more in the pool's directory. At most 2^31 - 8 blocks.
///
/// # Progress
///
/// Looks and frees are wait-free but for the handle's exchanges, which are as [`Pool`] says.
///
/// # Wrap time
///
/// 2^63 turns of one block: 29,000 years at ten million per second.
///
/// # Panics on drop
///
/// If the drop of a value panics, the others are dropped all the same, and the memory goes back. A
/// second panic aborts the process.
///
/// # Example
///
/// ```
/// use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
/// use stampool::StampedPool;
///
/// let pool = StampedPool::new(|| AtomicU64::new(0))?;
/// let local = pool.local().expect("memory");
/// let name = local.allocate_with(|value, _| value.store(1, Relaxed)).expect("memory");
/// std::thread::scope(|threads| {
///     threads.spawn(|| {
///         // The other thread may have freed the block, and somebody else may have it.
///         if let Some(value) = pool.get(name) {
///             let seen = value.load(Relaxed);
///             if pool.is_current(name) {
///                 assert_eq!(seen, 1);
///             }
///         }
///     });
///     local.free(name).expect("freed once");
///     local.allocate_with(|value, _| value.store(2, Relaxed)).expect("memory");
/// });
/// # Ok::<(), stampool::BuildError>(())
/// ```
pub struct StampedPool<T, S: Strategy = TaggedWide> {
    init: Box<dyn Fn() -> T + Send + Sync>,
    serial: Serial,
    width: StampWidth,
    /// The values, in the pool's memory.
    _values: PhantomData<T>,
    pool: Pool<S>,
}

impl<T: Send + Sync> StampedPool<T> {
    /// A pool of values that `init` makes, with the settings that a builder begins with.
    ///
    /// # Errors
    ///
    /// As [`build_stamped`](PoolBuilder::build_stamped).
    pub fn new(init: impl Fn() -> T + Send + Sync + 'static) -> Result<Self, BuildError> {
        Self::builder().build_stamped(init)
    }

    /// Starts building a pool; [`build_stamped`](PoolBuilder::build_stamped) ends it.
    pub fn builder() -> PoolBuilder {
        Pool::builder(Layout::new::<Cell<T>>())
    }
}

impl<S: Strategy> PoolBuilder<S> {
    /// Builds a [`StampedPool`] of values that `init` makes. Blocks are laid out for `T`, whatever
    /// layout the builder began with.
    ///
    /// # Errors
    ///
    /// As [`build`](Self::build), and [`BuildError::PoolsExhausted`].
    ///
    /// # Example
    ///
    /// ```
    /// use std::sync::atomic::AtomicU64;
    /// use stampool::{StampedPool, TaggedPacked};
    ///
    /// let builder = StampedPool::<AtomicU64>::builder().strategy::<TaggedPacked>().batch(8);
    /// let pool = builder.build_stamped(|| AtomicU64::new(0))?;
    /// assert_eq!(pool.stats().strategy, "TaggedPacked");
    /// # Ok::<(), stampool::BuildError>(())
    /// ```
    pub fn build_stamped<T: Send + Sync>(
        self,
        init: impl Fn() -> T + Send + Sync + 'static,
    ) -> Result<StampedPool<T, S>, BuildError> {
        let blocks = self.layout(Layout::new::<Cell<T>>());
        let pool = blocks.numbered(Cell::<T>::write_header, FreeReads::Allowed).build()?;
        let serial = Serial::next().ok_or(BuildError::PoolsExhausted)?;
        let (init, width) = (Box::new(init), StampWidth::FULL);
        Ok(StampedPool { init, serial, width, _values: PhantomData, pool })
    }
}

impl<T: Send + Sync, S: Strategy> StampedPool<T, S> {
    /// The value of the block that `name` names, or `None` if the name is stale. The caller has
    /// then acquired what the thread did that freed it, so what it reads next is not older.
    ///
    /// The block may be freed at any time, and the reference is then to the value of its next user.
    ///
    /// # Complexity
    ///
    /// Four loads.
    #[inline]
    pub fn get(&self, name: Stamped<T>) -> Option<&T> {
        let (_, cell) = self.find(name)?;
        // SAFETY: the stamp is of a turn, and published what was constructed before it.
        cell.stamp.is(name.stamp).then(|| unsafe { cell.value() })
    }

    /// Whether `name` is current: the block is live under it, and was so all the time since
    /// [`get`](Self::get) gave out its value.
    ///
    /// What the caller read between the two, by whatever ordering, then belongs to that turn. That
    /// holds for what others wrote where they were given the value: by `get`, or to set it up.
    #[inline]
    pub fn is_current(&self, name: Stamped<T>) -> bool {
        self.find(name).is_some_and(|(_, cell)| cell.stamp.still_is(name.stamp))
    }

    /// What `read` says of the value, if it was looking at the turn of `name` from beginning to
    /// end. It may see the value of a later turn, and what it says of that is thrown away.
    pub fn read<R>(&self, name: Stamped<T>, read: impl FnOnce(&T) -> R) -> Option<R> {
        let result = read(self.get(name)?);
        self.is_current(name).then_some(result)
    }

    /// The name that was packed, if it is current, as far as its 32 bits of stamp tell. A null has
    /// none.
    ///
    /// It must have been packed from a name of this pool, since it does not say. Any other one is
    /// taken for whatever block has its number.
    pub fn unpack(&self, packed: PackedStamped<T>) -> Option<Stamped<T>> {
        let number = packed.number_plus_1.checked_sub(1)?;
        let name = |stamp| Stamped::new(number, self.serial.get(), stamp);
        let (_, cell) = self.find(name(0))?;
        let name = name(cell.stamp.now());
        (name.stamp % 2 == 1 && name.pack() == packed).then_some(name)
    }

    /// What the pool knows about itself, as [`Pool::stats`].
    pub fn stats(&self) -> Stats {
        self.pool.stats()
    }

    /// Lets stamps repeat after 2^bits turns of a block. For experiments, and the checks' twins.
    ///
    /// # Safety
    ///
    /// No name is used once its stamp has come again; or what is looked for is what happens then,
    /// in a pool whose memory outlives all of it.
    #[doc(hidden)]
    pub unsafe fn narrow_stamps(mut self, bits: u32) -> Self {
        self.width = StampWidth::new(bits);
        self
    }

    /// The block of a name, if this pool has one of its number. Whether the stamp is current is the
    /// caller's to see.
    #[inline]
    fn find(&self, name: Stamped<T>) -> Option<(Block, &Cell<T>)> {
        if name.pool != self.serial.get() {
            return None;
        }
        let block = self.block_table().find(name.number)?;
        // SAFETY: `find` has acquired its header, and the pool is borrowed.
        Some((Block(block), unsafe { Cell::of(block) }))
    }

    fn block_table(&self) -> &BlockTable {
        self.pool.core().block_table.as_ref().expect("a numbered pool")
    }
}

impl<T, S: Strategy> StampedPool<T, S> {
    pub(super) const fn pool(&self) -> &Pool<S> {
        &self.pool
    }
}

impl<T, S: Strategy> Drop for StampedPool<T, S> {
    /// Drops all values that were constructed, in use or not.
    fn drop(&mut self) {
        if !needs_drop::<T>() && !needs_drop::<StampWord>() {
            return;
        }
        self.pool.end_blocks(|block| {
            // SAFETY: no handle and no reference borrows the pool; each block once.
            unsafe { Cell::<T>::end(block) };
        });
    }
}
