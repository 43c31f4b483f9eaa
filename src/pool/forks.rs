//! The locks of a pool, kept over a fork: first the growth lock, then those of the strategy, list by
//! list.

use super::shared::Shared;
use crate::checking::Checking;
use crate::free_list::Strategy;

/// The locks of a pool in the hands of the thread that made this. Dropping it gives them up.
struct Kept<'s, S: Strategy, C: Checking>(&'s Shared<S, C>);

impl<'s, S: Strategy, C: Checking> Kept<'s, S, C> {
    /// # Safety
    ///
    /// The calling thread drops this.
    unsafe fn new(shared: &'s Shared<S, C>) -> Self {
        // SAFETY: `drop` gives it up, and the shared part is borrowed until then.
        unsafe { shared.growth.keep() };
        // SAFETY: as above.
        unsafe { shared.mediator.keep_locks() };
        Self(shared)
    }
}

impl<S: Strategy, C: Checking> Drop for Kept<'_, S, C> {
    fn drop(&mut self) {
        // SAFETY: kept since `new`, by this thread or, in a child, by the thread that has forked.
        unsafe { self.0.mediator.give_up_locks() };
        // SAFETY: as above.
        unsafe { self.0.growth.give_up() };
    }
}

impl<S: Strategy, C: Checking> Shared<S, C> {
    /// Runs `f` while no other thread has a lock of the pool.
    pub(super) fn without_growth<R>(&self, f: impl FnOnce() -> R) -> R {
        // SAFETY: dropped at the end of this call.
        let _kept = unsafe { Kept::new(self) };
        f()
    }
}
