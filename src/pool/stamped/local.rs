//! One thread's handle of a stamped pool.

use core::mem::ManuallyDrop;

use super::cell::Cell;
use super::{Stale, Stamped, StampedPool};
use crate::block::Block;
use crate::error::AllocError;
use crate::free_list::{Strategy, TaggedWide};
use crate::pool::Local;

/// A handle of a [`StampedPool`], for one thread. As a [`Local`], which it has.
pub struct StampedLocal<'p, T, S: Strategy = TaggedWide> {
    local: Local<'p, S>,
    pool: &'p StampedPool<T, S>,
}

impl<T: Send + Sync, S: Strategy> StampedPool<T, S> {
    /// A handle for the calling thread, as [`Pool::local`].
    ///
    /// # Errors
    ///
    /// As [`Pool::local`].
    pub fn local(&self) -> Result<StampedLocal<'_, T, S>, AllocError> {
        Ok(StampedLocal::new(self.pool.local()?, self))
    }
}

/// A turn that has begun: its name may be known, though it is not current. Over when dropped.
struct Turn<'p, T, S: Strategy> {
    cell: &'p Cell<T>,
    stamp: u64,
    pool: &'p StampedPool<T, S>,
}

impl<T, S: Strategy> Drop for Turn<'_, T, S> {
    fn drop(&mut self) {
        self.cell.stamp.abandon(self.stamp, self.pool.width);
    }
}

/// A block that goes back to the pool unless somebody else takes care of it: a panic goes by.
struct Owned<'l, 'p, S: Strategy> {
    block: Block,
    local: &'l Local<'p, S>,
}

impl<S: Strategy> Drop for Owned<'_, '_, S> {
    fn drop(&mut self) {
        // SAFETY: allocated by this handle, and owned.
        unsafe { self.local.deallocate(self.block) };
    }
}

impl<'p, T, S: Strategy> StampedLocal<'p, T, S> {
    pub(in super::super) const fn local(&self) -> &Local<'p, S> {
        &self.local
    }
}

impl<'p, T: Send + Sync, S: Strategy> StampedLocal<'p, T, S> {
    pub(super) fn new(local: Local<'p, S>, pool: &'p StampedPool<T, S>) -> Self {
        Self { local, pool }
    }

    /// The handle's pool.
    pub fn pool(&self) -> &'p StampedPool<T, S> {
        self.pool
    }

    /// Takes a block, and names it. Its value is as its last user left it, or as the pool's `init`
    /// made it.
    ///
    /// # Errors
    ///
    /// As [`Local::allocate`].
    ///
    /// # Panics
    ///
    /// If `init` does. The block is free then.
    pub fn allocate(&self) -> Result<Stamped<T>, AllocError> {
        self.allocate_with(|_, _| ())
    }

    /// Takes a block, lets `fill` set up its value under the name that it will have, and then makes
    /// the name current: a thread that finds the block by it finds it filled. Until then the name
    /// is stale, for `fill` too. Readers who come by an older name may see what `fill` does to the
    /// value; that is what [`is_current`](StampedPool::is_current) tells them.
    ///
    /// # Errors
    ///
    /// As [`Local::allocate`]. `fill` was not called then.
    ///
    /// # Panics
    ///
    /// If `init` or `fill` does. The block is free then, its value as it was left, and the name
    /// stays stale for ever.
    ///
    /// # Example
    ///
    /// ```
    /// use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
    ///
    /// let pool = stampool::StampedPool::new(|| AtomicU64::new(0))?;
    /// let local = pool.local()?;
    /// let name = local.allocate_with(|value, _name| value.store(7, Relaxed))?;
    /// assert_eq!(pool.get(name).map(|value| value.load(Relaxed)), Some(7));
    /// local.free(name)?;
    /// assert!(pool.get(name).is_none());
    /// assert!(local.free(name).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn allocate_with(
        &self,
        fill: impl FnOnce(&'p T, Stamped<T>),
    ) -> Result<Stamped<T>, AllocError> {
        let owned = Owned { block: self.local.allocate()?, local: &self.local };
        // SAFETY: the thread that has a block from the pool has acquired its header; the pool lives
        // for 'p.
        let cell: &'p Cell<T> = unsafe { Cell::of(owned.block.as_non_null()) };
        if cell.stamp.is_fresh() {
            // SAFETY: owned and fresh.
            unsafe { cell.construct((self.pool.init)()) };
        }
        let stamp = cell.stamp.begin();
        let name = Stamped::new(cell.number, self.pool.serial.get(), stamp);
        let turn = Turn { cell, stamp, pool: self.pool };
        // SAFETY: constructed here, or by an owner before this one.
        fill(unsafe { cell.value() }, name);
        let _taken = ManuallyDrop::new(turn);
        let _kept = ManuallyDrop::new(owned);
        cell.stamp.publish(stamp);
        Ok(name)
    }

    /// Gives a block back. It may have been allocated by any handle of the pool, on any thread.
    /// Where several try, one succeeds.
    ///
    /// Those who still have a reference to the value may go on to use it; it is then that of the
    /// block's next user.
    ///
    /// # Errors
    ///
    /// [`Stale`], and nothing happens, if the name is not current: freed already, null, or of
    /// another pool. The caller has acquired what the thread did that freed it.
    pub fn free(&self, name: Stamped<T>) -> Result<(), Stale> {
        let (block, cell) = self.pool.find(name).ok_or(Stale)?;
        if !cell.stamp.retire(name.stamp, self.pool.width) {
            return Err(Stale);
        }
        // SAFETY: the winner of the turn's end owns the block, which came from this pool.
        unsafe { self.local.deallocate(block) };
        Ok(())
    }
}
