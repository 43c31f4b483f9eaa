//! One thread's handle of a pool: the fast path.

use core::marker::PhantomData;
use core::mem::ManuallyDrop;
use core::ptr::NonNull;

use super::core::Core;
use crate::block::Block;
use crate::error::AllocError;
use crate::free_list::Strategy;
use crate::mediator::Participant;
use crate::thread_cache::SlotRef;

/// A handle of a [`Pool`](super::Pool), for one thread.
///
/// While its cache has blocks, and room, it neither executes an atomic operation nor calls
/// anything. It exchanges with the pool when the cache is empty or holds two batches, and is left
/// with one batch, so a batch of operations lies between two exchanges. Only a partial shell, which
/// a handle that left has filled, or the end of a chunk brings fewer.
///
/// Dropping it hands all its blocks to the other threads.
pub struct Local<'p, S: Strategy> {
    slot: SlotRef,
    /// Lives for `'p`. Not a reference, since a [`Tenant`](super::Tenant)'s may be left behind.
    core: NonNull<Core<S>>,
    participant: Participant<S>,
    /// Neither `Send` nor `Sync`: the slot is used by one thread.
    _one_thread: PhantomData<(&'p Core<S>, *mut ())>,
}

impl<'p, S: Strategy> Local<'p, S> {
    pub(super) fn attach(core: &'p Core<S>) -> Result<Self, AllocError> {
        let slot = core.attach()?;
        let participant = core.mediator.join();
        Ok(Self { slot, core: NonNull::from(core), participant, _one_thread: PhantomData })
    }

    fn core(&self) -> &Core<S> {
        // SAFETY: it lives as long as handles do.
        unsafe { self.core.as_ref() }
    }

    /// Goes without a word: core and slot are gone, and only what is the handle's own is left.
    pub(super) fn outlive(self) {
        let this = ManuallyDrop::new(self);
        // SAFETY: read once, and not used again: `drop` does not run.
        drop(unsafe { (&raw const this.participant).read() });
    }

    /// Takes a block. Its bytes are whatever they were; it is the caller's until it is given back.
    ///
    /// # Errors
    ///
    /// [`AllocError`] when cache and shared lists are empty and nothing can be carved. Nothing has
    /// changed then, and later frees make room again. Blocks may lie in the caches of other
    /// handles all the while.
    #[inline]
    pub fn allocate(&self) -> Result<NonNull<u8>, AllocError> {
        // SAFETY: this handle is seated here.
        match unsafe { self.slot.pop() } {
            Some(block) => Ok(block.0),
            None => Self::refill(self.slot, self.core(), &self.participant),
        }
    }

    /// Gives a block back. It may have been allocated by any handle of the pool, on any thread.
    /// Never fails, and takes no memory from the source. Under [`EpochDeferred`] the collector may ask
    /// the program's allocator for some of its own.
    ///
    /// [`EpochDeferred`]: crate::EpochDeferred
    ///
    /// # Safety
    ///
    /// `block` came from [`allocate`](Self::allocate) of a handle of the same pool, has not been
    /// given back since, and nobody uses it any more.
    #[inline]
    pub unsafe fn deallocate(&self, block: NonNull<u8>) {
        // SAFETY: this handle is seated here.
        if let Err(block) = unsafe { self.slot.push(Block(block)) } {
            Self::flush(self.slot, self.core(), &self.participant, block);
        }
    }

    /// Runs `f` as if this thread were held up in the middle of an exchange. For harnesses.
    #[doc(hidden)]
    pub fn linger(&self, f: impl FnOnce()) {
        self.core().mediator.linger(&self.participant, f);
    }

    // The slow paths take what a handle holds, not the handle: its address stays unknown to them,
    // so a loop may keep slot and core in registers.

    /// `slot` is the handle's, and its array is empty.
    #[cold]
    #[inline(never)]
    fn refill(
        slot: SlotRef,
        core: &Core<S>,
        participant: &Participant<S>,
    ) -> Result<NonNull<u8>, AllocError> {
        // SAFETY: a handle is seated here, and has just seen the array empty. A refill is one
        // batch, by the core.
        unsafe { slot.refill(core.mediator.batch(), |room| core.refill(participant, room)) }?;
        // SAFETY: seated.
        let block = unsafe { slot.pop() };
        Ok(block.expect("a refill brings at least one block").0)
    }

    /// `slot` is the handle's, and its array is full.
    #[cold]
    #[inline(never)]
    fn flush(slot: SlotRef, core: &Core<S>, participant: &Participant<S>, block: Block) {
        // SAFETY: a handle is seated here, and the array is full: it holds two batches.
        unsafe {
            slot.flush(core.mediator.batch(), |blocks| core.mediator.offer(participant, blocks));
        };
        // SAFETY: seated.
        let pushed = unsafe { slot.push(block) };
        debug_assert!(pushed.is_ok(), "a flush makes room for a batch");
    }
}

impl<S: Strategy> Drop for Local<'_, S> {
    fn drop(&mut self) {
        // SAFETY: this handle is seated here until the next line.
        unsafe { self.core().hand_in(self.slot, &self.participant) };
        // SAFETY: the handle is gone, so the array is not touched again.
        unsafe { self.slot.leave() };
    }
}
