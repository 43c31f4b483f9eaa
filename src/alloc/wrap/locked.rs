//! An allocator behind a lock.

use core::alloc::Layout;
use core::fmt;
use core::ptr::NonNull;

use crate::alloc::{Allocator, Owner, Reset, Usage, inherent};
use crate::error::AllocError;
use crate::sync::{Mutex, lock};

/// An allocator for several threads: one for a single thread, behind a lock.
///
/// # When to take it
///
/// Take it if several threads share a member for one thread and call it seldom, or if the program's
/// allocator is such a member ([`Global`](crate::adapt::Global)). Leave it for blocks of one layout, which
/// a [pool](crate::Pool) serves to each thread from a cache of the thread's own, and for blocks that all
/// end at one time, which an [`AsyncLinear`](crate::alloc::AsyncLinear) serves without a lock.
///
/// # Complexity
///
/// Each call is the inner allocator's, and taking the lock. The calls that move a block take the lock for
/// each part of their work, and copy the bytes without it.
///
/// # Progress
///
/// Every call takes the lock and therefore may block.
///
/// # Example
///
/// ```
/// use std::alloc::Layout;
/// use stampool::alloc::Stack;
/// use stampool::alloc::wrap::Locked;
///
/// static STACK: Locked<Stack> = Locked::new(Stack::new(stampool::SystemSource));
///
/// std::thread::scope(|threads| {
///     for _ in 0..2 {
///         threads.spawn(|| assert!(STACK.allocate(Layout::new::<u64>()).is_ok()));
///     }
/// });
/// assert_eq!(STACK.usage().used_bytes, 32, "two blocks of 16 bytes");
/// ```
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

impl<A> Locked<A> {
    /// Does something with the inner allocator, under the lock.
    pub(in crate::alloc) fn with<R>(&self, work: impl FnOnce(&A) -> R) -> R {
        work(&lock(&self.0))
    }
}

impl<A: Owner> Locked<A> {
    /// Whether `address` lies in a region of the inner allocator. Takes the lock.
    pub fn owns(&self, address: NonNull<u8>) -> bool {
        lock(&self.0).owns(address)
    }

    /// The usage of the inner allocator. Takes the lock.
    pub fn usage(&self) -> Usage {
        lock(&self.0).usage()
    }
}

impl<A: Reset> Locked<A> {
    /// Invalidates all blocks.
    ///
    /// Runs no destructors: a value in a block is not dropped, and what it owns elsewhere leaks.
    ///
    /// # Panics
    ///
    /// If the source panics in `release`. All blocks are invalid nevertheless.
    pub fn reset(&mut self) {
        lock(&self.0).reset();
    }
}

// The calls that may move a block take the lock for each part, so that a large copy holds up
// nobody.
inherent::member! {
    [A: Allocator] Locked<A>, blocks of "this allocator":
        Owner for [A: Owner], Reset for [A: Reset];

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

impl<A: Default> Default for Locked<A> {
    fn default() -> Self {
        Self::new(A::default())
    }
}

impl<A> fmt::Debug for Locked<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Locked").finish_non_exhaustive()
    }
}
