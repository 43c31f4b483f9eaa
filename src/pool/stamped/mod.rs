//! Typed blocks with names. The pool recognises a stale name.
//!
//! # Invariants
//!
//! - SN1. A block always holds a [`Cell`]: memory is type-stable until the pool is dropped.
//! - SN2. The first owner of a block constructs its value once, and the drop of the pool drops it.
//!   In between threads only share the value: there is no `&mut T`, so no `&T` can dangle or alias
//!   one.
//! - SN3. The pool finds the block of a name by the block table alone, which checks the number
//!   first. So no name, wherever it comes from, leads outside the pool.
//!
//! # Source
//!
//! Michael & Scott 1996: counted pointers. Here the count belongs to the block instead of the word,
//! so that one stamp serves all words that hold a name of the block.

mod atomic;
mod cell;
mod local;
mod name;

pub use atomic::{AtomicPackedStamped, AtomicStamped};
pub use local::StampedLocal;
pub use name::{PackedStamped, Stale, Stamped};

use core::alloc::Layout;
use core::marker::PhantomData;
use core::mem::needs_drop;

use self::cell::Cell;
use super::{Pool, PoolBuilder, Stats};
use crate::block::Block;
use crate::chunk::{BlockTable, StampWidth, StampWord};
use crate::error::BuildError;
use crate::free_list::{Strategy, TaggedWide};
use crate::sync::Serial;

/// A pool of values with names that may become stale: the basis for lock-free structures that
/// withstand ABA.
///
/// A [`Stamped`] names a block, and [`AtomicStamped`] words hold such names. The stamp of a block
/// is a generation counter, odd while the block is allocated. It changes whenever the block is
/// allocated or freed, so the pool recognises a stale name in constant time and with certainty: in
/// [`free`](StampedLocal::free), in [`get`](Self::get), and in a compare-exchange.
///
/// # Values
///
/// `init` makes a block's value when the block is handed out for the first time, and the drop of
/// the pool drops it. What a user writes into the value stays there for the block's next user.
/// Users only have shared references, so `T` consists of atomics, or of cells with a protocol of
/// their own.
///
/// [`get`](Self::get) returns a `&T` for as long as the pool is borrowed. The reference never
/// dangles: if the block is freed and reused meanwhile, it refers to the value of the block's next
/// user. [`is_current`](Self::is_current) tells whether that has happened.
///
/// # Threads
///
/// Each thread allocates and frees through a handle of its own, [`local`](Self::local). Reading
/// values needs no handle.
///
/// # Memory
///
/// As [`Pool`]: the memory returns to the source when the pool is dropped. A block begins with a
/// header of 12 bytes, and the `T` follows at its own alignment: for a `T` of alignment 8 or 16
/// that makes 16 bytes more than the `T`, and its alignment from 32 on. A block's number takes a
/// pointer in the pool's directory. There are at most 2^31 - 8 blocks.
///
/// # Progress
///
/// Reads are wait-free. Allocations and frees are wait-free except for the handle's exchanges and
/// growth, for which see [`Pool`].
///
/// # Wrap time
///
/// 2^63 - 1 generations of one block: 29,000 years at ten million per second.
///
/// # Panics on drop
///
/// If the drop of a value panics, the pool still drops the other values and returns the memory. A
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
///         // The main thread may have freed the block and allocated it again.
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
    /// Builds a pool of values that `init` makes, with the builder's default settings.
    ///
    /// # Errors
    ///
    /// As [`build_stamped`](PoolBuilder::build_stamped).
    pub fn new(init: impl Fn() -> T + Send + Sync + 'static) -> Result<Self, BuildError> {
        Self::builder().build_stamped(init)
    }

    /// Starts building a pool; [`build_stamped`](PoolBuilder::build_stamped) builds it.
    pub fn builder() -> PoolBuilder {
        Pool::builder(Layout::new::<Cell<T>>())
    }
}

impl<S: Strategy> PoolBuilder<S> {
    /// Builds a [`StampedPool`] of values that `init` makes. The call replaces the builder's layout
    /// by that of a block for `T`.
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
        let pool = blocks.numbered(Cell::<T>::write_header).build()?;
        let serial = Serial::next().ok_or(BuildError::PoolsExhausted)?;
        let (init, width) = (Box::new(init), StampWidth::FULL);
        Ok(StampedPool { init, serial, width, _values: PhantomData, pool })
    }
}

