//! The subjects, one file each.

mod array_queue;
mod array_stack;
mod counted;
mod courses;
mod deque;
pub mod designs;
mod erased;
mod floor;
mod guarded;
mod lists;
mod malloc;
mod per_thread;
mod pool;
mod slab;

pub use array_queue::QueueOfBlocks;
pub use array_stack::ArrayStack;
pub use counted::{Counted, CountedHandle};
pub use courses::{COURSES, OnCourse};
pub use deque::Deques;
pub(crate) use erased::{AnySubject, Erased};
pub use floor::{Floor, FloorInMemory};
pub use guarded::{LinearPool, OPool};
pub use lists::{List, Listed, ParkingLot, StdMutex};
pub use malloc::Malloc;
pub use per_thread::{NoHandle, Static, exact, per_thread};
pub use pool::{checking_pool, pool};
pub use slab::Slab;

use core::alloc::Layout;
use core::ptr::NonNull;

use stampool::Block;

/// Makes a type a subject that refuses nothing and whose handle is a reference to it.
macro_rules! shared_subject {
    ([$($generics:tt)*] $kind:ty) => {
        impl<$($generics)*> $crate::Subject for $kind {
            type Refusal = $crate::Never;
            type Handle<'s>
                = &'s Self
            where
                Self: 's;

            fn attach(&self) -> Result<&Self, $crate::Never> {
                Ok(self)
            }
        }
    };
}

use shared_subject;

/// A block from the program's allocator.
fn new_block(layout: Layout) -> Block {
    assert!(layout.size() > 0, "a block has a size");
    // SAFETY: the layout's size is not zero.
    let block = unsafe { std::alloc::alloc(layout) };
    Block(NonNull::new(block).expect("memory for a block"))
}

/// Gives a block back to the program's allocator.
///
/// # Safety
///
/// It came from [`new_block`] with this layout, and nobody uses it any more.
unsafe fn free_block(block: Block, layout: Layout) {
    // SAFETY: by the caller.
    unsafe { std::alloc::dealloc(block.as_ptr(), layout) };
}
