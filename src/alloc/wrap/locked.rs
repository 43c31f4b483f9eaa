//! An allocator behind a lock.

use core::alloc::Layout;
use core::fmt;
use core::ptr::NonNull;

use crate::alloc::{Allocator, Owner, Reset, Usage, inherent};
use crate::error::AllocError;
use crate::sync::{Mutex, lock};

/// An allocator for several threads: one for a single thread, behind a lock.
///
/// # Progress
///
/// Every call takes the lock and therefore may block.
// The rules hold for each call under the lock, and the lock orders the calls. Moving this value
// moves the inner one, which invalidates no block (A2).
pub struct Locked<A>(Mutex<A>);

impl<A> Locked<A> {
    crate::sync::const_when_shipped! {
        /// Puts `inner` behind a lock.
        pub fn new(inner: A) -> Self {
            Self(Mutex::new(inner))
        }
    }
}

impl<A: Allocator> Locked<A> {
    /// Returns a block of `layout`, as the inner allocator does.
    ///
    /// # Errors
    ///
    /// As the inner allocator.
    pub fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        lock(&self.0).allocate(layout)
    }
}

// The calls that may move a block take the lock for each part, so that a large copy holds up
// nobody.
inherent::member! {
    [A: Allocator] Locked<A>, blocks of "this allocator":;

    /// Takes a block back.
    unsafe deallocate(self, block, layout) = lock(&self.0).deallocate(block, layout);

    /// Makes a block longer where it is, as the inner allocator does.
    ///
    /// # Errors
    ///
    /// As the inner allocator.
    unsafe grow_in_place(self, block, old, new) = lock(&self.0).grow_in_place(block, old, new);

    /// Makes a block shorter where it is, as the inner allocator does.
    ///
    /// # Errors
    ///
    /// As the inner allocator.
    unsafe shrink_in_place(self, block, old, new) = lock(&self.0).shrink_in_place(block, old, new);
}

impl<A: Owner> Owner for Locked<A> {
    fn owns(&self, address: NonNull<u8>) -> bool {
        lock(&self.0).owns(address)
    }

    fn usage(&self) -> Usage {
        lock(&self.0).usage()
    }
}

impl<A: Reset> Reset for Locked<A> {
    fn reset(&mut self) {
        lock(&self.0).reset();
    }
}

impl<A> fmt::Debug for Locked<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Locked").finish_non_exhaustive()
    }
}
