//! A block on its way to a user, or back.

use core::mem;
use core::ptr::NonNull;

use super::ObjectPool;
use super::kept::{self, State};
use crate::error::AllocError;
use crate::free_list::Strategy;

/// A block out of a pool, for the moment without a user: goes back when it is dropped.
///
/// In a pool that keeps, its state is `Vacant` or `Ready`, and true. In others it has no value.
pub(super) struct Reserved<'p, T, S: Strategy> {
    pub(super) pool: &'p ObjectPool<T, S>,
    pub(super) block: NonNull<T>,
}

impl<'p, T, S: Strategy> Reserved<'p, T, S> {
    /// Takes one.
    #[inline]
    pub(super) fn new(pool: &'p ObjectPool<T, S>) -> Result<Self, AllocError> {
        let block = pool.blocks.allocate()?.cast::<T>();
        Ok(Self { pool, block })
    }

    /// Takes `count`, or none.
    pub(super) fn many(pool: &'p ObjectPool<T, S>, count: usize) -> Result<Vec<Self>, AllocError> {
        let mut all = Vec::new();
        all.try_reserve_exact(count).map_err(|_| AllocError::OutOfMemory)?;
        for _ in 0..count {
            all.push(Self::new(pool)?);
        }
        Ok(all)
    }

    /// Takes a live object from its user.
    ///
    /// # Safety
    ///
    /// `object` is live, of this pool, and the caller's, who doesn't use it again.
    #[inline]
    pub(super) unsafe fn back(pool: &'p ObjectPool<T, S>, object: NonNull<T>) {
        let taken = Self { pool, block: object };
        if let Some(reset) = &pool.reset {
            // Until the hook is through, the value is to be dropped.
            let value = DropValue(object);
            // SAFETY: the caller's, and live.
            reset(unsafe { &mut *object.as_ptr() });
            mem::forget(value);
            // SAFETY: ours, and the value is there.
            unsafe { kept::set_state(object, State::Ready) };
        } else {
            // SAFETY: the caller's, and live; from here on the block has no value.
            unsafe { object.drop_in_place() };
        }
        drop(taken);
    }

    /// Moves the value out of a live object, whose block goes back.
    ///
    /// # Safety
    ///
    /// As [`back`](Self::back).
    pub(super) unsafe fn emptied(pool: &'p ObjectPool<T, S>, object: NonNull<T>) -> T {
        let _taken = Self { pool, block: object };
        if pool.reset.is_some() {
            // SAFETY: ours, and from the next line on without a value.
            unsafe { kept::set_state(object, State::Vacant) };
        }
        // SAFETY: the caller's, and live; the block says that it has no value.
        unsafe { object.read() }
    }

    pub(super) fn is_ready(&self) -> bool {
        // SAFETY: ours, where the pool keeps.
        self.pool.reset.is_some() && unsafe { kept::state(self.block) } == State::Ready
    }
}

impl<T, S: Strategy> Drop for Reserved<'_, T, S> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: taken from this pool, ours (O1), and not used again.
        unsafe { self.pool.blocks.deallocate(self.block.cast().into()) };
    }
}

/// A value in a block that is not to be kept: goes when this is dropped.
pub(super) struct DropValue<T>(pub(super) NonNull<T>);

impl<T> Drop for DropValue<T> {
    fn drop(&mut self) {
        // First: the destructor may panic.
        // SAFETY: made by the block's owner, of a pool that keeps.
        unsafe { kept::set_state(self.0, State::Vacant) };
        // SAFETY: as above; there is a value, and from here on none.
        unsafe { self.0.drop_in_place() };
    }
}

/// Makes a value for a block that has none, and leaves it there. For filling a pool beforehand.
///
/// # Safety
///
/// The caller has the block, of a pool that keeps values of `T`.
pub(super) unsafe fn construct<T>(block: NonNull<T>, make: impl FnOnce() -> T) {
    // SAFETY: by the caller.
    if unsafe { kept::state(block) } == State::Vacant {
        // SAFETY: there is no value.
        unsafe { block.write(make()) };
        // SAFETY: by the caller, and now there is one.
        unsafe { kept::set_state(block, State::Ready) };
    }
}
