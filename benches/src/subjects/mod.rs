//! The subjects, one file each.

mod array_queue;
mod array_stack;
mod floor;
mod per_thread;
mod pool;
mod system;

pub use array_queue::QueueOfBlocks;
pub use array_stack::ArrayStack;
pub use floor::Floor;
pub use per_thread::{Static, exact, per_thread};
pub use pool::pool;
pub use system::System;

use core::ptr::NonNull;

use crate::subject::BLOCK;

/// A block from the program's allocator.
fn new_block() -> NonNull<u8> {
    // SAFETY: the layout's size is not zero.
    let block = unsafe { std::alloc::alloc(BLOCK) };
    NonNull::new(block).expect("memory for a block")
}

/// Gives a block back to the program's allocator.
///
/// # Safety
///
/// It came from [`new_block`] and nobody uses it any more.
unsafe fn free_block(block: NonNull<u8>) {
    // SAFETY: by the caller; allocated with this layout.
    unsafe { std::alloc::dealloc(block.as_ptr(), BLOCK) };
}
