//! What the threads of an execution have: their handles, and what all of them share.

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
pub(super) struct Leaked<T: 'static>(pub(super) &'static T);

impl<T> Leaked<T> {
    pub(super) fn new(shared: T) -> Self {
        Self(Box::leak(Box::new(shared)))
    }

    /// # Safety
    ///
    /// Nobody refers to it any more.
    pub(super) unsafe fn end(self) -> T {
        // SAFETY: leaked in `new`; by the caller.
        *unsafe { Box::from_raw(core::ptr::from_ref(self.0).cast_mut()) }
    }
}
