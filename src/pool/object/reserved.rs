//! A block on its way to a user, or back.

use core::mem;
use core::ptr::NonNull;

use super::kept::{self, State};
use super::objects::Objects;
use crate::error::AllocError;
use crate::free_list::Strategy;

/// A block of a pool that no user has at the moment. Dropping it frees the block.
///
/// In a pool that keeps its values, the block's state is `Vacant` or `Ready`, and true. In other
/// pools the block has no value.
pub(super) struct Reserved<'p, T, S: Strategy> {
    pub(super) pool: &'p Objects<T, S>,
    pub(super) block: NonNull<T>,
}

impl<'p, T, S: Strategy> Reserved<'p, T, S> {
    /// Takes a block.
    #[inline]
    pub(super) fn new(pool: &'p Objects<T, S>) -> Result<Self, AllocError> {
        let block = pool.blocks.allocate()?.cast::<T>();
        Ok(Self { pool, block })
    }

    /// Takes `count` blocks, or none, and collects what `finish` makes of each and its number. Asks
    /// the program's allocator for memory before it takes the first block, and not afterwards.
    pub(super) fn many<O>(
        pool: &'p Objects<T, S>,
        count: usize,
        mut finish: impl FnMut(usize, Self) -> O,
    ) -> Result<Vec<O>, AllocError> {
        let (mut taken, mut all) = (room(count)?, room(count)?);
        for _ in 0..count {
            taken.push(Self::new(pool)?);
        }
        all.extend(taken.into_iter().enumerate().map(|(nth, taken)| finish(nth, taken)));
        Ok(all)
    }

    /// Takes a live object from its user.
    ///
    /// # Safety
    ///
    /// The caller owns `object`, which is a live object of this pool, and does not use it again.
    #[inline]
    pub(super) unsafe fn back(pool: &'p Objects<T, S>, object: NonNull<T>) {
        let taken = Self { pool, block: object };
        if let Some(reset) = &pool.reset {
            // Drops the value if the hook panics.
            let value = DropValue(object);
            // SAFETY: the caller owned the live object.
            reset(unsafe { &mut *object.as_ptr() });
            mem::forget(value);
            // SAFETY: ours, and the value is there.
            unsafe { kept::set_state(object, State::Ready) };
        } else {
            // SAFETY: the caller owned the live object. From here on the block has no value.
            unsafe { object.drop_in_place() };
        }
        drop(taken);
    }

    /// Moves the value out of a live object, and frees its block.
    ///
    /// # Safety
    ///
    /// As [`back`](Self::back).
    pub(super) unsafe fn emptied(pool: &'p Objects<T, S>, object: NonNull<T>) -> T {
        let _taken = Self { pool, block: object };
        if pool.reset.is_some() {
            // SAFETY: ours. From the next read on the block has no value.
            unsafe { kept::set_state(object, State::Vacant) };
        }
        // SAFETY: the caller owned the live object, and the block's state is already `Vacant`.
        unsafe { object.read() }
    }

    pub(super) fn is_ready(&self) -> bool {
        // SAFETY: ours, and the pool keeps its values, as was just checked.
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

/// An empty `Vec` with room for `count` elements.
fn room<O>(count: usize) -> Result<Vec<O>, AllocError> {
    let mut room = Vec::new();
    room.try_reserve_exact(count).map_err(|_| AllocError::OutOfMemory)?;
    Ok(room)
}

/// A value in a block. Dropping this drops the value and sets the state to `Vacant`.
pub(super) struct DropValue<T>(pub(super) NonNull<T>);

impl<T> Drop for DropValue<T> {
    fn drop(&mut self) {
        // The state first, because the destructor may panic.
        // SAFETY: the owner of the block made this, in a pool that keeps its values.
        unsafe { kept::set_state(self.0, State::Vacant) };
        // SAFETY: as above. There is a value, and from here on there is none.
        unsafe { self.0.drop_in_place() };
    }
}

/// Makes a value in a block that has none, and leaves it there. For filling a pool beforehand.
///
/// # Safety
///
/// The caller owns the block, which is of a pool that keeps values of `T`.
pub(super) unsafe fn construct<T>(block: NonNull<T>, make: impl FnOnce() -> T) {
    // SAFETY: by the caller.
    if unsafe { kept::state(block) } == State::Vacant {
        // SAFETY: there is no value.
        unsafe { block.write(make()) };
        // SAFETY: by the caller, and now there is a value.
        unsafe { kept::set_state(block, State::Ready) };
    }
}
