//! Values that stay in their blocks between two users.
//!
//! A block of a pool that keeps its values is a [`Kept`]: the value, and behind it a [`State`],
//! which the value's users cannot reach.
//!
//! | state | value |
//! |---|---|
//! | `Vacant` | none |
//! | `Ready` | one, in its initial state |
//! | `Live` | one, owned by a user |
//!
//! # Invariants
//!
//! - K1. The state of every block is written when the block is carved, before any thread has the
//!   block ([`Kept::prepare`]).
//! - K2. The owner of a block owns its state, and `&mut` of the pool owns those of all blocks. The
//!   state travels with the block and needs no atomic.

use core::mem::MaybeUninit;
use core::ptr::NonNull;

use crate::block::sanitizers;

/// The content of a block.
#[repr(C)]
pub(super) struct Kept<T> {
    /// First, so that the value's address is the block's.
    value: MaybeUninit<T>,
    state: State,
}

/// Whether there is a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum State {
    Vacant,
    Ready,
    Live,
}

impl<T> Kept<T> {
    /// Writes the first state of a fresh block.
    ///
    /// # Safety
    ///
    /// The caller owns the block, which has this type's layout.
    pub(super) unsafe fn prepare(block: NonNull<u8>) {
        // SAFETY: by the caller.
        unsafe { set_state(block.cast::<T>(), State::Vacant) };
    }

    /// Drops the value of a block whose state is `Ready`. The value of a live object stays.
    ///
    /// # Safety
    ///
    /// The block is of a pool that keeps values of `T`, no other thread uses it, and nothing uses it
    /// after this call: the pool is being dropped, or the block's memory goes back.
    pub(super) unsafe fn end(block: NonNull<u8>) {
        // The block may be free, and hidden from memory checkers.
        sanitizers::show(block, size_of::<Self>());
        let block = block.cast::<T>();
        // SAFETY: by the caller.
        if unsafe { state(block) } == State::Ready {
            // SAFETY: by its state the block has a value, and nothing uses the value again.
            unsafe { block.drop_in_place() };
        }
    }
}

/// Where the state is.
fn place<T>(block: NonNull<T>) -> *mut State {
    let kept = block.cast::<Kept<T>>().as_ptr();
    kept.wrapping_byte_add(core::mem::offset_of!(Kept<T>, state)).cast()
}

/// The state of a block.
///
/// # Safety
///
/// The caller owns the block, which is of a pool that keeps values of `T`.
pub(super) unsafe fn state<T>(block: NonNull<T>) -> State {
    // SAFETY: within the block; initialised by K1, and the caller's by K2.
    unsafe { place(block).read() }
}

/// Changes the state of a block.
///
/// # Safety
///
/// As [`state`], and the new state is true.
pub(super) unsafe fn set_state<T>(block: NonNull<T>, state: State) {
    // SAFETY: within the block, and the caller's by K2.
    unsafe { place(block).write(state) };
}
