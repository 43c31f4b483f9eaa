//! Hits alone, for a caller that has a function of its own for everything else.

use super::Local;
use crate::block::{Block, sanitizers};
use crate::checking::Checking;
use crate::free_list::Strategy;
use crate::thread_cache::SlotRef;

impl<S: Strategy, C: Checking> Local<'_, S, C> {
    /// Takes a block if the array has one. For a caller that calls a function of its own otherwise.
    ///
    /// # Safety
    ///
    /// As [`allocate_at`](Self::allocate_at).
    #[inline(always)]
    #[track_caller]
    pub(in crate::pool) unsafe fn allocate_hit(&self, slot: SlotRef) -> Option<Block> {
        // SAFETY: by the caller.
        unsafe { self.pop(slot) }
    }

    /// Puts a block into the array if there is room, and if nothing else is to be done for a free.
    /// Answers whether it has; otherwise the block is still the caller's.
    ///
    /// # Safety
    ///
    /// As [`deallocate_at`](Self::deallocate_at).
    #[inline(always)]
    pub(in crate::pool) unsafe fn deallocate_hit(&self, slot: SlotRef, block: Block) -> bool {
        // SAFETY: this handle owns the slot.
        if C::CHECKS || C::QUARANTINE > 0 || sanitizers::ON || unsafe { slot.is_full() } {
            return false;
        }
        // SAFETY: this handle owns the slot, and there is room.
        unsafe { slot.put(block) };
        true
    }
}
