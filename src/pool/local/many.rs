//! Several blocks at once, all of them or none, through a handle.
//!
//! A bulk allocation takes what the thread cache has. As long as it then needs the largest batch or
//! more, it takes magazines from the mediator straight into the caller's slice; it takes the rest
//! through the cache. A bulk free offers whole batches
//! straight from the caller's slice, and puts the rest into the cache. A pool that detects misuse
//! checks each block by itself, so its bulk calls are loops of single calls.

use core::convert::Infallible;
use core::mem::MaybeUninit;

use super::super::many::SoFar;
use super::Local;
use crate::block::{Block, MaybeBlock};
use crate::checking::Checking;
use crate::error::AllocError;
use crate::free_list::{Strategy, Take};

impl<S: Strategy, C: Checking> Local<'_, S, C> {
    /// Takes as many blocks as `room` has places, or none. As long as at least one of the largest
    /// batches is missing, magazines come straight from the shared lists, so a call for many
    /// batches costs a fraction of as many single calls.
    ///
    /// # Errors
    ///
    /// As [`allocate`](Self::allocate), if the pool could not supply all of them. The blocks that
    /// the call had taken are free again, and no place of `room` holds a block.
    ///
    /// # Panics
    ///
    /// As [`allocate`](Self::allocate). The blocks that the call had taken are free again.
    ///
    /// # Memory bound
    ///
    /// The blocks that `room` has so far count as live until the call returns.
    #[track_caller]
    pub fn allocate_many(&self, room: &mut [MaybeUninit<Block>]) -> Result<(), AllocError> {
        // SAFETY: this handle owns the slot.
        if !C::CHECKS && self.shared().counts() && unsafe { self.slot.is_closed() } {
            return self.allocate_many_counted(room);
        }
        // SAFETY: these blocks were just allocated here.
        let mut so_far = SoFar::new(room, |blocks| unsafe { self.deallocate_many(blocks) });
        if !C::CHECKS {
            // SAFETY: this handle owns the slot.
            let cached = unsafe { self.slot.pop_many(so_far.rest()) };
            // SAFETY: `pop_many` has written so many places.
            unsafe { self.shared().show_all(&so_far.rest()[..cached]) };
            so_far.taken += cached;
            let most = self.shared().mediator.batch().max;
            while so_far.rest().len() >= most {
                so_far.taken += self.take_batches(so_far.rest())?;
            }
        }
        while let Some(place) = so_far.rest().first_mut() {
            place.write(self.allocate()?);
            so_far.taken += 1;
        }
        so_far.keep();
        Ok(())
    }

    /// Writes blocks to `room` without going through the cache: whole batches from the shared
    /// lists, or else a partial magazine, or else one freshly carved batch. `room` has space for
    /// the largest batch.
    fn take_batches(&self, room: &mut [MaybeBlock]) -> Result<usize, AllocError> {
        // SAFETY: this handle owns the slot, and its participant has joined.
        let client = unsafe { self.shared().client(self.slot, &self.participant) };
        let taken = self.shared().take(client, Take::UpTo(room.len()), room)?;
        // SAFETY: as above.
        unsafe { self.slot.count_taken(taken) };
        // SAFETY: the call has written so many places.
        unsafe { self.shared().show_all(&room[..taken]) };
        Ok(taken)
    }

    /// Frees several blocks. Never fails.
    ///
    /// # Panics
    ///
    /// As [`deallocate`](Self::deallocate). The blocks in front of the refused one are free then,
    /// and those behind it are still live.
    ///
    /// # Safety
    ///
    /// As [`deallocate`](Self::deallocate), for each block, and no block occurs twice.
    #[track_caller]
    pub unsafe fn deallocate_many(&self, blocks: &[Block]) {
        // SAFETY: this handle owns the slot.
        if !C::CHECKS && self.shared().counts() && unsafe { self.slot.is_closed() } {
            // SAFETY: by the caller.
            return unsafe { self.deallocate_many_counted(blocks) };
        }
        let (batch, mut rest) = (self.shared().mediator.batch(), blocks);
        while !C::CHECKS && rest.len() >= batch.min {
            let most = rest.len().min(batch.max);
            // SAFETY: this handle owns the slot, and its participant has joined.
            let client = unsafe { self.shared().client(self.slot, &self.participant) };
            let hidden = |count: usize| {
                let blocks = &rest[..count];
                blocks.iter().for_each(|&block| self.shared().hide(block));
                blocks
            };
            let is_large = most > batch.min
                && client.offer_large(|| Ok::<_, Infallible>(hidden(most))) == Ok(true);
            let given = if is_large { most } else { batch.min };
            if !is_large {
                client.offer(hidden(given));
            }
            // SAFETY: as above.
            unsafe { self.slot.count_given(given) };
            rest = &rest[given..];
        }
        for &block in rest {
            // SAFETY: by the caller.
            unsafe { self.deallocate(block) };
        }
    }
}
