//! The way of an emptied magazine back to `empty`, after it has waited in limbo.

use core::ptr::NonNull;

use super::depot::Depot;
use super::limbo::Limbo;
use crate::free_list::{Magazine, MagazineList, OwnedMagazine, Strategy};

/// The deferred return of one magazine to `empty`. It has two words, so that a reclaimer need not
/// box it.
///
/// It points to the depot without owning it; the mediator's drop runs every deferred return before
/// it frees the depot. So the memory goes back when the pool is dropped. If the return owned the
/// depot, the memory would stay until the last thread that has ever used the pool's collector ends.
pub(super) struct DeferredReturn<S: Strategy> {
    magazine: NonNull<Magazine>,
    depot: NonNull<Depot<S>>,
}

// SAFETY: the magazine has no other owner, and threads share the depot anyway.
unsafe impl<S: Strategy> Send for DeferredReturn<S> {}

impl<S: Strategy> DeferredReturn<S> {
    pub(super) fn new(depot: &Depot<S>, magazine: OwnedMagazine<'_>) -> Self {
        Self { magazine: magazine.release(), depot: NonNull::from(depot) }
    }

    /// Returns the magazine.
    ///
    /// # Safety
    ///
    /// The magazine counts as waiting in the depot's limbo since before `new`, and its grace period
    /// is over.
    pub(super) unsafe fn complete(self) {
        // SAFETY: by the caller the magazine still waits, and the depot stays until this magazine has
        // left the limbo, which is the last line.
        let depot = unsafe { self.depot.as_ref() };
        depot.standing.acquired();
        // SAFETY: its owner released it for this; it is of this depot's store.
        let magazine = unsafe { OwnedMagazine::assume(self.magazine, &depot.store) };
        depot.empty.push(magazine);
        // SAFETY: this magazine still counts as waiting, so the limbo is there; it is not used
        // again.
        unsafe { Limbo::leave(&raw const depot.limbo) };
    }
}
