//! What the threads of an execution have: their handles, and what all of them share.

use core::ptr::NonNull;

use stampool::{StampedLocal, StampedPool, TaggedWide};

/// A handle that a scenario made on one thread and uses on another.
pub(super) struct SentHandle<T: 'static>(pub(super) StampedLocal<'static, T, TaggedWide>);

// SAFETY: a handle is bound to one thread only so that two don't use it at a time; here it moves
// between the setup and its thread, which start and join order.
unsafe impl<T> Send for SentHandle<T> {}

impl<T: Send + Sync> SentHandle<T> {
    pub(super) fn of(pool: &'static StampedPool<T>) -> Self {
        Self(pool.local().expect("memory"))
    }
}

/// Something that all threads of an execution share, up to its end.
///
/// It is a pointer and not a reference: a reference that is handed to `end` would promise that its
/// target lives until `end` returns.
pub(super) struct Leaked<T: 'static>(NonNull<T>);

impl<T> Leaked<T> {
    pub(super) fn new(shared: T) -> Self {
        Self(NonNull::from(Box::leak(Box::new(shared))))
    }

    pub(super) const fn get(&self) -> &'static T {
        // SAFETY: leaked in `new`, and live until `end`, which nobody calls before all references
        // have gone.
        unsafe { self.0.as_ref() }
    }

    /// # Safety
    ///
    /// Nobody refers to it any more.
    pub(super) unsafe fn end(self) -> T {
        // SAFETY: leaked in `new`; by the caller.
        *unsafe { Box::from_raw(self.0.as_ptr()) }
    }
}
