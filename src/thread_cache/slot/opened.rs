//! A closed array, opened for the time of a call (`cache_state.rs` says what that means).

use super::SlotRef;

/// A slot whose array is open until this is dropped, which closes it if it was closed before.
#[derive(Debug)]
pub struct Opened(Option<SlotRef>);

impl Opened {
    /// Opens the array, if it is closed.
    ///
    /// # Safety
    ///
    /// The caller owns the slot until this is dropped.
    pub unsafe fn new(slot: SlotRef) -> Self {
        // SAFETY: by the caller.
        Self(unsafe { slot.open() }.then_some(slot))
    }

    /// Whether the array was closed: the pool has a capacity, and the caller is not within another
    /// call that has opened the array.
    pub const fn was_closed(&self) -> bool {
        self.0.is_some()
    }
}

impl Drop for Opened {
    fn drop(&mut self) {
        if let Some(slot) = self.0 {
            // SAFETY: the caller of `new` owns the slot, and has not closed the array.
            unsafe { slot.close() };
        }
    }
}
