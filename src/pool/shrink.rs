//! Memory that goes back to the source while the pool is used.
//!
//! The thread that shrinks the pool holds the growth lock. It takes all blocks out of the mediator's
//! lists and sorts them by address. A chunk of which it then has every block goes back to the
//! source: no other thread has a block of it, and no thread can get one. The other blocks go back to
//! the lists.
//!
//! # Why no grace period is needed
//!
//! A thread that sleeps in an exchange may have met a magazine that is in another list by now. It
//! reads the magazine's link and count, and magazines are never freed. It reads no block, and not
//! even the addresses of blocks, before its CAS has taken the magazine. A magazine that the CAS takes
//! was in a list, and the blocks that are in a list belong to no chunk that has gone back.
//!
//! # Why the two sums hold
//!
//! Nobody carves while another thread holds the growth lock, so the blocks in the hands of the
//! shrinking thread make nobody carve. The thread owns a slot, and with it the right to a partial
//! magazine. The magazines of a chunk that goes back stay, and later batches use them
//! (`chunk/carver.rs`). papers/memory-bound.md has the argument.

use core::ops::Range;
use core::ptr::NonNull;

use super::growth::Claimed;
use super::shared::{Growth, Shared, UNWATCHED};
use crate::block::Block;
use crate::checking::Checking;
use crate::chunk::{BlockRegion, Detached};
use crate::error::AllocError;
use crate::free_list::{Strategy, Take};
use crate::mediator::Client;
use crate::source::finish;
use crate::sync::lock;

impl<S: Strategy, C: Checking> Shared<S, C> {
    /// Gives the chunks back of which all blocks are in the lists, for a caller without a slot.
    /// Otherwise as [`shrink_for`](Self::shrink_for).
    pub(super) fn shrink(&self, end: impl FnMut(NonNull<u8>)) -> Result<usize, AllocError> {
        if self.keeps_chunks() {
            return Ok(0);
        }
        let shard = self.current_shard();
        let _slot = Claimed(vec![self.claim(UNWATCHED)?]);
        let participant = self.mediator.join();
        // SAFETY: the participant has joined above.
        self.shrink_for(unsafe { self.mediator.client(&participant, shard) }, end)
    }

    /// Whether the pool gives no chunk back before it is dropped. A checked pool recognises pointers
    /// to each block that it ever had, and a thread may look up the number of a block at any time.
    /// And it is of no use to give memory to a source that could not serve it again.
    const fn keeps_chunks(&self) -> bool {
        C::CHECKS || self.block_table.is_some() || !self.source_reuses
    }

    /// Gives the chunks back of which all blocks are in the lists, and returns their bytes. The
    /// caller owns a slot, whose cache is empty.
    ///
    /// Calls `end` for each block that is about to go back. These calls hold no lock, and may use the
    /// pool. If one of them panics, the others are made nevertheless, and the chunks go back.
    pub(super) fn shrink_for(
        &self,
        client: Client<'_, S>,
        end: impl FnMut(NonNull<u8>),
    ) -> Result<usize, AllocError> {
        if self.keeps_chunks() {
            return Ok(0);
        }
        let mut going = Going { shared: self, regions: Some(self.detach(client)?), bytes: 0 };
        let stride = self.layout.stride();
        let blocks = going.regions.iter().flat_map(Detached::iter);
        let mut blocks = blocks.flat_map(|region| region.blocks(stride)).map(end);
        finish(|| blocks.next().is_some());
        drop(blocks);
        going.release();
        Ok(going.bytes)
    }

    /// Takes all blocks out of the lists, and the chunks out of the pool of which that was every
    /// block. The other blocks go back to the lists.
    fn detach(&self, client: Client<'_, S>) -> Result<Detached, AllocError> {
        // The program's allocator may be one that uses this pool, so the thread asks it for the lists
        // while it does not hold the lock. The lists are declared first, and so dropped last.
        let (mut complete, mut free) = (Vec::new(), Vec::new());
        let mut growth = loop {
            let growth = self.unsealed()?;
            if self.mediator.refuses() {
                return Err(AllocError::TagsExhausted);
            }
            let chunks = growth.carver.chunks();
            let blocks = growth.carver.carved().saturating_add(self.mediator.batch().max);
            if complete.capacity() >= chunks && free.capacity() >= blocks {
                break growth;
            }
            drop(growth);
            // A list at least doubles, so a pool that grows meanwhile does not keep the thread here.
            complete.try_reserve(chunks).map_err(|_| AllocError::OutOfMemory)?;
            free.try_reserve(blocks).map_err(|_| AllocError::OutOfMemory)?;
        };
        let Growth { carver, regions, magazines, .. } = &mut *growth;
        take_all(client, &mut free);
        free.sort_unstable();
        for region in regions.of_blocks() {
            let blocks = blocks_of(&free, region.first(), region.carved() * self.layout.stride());
            if blocks.len() == region.carved() {
                complete.push((region.first(), blocks));
            }
        }
        complete.sort_unstable_by_key(|&(first, _)| first);
        // In one pass, because there may be nearly as many chunks as blocks.
        let mut going = complete.iter().flat_map(|(_, blocks)| blocks.clone()).peekable();
        let mut place = 0;
        free.retain(|_| {
            let stays = going.next_if_eq(&place).is_none();
            place += 1;
            stays
        });
        // A cache hands out its last block first, so the addresses fall within a batch.
        free.reverse();
        for batch in free.chunks(self.mediator.batch().min) {
            client.offer(batch);
        }
        let goes = |region: &BlockRegion| {
            complete.binary_search_by_key(&region.first(), |&(first, _)| first).is_ok()
        };
        let detached = regions.detach_blocks(goes);
        for region in detached.iter() {
            for room in carver.forget(region) {
                // SAFETY: the lock is held, there has been a name since the chunk was obtained, and
                // the carver gives each room once.
                unsafe { self.add_magazine(magazines, room) };
            }
        }
        Ok(detached)
    }
}

/// Chunks on their way back to the source, of which no other thread has a block. They go back at the
/// latest when this is dropped.
struct Going<'s, S: Strategy, C: Checking> {
    shared: &'s Shared<S, C>,
    regions: Option<Detached>,
    bytes: usize,
}

impl<S: Strategy, C: Checking> Going<'_, S, C> {
    fn release(&mut self) {
        if let Some(regions) = self.regions.take() {
            // SAFETY: this pool's. The thread that took them out had all their blocks, no thread
            // reads a block that it does not own, and such a pool has nothing in front of its blocks.
            self.bytes = unsafe { lock(&self.shared.growth).regions.release(regions) };
        }
    }
}

impl<S: Strategy, C: Checking> Drop for Going<'_, S, C> {
    fn drop(&mut self) {
        self.release();
    }
}

/// Takes blocks until the lists are empty. `free` has room for all blocks and for one batch more.
fn take_all<S: Strategy>(client: Client<'_, S>, free: &mut Vec<Block>) {
    loop {
        let room = free.spare_capacity_mut();
        let taken = client.request(Take::UpTo(room.len()), room);
        if taken == 0 {
            return;
        }
        // SAFETY: the request has written that many places.
        unsafe { free.set_len(free.len() + taken) };
    }
}

/// Where the blocks whose addresses are within `bytes` from `first` lie in `free`, which is sorted.
fn blocks_of(free: &[Block], first: NonNull<u8>, bytes: usize) -> Range<usize> {
    let start = first.addr().get();
    let below = |end: usize| free.partition_point(|block| block.0.addr().get() < end);
    below(start)..below(start + bytes)
}
