//! Values that stay in their blocks between two users.
//!
//! A block of a pool that keeps is a [`Kept`]: the value, and behind it a [`State`], out of reach
//! of the value's users.
//!
//! | state | value |
//! |---|---|
//! | `Vacant` | none |
//! | `Ready` | one, in its initial state |
//! | `Live` | one, in a user's hands |
//!
//! # Invariants
//!
//! - K1. The state of every block is written when the block is carved, before any thread has the
//!   block ([`Kept::write_header`]).
//! - K2. The owner of a block owns its state, and `&mut` of the pool owns those of all blocks. The
//!   state travels with the block and needs no atomic.

use core::mem::MaybeUninit;
use core::ptr::NonNull;

use crate::block::sanitizers;

/// The content of a block.
#[repr(C)]
pub(super) struct Kept<T> {
    /// First: the value's address is the block's.
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
    /// The block is the callee's alone, and of this type's layout.
    pub(super) unsafe fn write_header(block: NonNull<u8>, _number: u32) {
        // SAFETY: by the caller.
        unsafe { set_state(block.cast::<T>(), State::Vacant) };
    }

    /// Drops the value that waits in a block, if one does. A value in a user's hands stays.
    ///
    /// # Safety
    ///
    /// The block is of a pool that keeps values of `T`, whose end this is: no other thread uses the
    /// block, and no call comes after this one.
    pub(super) unsafe fn end(block: NonNull<u8>) {
        // The block may be free, and hidden from memory checkers.
        sanitizers::show(block, size_of::<Self>());
        let block = block.cast::<T>();
        // SAFETY: by the caller.
        if unsafe { state(block) } == State::Ready {
            // SAFETY: by its state there is a value, and no thread asks for it again.
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
/// The caller has the block, of a pool that keeps values of `T`.
pub(super) unsafe fn state<T>(block: NonNull<T>) -> State {
    // SAFETY: within the block; initialised by K1, and the caller's by K2.
    unsafe { place(block).read() }
}

/// Changes the state of a block.
///
/// # Safety
///
/// As [`state`]; and it is so.
pub(super) unsafe fn set_state<T>(block: NonNull<T>, state: State) {
    // SAFETY: within the block, and the caller's by K2.
    unsafe { place(block).write(state) };
}
