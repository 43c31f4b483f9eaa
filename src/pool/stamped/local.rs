//! One thread's handle of a stamped pool.

use core::mem::ManuallyDrop;

use super::cell::Cell;
use super::{Stale, Stamped, StampedPool};
use crate::block::Block;
use crate::error::AllocError;
use crate::free_list::{Strategy, TaggedWide};
use crate::pool::Local;

/// A handle of a [`StampedPool`], for one thread. It contains a [`Local`] and behaves as one.
pub struct StampedLocal<'p, T, S: Strategy = TaggedWide> {
    local: Local<'p, S>,
    pool: &'p StampedPool<T, S>,
}

impl<T: Send + Sync, S: Strategy> StampedPool<T, S> {
    /// Makes a handle for the calling thread, as [`Pool::local`](crate::Pool::local).
    ///
    /// # Errors
    ///
    /// As [`Pool::local`](crate::Pool::local).
    pub fn local(&self) -> Result<StampedLocal<'_, T, S>, AllocError> {
        Ok(StampedLocal::new(self.pool.local()?, self))
    }
}

/// A block that is not published yet, and its generation, once that has begun: other threads may
/// know its name, which is not current yet. Dropping this, as a panic does, ends the generation and
/// frees the block.
struct Unpublished<'l, 'p, T, S: Strategy> {
    block: Block,
    cell: &'p Cell<T>,
    stamp: Option<u64>,
    local: &'l StampedLocal<'p, T, S>,
}

impl<T, S: Strategy> Drop for Unpublished<'_, '_, T, S> {
    fn drop(&mut self) {
        if let Some(stamp) = self.stamp {
            self.cell.stamp.abandon(stamp, self.local.pool.width);
        }
        // SAFETY: this handle allocated the block, and `self` owns it.
        unsafe { self.local.local.deallocate(self.block) };
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

    /// Takes a block and returns its new name. The value is as its last user left it, or as the
    /// pool's `init` made it.
    ///
    /// # Errors
    ///
    /// As [`Local::allocate`].
    ///
    /// # Panics
    ///
    /// If `init` panics. The block is free then.
    pub fn allocate(&self) -> Result<Stamped<T>, AllocError> {
        self.allocate_with(|_, _| ())
    }

    /// Takes a block, calls `fill` with the value and the name that the block will have, and then
    /// makes the name current. A thread that finds the block by this name sees the value as `fill`
    /// left it. Until then the name is stale, for `fill` too. A thread that found the block by an
    /// older name may see what `fill` does to the value, but
    /// [`is_current`](StampedPool::is_current) then tells it that its name is stale.
    ///
    /// # Errors
    ///
    /// As [`Local::allocate`]. `fill` has not been called then.
    ///
    /// # Panics
    ///
    /// If `init` or `fill` panics. The block is free then, its value stays as `fill` left it, and
    /// the name stays stale for ever.
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
        let block = self.local.allocate()?;
        // SAFETY: a thread that gets a block from the pool acquires its header with it, and the
        // pool lives for 'p.
        let cell: &'p Cell<T> = unsafe { Cell::of(block.as_non_null()) };
        let mut owned = Unpublished { block, cell, stamp: None, local: self };
        if cell.stamp.is_fresh() {
            // SAFETY: this thread owns the block, which is fresh.
            unsafe { cell.construct((self.pool.init)()) };
        }
        let stamp = *owned.stamp.insert(cell.stamp.begin());
        let name = Stamped::new(cell.number, self.pool.serial.get(), stamp);
        // SAFETY: this owner or an earlier one has constructed the value.
        fill(unsafe { cell.value() }, name);
        let _kept = ManuallyDrop::new(owned);
        cell.stamp.publish(stamp);
        Ok(name)
    }

    /// Frees a block, which any handle of the pool may have allocated, on any thread. If several
    /// threads free the same name, one of them succeeds.
    ///
    /// A thread that still has a reference to the value may continue to use it. The value is then
    /// that of the block's next user.
    ///
    /// # Errors
    ///
    /// [`Stale`], and nothing changes, if the name is not current: the block was freed already, or
    /// the name is null or of another pool. If another thread freed the block, the caller has
    /// acquired what that thread did before.
    pub fn free(&self, name: Stamped<T>) -> Result<(), Stale> {
        let (block, cell) = self.pool.find(name).ok_or(Stale)?;
        if !cell.stamp.retire(name.stamp, self.pool.width) {
            return Err(Stale);
        }
        // SAFETY: the thread that has ended the generation owns the block, which is of this pool.
        unsafe { self.local.deallocate(block) };
        Ok(())
    }
}
