//! Values that stay in their blocks between two users.
//!
//! A block of a pool that keeps is a [`Kept`]: the value, and a [`State`] behind it, where a user of
//! the value does not come.
//!
//! | state | value | on the roster |
//! |---|---|---|
//! | `Fresh` | none | no |
//! | `Vacant` | none | yes |
//! | `Ready` | one, in its initial state | yes |
//! | `Live` | one, in a user's hands | yes |
//!
//! # Invariants
//!
//! - K1. The state of every block is initialised before anybody has the block: [`Zeroed`] sees to it.
//! - K2. Whoever has a block has its state, and `&mut` of the pool has those of all: so a state needs
//!   no atomic. It travels with the block.
//! - K3. A block is entered in the roster once, before it is `Vacant` for the first time.
//!
//! # To be replaced
//!
//! What is wanted of the layers below is: to see each block once before it is handed out, and to
//! walk over all of them at the end. [`Zeroed`] and [`Roster`] do that from outside. A roster of
//! carved blocks in `chunk` would take the place of both: its hook writes `Vacant`, `Fresh` goes,
//! and [`Roster::enter`] with it.

use core::alloc::Layout;
use core::marker::PhantomData;
use core::mem::MaybeUninit;
use core::ptr::NonNull;

use crate::block::{Block, sanitizers};
use crate::error::AllocError;
use crate::source::Source;
use crate::sync::{Mutex, lock};

/// What a block is made for.
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
    /// 0, as [`Zeroed`] leaves it.
    Fresh = 0,
    Vacant,
    Ready,
    Live,
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

/// All blocks that have ever held a value.
#[derive(Default)]
pub(super) struct Roster(Mutex<Vec<Block>>);

impl Roster {
    /// Enters a fresh block. Once per block, so it may take a lock.
    ///
    /// # Errors
    ///
    /// [`AllocError::OutOfMemory`], of the program's allocator.
    #[cold]
    pub(super) fn enter<T>(&self, block: NonNull<T>) -> Result<(), AllocError> {
        let mut blocks = lock(&self.0);
        blocks.try_reserve(1).map_err(|_| AllocError::OutOfMemory)?;
        blocks.push(Block(block.cast()));
        Ok(())
    }

    /// Drops the values that wait for a user. Those in users' hands it leaves alone. Where a
    /// destructor panics, the others still run.
    ///
    /// # Safety
    ///
    /// Of a pool that keeps values of `T`. Nobody else uses the pool, and nobody will.
    pub(super) unsafe fn end<T>(&self) {
        Rest::<T>(core::mem::take(&mut *lock(&self.0)), PhantomData).run();
    }
}

/// Blocks whose values go. As with a vector, those behind one whose destructor panics too.
struct Rest<T>(Vec<Block>, PhantomData<T>);

impl<T> Rest<T> {
    fn run(&mut self) {
        while let Some(block) = self.0.pop() {
            // It may be free. The pool has ended all other use of it.
            sanitizers::show(block.0, size_of::<Kept<T>>());
            let block = block.0.cast::<T>();
            // SAFETY: by the caller of `end`, all blocks are its own.
            if unsafe { state(block) } == State::Ready {
                // SAFETY: there is a value, by its state; the block has left the roster, so nobody
                // asks again.
                unsafe { block.drop_in_place() };
            }
        }
    }
}

impl<T> Drop for Rest<T> {
    fn drop(&mut self) {
        self.run();
    }
}

/// A source whose memory is all zero, so that a block's first state is there.
pub(super) struct Zeroed(pub(super) Box<dyn Source>);

// SAFETY: the regions are the inner source's.
unsafe impl Source for Zeroed {
    fn obtain(&mut self, layout: Layout) -> Option<NonNull<u8>> {
        let region = self.0.obtain(layout)?;
        // SAFETY: a region of this size, which nobody has seen.
        unsafe { region.write_bytes(0, layout.size()) };
        Some(region)
    }

    unsafe fn release(&mut self, region: NonNull<u8>, layout: Layout) {
        // SAFETY: by the caller, who had it from the inner source.
        unsafe { self.0.release(region, layout) };
    }

    fn max_align(&self) -> usize {
        self.0.max_align()
    }
}
