//! How the blocks of a handle's cache go back: when the handle is dropped, when its thread ends, and
//! when a caller wants memory to go back.

use core::mem::ManuallyDrop;

use super::Local;
use crate::checking::{Checking, Misuse};
use crate::error::AllocError;
use crate::free_list::{Reclaimer as _, Strategy};
use crate::sync::panicking;

impl<S: Strategy, C: Checking> Local<'_, S, C> {
    /// As dropping the handle, but does not report misused blocks: for the end of a thread, where a
    /// panic would abort the process.
    pub(in super::super) fn leave_quietly(self) {
        // SAFETY: the handle is not used again.
        unsafe { self.leave() };
        self.outlive();
    }

    /// Hands in all blocks and releases the slot. Returns the misuse of the last block that was
    /// misused, if there was one.
    ///
    /// # Safety
    ///
    /// The caller calls this once, and does not use the slot afterwards.
    unsafe fn leave(&self) -> Option<Misuse> {
        // SAFETY: this handle owns the slot until the next line, and its participant has joined.
        let found = unsafe { self.shared().hand_in(self.slot, &self.check, &self.participant) };
        // SAFETY: by the caller.
        unsafe { self.slot.leave() };
        found
    }

    /// Drops only what the handle itself owns, and touches neither the shared part nor the slot:
    /// both may be gone.
    pub(in super::super) fn outlive(self) {
        let this = ManuallyDrop::new(self);
        // SAFETY: read once, and not used again: `drop` does not run.
        S::Reclaimer::end(unsafe { (&raw const this.participant).read() });
        // SAFETY: as above.
        drop(unsafe { (&raw const this.check).read() });
    }

    /// Hands all blocks of this handle's cache in, and reports a block that was misused.
    #[track_caller]
    pub(in super::super) fn hand_in(&self) {
        let (slot, check, participant) = (self.slot, &self.check, &self.participant);
        // SAFETY: this handle owns the slot.
        if let Some(misuse) = unsafe { self.shared().hand_in(slot, check, participant) } {
            misuse.report();
        }
    }

    /// Hands all blocks of this handle's cache in, and then gives memory back to the source, as
    /// [`Pool::shrink`](crate::Pool::shrink) does. Returns how many bytes went back.
    ///
    /// # Errors
    ///
    /// As there. The blocks are handed in nevertheless.
    ///
    /// # Panics
    ///
    /// In a pool that is [`checked`](crate::PoolBuilder::checked) or hardened, if one of the blocks
    /// in the cache was misused.
    #[track_caller]
    pub fn shrink(&self) -> Result<usize, AllocError> {
        self.hand_in();
        let shared = self.shared();
        // SAFETY: this handle owns the slot.
        shared.shrink_for(unsafe { shared.client(self.slot, &self.participant) }, |_| {})
    }
}

impl<S: Strategy, C: Checking> Drop for Local<'_, S, C> {
    fn drop(&mut self) {
        // SAFETY: the handle is not used again.
        let found = unsafe { self.leave() };
        if let Some(misuse) = found.filter(|_| !panicking()) {
            misuse.report();
        }
    }
}
