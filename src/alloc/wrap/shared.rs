//! An allocator with several owners.

use core::fmt;

use crate::alloc::{Allocator, Owner, Usage, forward};
use crate::sync::Arc;

/// An allocator with several owners: it is dropped with the last clone. Nobody can reach it by `&mut`,
/// so its blocks stay valid until then.
///
/// # When to take it
///
/// Take it for containers that cannot borrow an allocator, because they outlive the function that made
/// it. Leave it where a reference `&A` lives long enough: that is an allocator too, and counts no owners.
///
/// # Example
///
/// ```
/// use std::alloc::Layout;
/// use stampool::alloc::wrap::{Locked, Shared};
/// use stampool::alloc::{Allocator, Linear};
///
/// let shared = Shared::new(Locked::new(Linear::default()));
/// let clone = shared.clone();
/// let block = std::thread::spawn(move || clone.allocate(Layout::new::<u64>()).is_ok());
/// assert!(block.join().expect("no panic"));
/// # _ = shared;
/// ```
pub struct Shared<A>(Arc<A>);

impl<A> Shared<A> {
    /// The first owner.
    pub fn new(inner: A) -> Self {
        Self(Arc::new(inner))
    }

    /// The allocator that all clones share, for what it says about itself.
    pub fn get(&self) -> &A {
        &self.0
    }
}

impl<A> Clone for Shared<A> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

// SAFETY: all calls go to the allocator, which keeps the rules, lies on the heap, and is dropped
// with its last owner.
unsafe impl<A: Allocator> Allocator for Shared<A> {
    forward::to_inner!(self => self.0);
}

impl<A: Owner> Owner for Shared<A> {
    fn owns(&self, address: core::ptr::NonNull<u8>) -> bool {
        self.0.owns(address)
    }

    fn usage(&self) -> Usage {
        self.0.usage()
    }
}

impl<A: Default> Default for Shared<A> {
    fn default() -> Self {
        Self::new(A::default())
    }
}

impl<A> fmt::Debug for Shared<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").finish_non_exhaustive()
    }
}
