//! The calls of a handle whose pool has a capacity. The array of its slot is closed, so every call
//! comes here (`pool/in_use.rs`).

use super::super::shared::Shared;
use super::Local;
use crate::block::{Block, MaybeBlock};
use crate::checking::Checking;
use crate::error::AllocError;
use crate::free_list::Strategy;
use crate::mediator::Participant;
use crate::thread_cache::{Opened, SlotRef};

impl<S: Strategy, C: Checking> Local<'_, S, C> {
    /// Takes a permit and then a block.
    ///
    /// # Safety
    ///
    /// The arguments are the parts of one handle, whose array is closed, and the calling thread
    /// uses that handle.
    #[cold]
    #[inline(never)]
    #[track_caller]
    pub(super) unsafe fn allocate_counted(
        slot: SlotRef,
        shared: &Shared<S, C>,
        participant: &Participant<S>,
        check: &C::State,
    ) -> Result<Block, AllocError> {
        let permit = shared.permits(1)?;
        // SAFETY: a handle owns the slot.
        let opened = unsafe { Opened::new(slot) };
        debug_assert!(opened.was_closed(), "every call counts once");
        // SAFETY: a handle owns the slot.
        let block = match unsafe { slot.pop() } {
            Some(block) => {
                shared.show(block);
                if C::CHECKS {
                    // SAFETY: the block has just left the array.
                    unsafe { Self::verify_alloc(slot, shared, check, block) };
                }
                block
            }
            // SAFETY: the parts of the handle, whose array is empty and open.
            None => unsafe { Self::refill(slot, shared, participant, check) }?,
        };
        if let Some(permit) = permit {
            permit.keep();
        }
        Ok(block)
    }

    /// Puts a block into the array, and gives its permit back, also if a panic reports a misused
    /// block. Within a call that has opened the array there is no permit.
    ///
    /// # Safety
    ///
    /// The first four arguments are the parts of one handle, whose array is closed or full, and the
    /// calling thread uses that handle. The caller gives `block` away.
    #[cold]
    #[inline(never)]
    #[track_caller]
    pub(super) unsafe fn deallocate_counted(
        slot: SlotRef,
        shared: &Shared<S, C>,
        participant: &Participant<S>,
        check: &C::State,
        block: Block,
    ) {
        // SAFETY: a handle owns the slot.
        let is_closed = unsafe { slot.is_closed() };
        let _permit = shared.returning(usize::from(is_closed));
        // SAFETY: a handle owns the slot.
        let _opened = unsafe { Opened::new(slot) };
        // SAFETY: a handle owns the slot.
        if unsafe { slot.is_full() } {
            // SAFETY: the parts of the handle, whose array is full and open.
            unsafe { Self::flush(slot, shared, participant, check, block) };
        }
        // SAFETY: a handle owns the slot, and there is room.
        unsafe { slot.put(block) };
    }

    /// As [`allocate_many`](Self::allocate_many), in a pool that does not check.
    #[track_caller]
    pub(super) fn allocate_many_counted(&self, room: &mut [MaybeBlock]) -> Result<(), AllocError> {
        let permits = self.shared().permits(room.len())?;
        self.without_count(|| self.allocate_many(room))?;
        if let Some(permits) = permits {
            permits.keep();
        }
        Ok(())
    }

    /// As [`deallocate_many`](Self::deallocate_many), in a pool that does not check.
    ///
    /// # Safety
    ///
    /// As there.
    pub(super) unsafe fn deallocate_many_counted(&self, blocks: &[Block]) {
        let _permits = self.shared().returning(blocks.len());
        // SAFETY: by the caller.
        self.without_count(|| unsafe { self.deallocate_many(blocks) });
    }

    /// Runs `f`, whose calls of this handle do not count.
    #[track_caller]
    pub(in super::super) fn without_count<R>(&self, f: impl FnOnce() -> R) -> R {
        // SAFETY: this handle owns the slot.
        let _opened = unsafe { Opened::new(self.slot) };
        f()
    }
}