impl<T: Send + Sync, S: Strategy> StampedPool<T, S> {
    /// Returns the value of the block that `name` names, or `None` if the name is stale. If the
    /// block was freed, the caller has acquired what the freeing thread did before the free.
    ///
    /// The block may be freed at any time. The reference then refers to the value of the block's
    /// next user.
    ///
    /// # Complexity
    ///
    /// Four loads and a fence. The fence is no instruction on x86.
    #[inline]
    pub fn get(&self, name: Stamped<T>) -> Option<&T> {
        let (_, cell) = self.find(name)?;
        // SAFETY: the stamp of a name is odd, and its publication published the constructed value.
        cell.stamp.is(name.stamp).then(|| unsafe { cell.value() })
    }

    /// Whether `name` is current: its generation still lasts, and has lasted since the caller's
    /// [`get`](Self::get).
    ///
    /// What the caller has read between `get` and this call, by any ordering, then belongs to that
    /// generation. This holds for writes by threads that got the value from `get`, or to fill it in
    /// [`allocate_with`](StampedLocal::allocate_with).
    #[inline]
    pub fn is_current(&self, name: Stamped<T>) -> bool {
        self.find(name).is_some_and(|(_, cell)| cell.stamp.still_is(name.stamp))
    }

    /// Calls `read` with the value, and returns its result if the generation of `name` lasted until
    /// `read` had returned. Otherwise `read` may have seen the value of a later generation, and its
    /// result is dropped.
    pub fn read<R>(&self, name: Stamped<T>, read: impl FnOnce(&T) -> R) -> Option<R> {
        let result = read(self.get(name)?);
        self.is_current(name).then_some(result)
    }

    /// Returns the name that was packed, if it is current by its 32 bits of stamp. Returns `None`
    /// for a null.
    ///
    /// The name must have been packed from a name of this pool, because the packed form does not
    /// contain the pool's number. A name of another pool is taken for a name of this pool's block
    /// with the same number.
    pub fn unpack(&self, packed: PackedStamped<T>) -> Option<Stamped<T>> {
        let number = packed.number_plus_1.checked_sub(1)?;
        let name = |stamp| Stamped::new(number, self.serial.get(), stamp);
        let (_, cell) = self.find(name(0))?;
        let name = name(cell.stamp.now());
        (name.stamp % 2 == 1 && name.pack() == packed).then_some(name)
    }

    /// Counts of the pool, as [`Pool::stats`].
    pub fn stats(&self) -> Stats {
        self.pool.stats()
    }

    /// Lets stamps repeat after 2^bits generations of a block. For experiments, and the checks'
    /// twins.
    ///
    /// # Safety
    ///
    /// Either no name is used after its stamp has been used again; or the caller looks for what
    /// happens then, in a pool whose memory outlives all uses.
    #[doc(hidden)]
    pub unsafe fn narrow_stamps(mut self, bits: u32) -> Self {
        self.width = StampWidth::new(bits);
        self
    }

    /// The block that has the name's number, if the name is of this pool. The caller checks the
    /// stamp.
    #[inline]
    fn find(&self, name: Stamped<T>) -> Option<(Block, &Cell<T>)> {
        if name.pool != self.serial.get() {
            return None;
        }
        let block = self.block_table().find(name.number)?;
        // SAFETY: the block table's `find` has acquired the header, and the pool is borrowed.
        Some((Block(block), unsafe { Cell::of(block) }))
    }

    fn block_table(&self) -> &BlockTable {
        self.pool.shared().block_table.as_ref().expect("a numbered pool")
    }
}

impl<T, S: Strategy> StampedPool<T, S> {
    pub(super) const fn pool(&self) -> &Pool<S> {
        &self.pool
    }
}

impl<T, S: Strategy> Drop for StampedPool<T, S> {
    /// Drops all constructed values, of live blocks as well.
    fn drop(&mut self) {
        if !needs_drop::<T>() && !needs_drop::<StampWord>() {
            return;
        }
        self.pool.end_blocks(|block| {
            // SAFETY: no handle and no reference borrows the pool, and each block is passed once.
            unsafe { Cell::<T>::end(block) };
        });
    }
}
