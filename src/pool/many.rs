//! Several blocks at once, all of them or none: what the pools share, and the pools without handles.
//! Handles are in `local/many.rs`.

use core::mem::{self, MaybeUninit};
use core::slice;

use super::{ExactPool, ThreadLocalPool};
use crate::block::{Block, MaybeBlock};
use crate::checking::Checking;
use crate::error::AllocError;
use crate::free_list::{Strategy, Take};

/// The blocks that a bulk allocation has so far, or all of them while they are lent to a function.
/// Dropping it frees them, also during a panic.
pub(super) struct SoFar<'r, G: Fn(&[Block])> {
    room: &'r mut [MaybeBlock],
    /// How many places of `room` are written, from its start.
    pub(super) taken: usize,
    give_back: G,
}

impl<'r, G: Fn(&[Block])> SoFar<'r, G> {
    pub(super) const fn new(room: &'r mut [MaybeBlock], give_back: G) -> Self {
        Self { room, taken: 0, give_back }
    }

    /// The blocks of a bulk allocation that has succeeded.
    ///
    /// # Safety
    ///
    /// All places of `room` are written.
    pub(super) const unsafe fn all(room: &'r mut [MaybeBlock], give_back: G) -> Self {
        Self { taken: room.len(), room, give_back }
    }

    /// The blocks.
    pub(super) fn blocks(&self) -> &[Block] {
        let taken = self.room[..self.taken].as_ptr().cast::<Block>();
        // SAFETY: the first `taken` places were written.
        unsafe { slice::from_raw_parts(taken, self.taken) }
    }

    /// The places without a block. A callee fills them from the start, and returns how many it has
    /// filled.
    pub(super) fn rest(&mut self) -> &mut [MaybeBlock] {
        &mut self.room[self.taken..]
    }

    /// Leaves the blocks to the caller.
    pub(super) fn keep(self) {
        mem::forget(self);
    }
}

impl<G: Fn(&[Block])> Drop for SoFar<'_, G> {
    fn drop(&mut self) {
        (self.give_back)(self.blocks());
    }
}

impl<S: Strategy, C: Checking> ThreadLocalPool<S, C> {
    /// Takes as many blocks as `room` has places, or none, as
    /// [`Local::allocate_many`](super::Local::allocate_many).
    ///
    /// # Errors
    ///
    /// As there.
    ///
    /// # Panics
    ///
    /// As there, and if the [`Topology`](crate::Topology) panics when the thread attaches.
    #[track_caller]
    pub fn allocate_many(&self, room: &mut [MaybeUninit<Block>]) -> Result<(), AllocError> {
        self.here().allocate_many(room)
    }

    /// Frees several blocks. Never fails.
    ///
    /// # Panics
    ///
    /// As [`Local::deallocate_many`](super::Local::deallocate_many), and if the
    /// [`Topology`](crate::Topology) panics when the thread attaches. The blocks are then still the
    /// caller's.
    ///
    /// # Safety
    ///
    /// As [`deallocate`](Self::deallocate), for each block, and no block occurs twice.
    #[track_caller]
    pub unsafe fn deallocate_many(&self, blocks: &[Block]) {
        // SAFETY: by the caller.
        unsafe { self.here().deallocate_many(blocks) };
    }
}

impl<S: Strategy> ExactPool<S> {
    /// Takes as many blocks as `room` has places, or none. The call takes several blocks by one
    /// compare-and-swap, but not all of them at one instant. If it fails in the end, other threads
    /// may have been refused blocks that it held meanwhile.
    ///
    /// # Errors
    ///
    /// As [`allocate`](Self::allocate), if the pool could not supply all of them. The blocks that
    /// the call had taken are free again, and no place of `room` holds a block.
    pub fn allocate_many(&self, room: &mut [MaybeUninit<Block>]) -> Result<(), AllocError> {
        let shared = self.pool().shared();
        let participant = shared.mediator.join();
        // SAFETY: the participant has just joined.
        let client = unsafe { shared.client_without_cache(&participant) };
        // SAFETY: these blocks were just allocated here.
        let mut so_far = SoFar::new(room, |blocks| unsafe { self.deallocate_many(blocks) });
        while !so_far.rest().is_empty() {
            let rest = so_far.rest();
            let taken = shared.take(client, Take::UpTo(rest.len()), rest)?;
            // SAFETY: the call has written so many places.
            unsafe { shared.show_all(&rest[..taken]) };
            so_far.taken += taken;
        }
        so_far.keep();
        Ok(())
    }

    /// Frees several blocks. Never fails.
    ///
    /// # Safety
    ///
    /// As [`deallocate`](Self::deallocate), for each block, and no block occurs twice.
    pub unsafe fn deallocate_many(&self, blocks: &[Block]) {
        for &block in blocks {
            // SAFETY: by the caller.
            unsafe { self.deallocate(block) };
        }
    }
}
