//! How a pool grows: new slots, new chunks, fresh batches, always under one lock.

use core::alloc::Layout;
use core::ptr::NonNull;

use super::core::{Core, Growth, UNWATCHED};
use crate::block::{Batch, Block};
use crate::checking::Checking;
use crate::chunk::NewChunk;
use crate::error::AllocError;
use crate::free_list::{Magazine, MaybeBlock, Strategy};
use crate::mediator::{Client, ShardId};
use crate::sync::{MutexGuard, lock};
use crate::thread_cache::{Slot, SlotRef};
use crate::threads::ThreadId;

/// What a new chunk needs beside its magazines and blocks, in one room, and where the parts begin.
/// Names of magazines come first.
struct ChunkExtras {
    layout: Layout,
    /// Numbers of blocks, where they have any.
    block_table: usize,
    /// What the pool keeps to check its blocks.
    checking: usize,
}

impl<S: Strategy, C: Checking> Core<S, C> {
    #[cold]
    pub(super) fn add_slot(&self, thread: ThreadId) -> Result<SlotRef, AllocError> {
        // One for the handle's remainder, and those that may wait on its account.
        let limbo = self.mechanism.limbo_magazines;
        let (batch, magazine) = (self.mediator.batch(), self.magazine_layout());
        let (slot, magazines_at) = Self::slot_layout(batch, magazine, 1 + limbo)
            .expect("the builder has checked the batch and the limbo");

        let mut growth = self.unsealed()?;
        let growth = &mut *growth;
        let store = self.mediator.store();
        // The chunk's magazines keep their names.
        let magazines = growth.magazines + growth.carver.batches_left() + 1 + limbo;
        let names = store.names_missing(magazines)?;
        let (layout, names_at) = slot.extend(names).map_err(|_| AllocError::OutOfMemory)?;
        let room = growth.regions.obtain(layout)?;
        // SAFETY: where the names begin in the layout.
        let names_room = unsafe { room.add(names_at) };
        // SAFETY: locked since `names_missing`; the room is the store's until the regions are
        // dropped.
        unsafe { store.add_names(magazines, names_room) };
        for nth in 0..1 + limbo {
            // SAFETY: where the magazine begins in the layout.
            let magazine_room = unsafe { room.add(magazines_at + nth * magazine.size()) };
            // SAFETY: locked, with a name; the room is the magazine's until the regions are
            // dropped.
            unsafe { self.add_magazine(&mut growth.magazines, magazine_room) };
        }
        self.mediator.extend_limbo(limbo);
        let quarantine = C::QUARANTINE;
        // SAFETY: the room begins with the slot, and is its own until the regions are dropped.
        let slot =
            unsafe { SlotRef::create(room, batch, quarantine, thread, self.registry.first()) };
        self.registry.register(slot);
        growth.slots += 1;
        Ok(slot)
    }

    /// A slot and `magazines` magazines behind it, and where those begin.
    pub(super) fn slot_layout(
        batch: Batch,
        magazine: Layout,
        magazines: usize,
    ) -> Option<(Layout, usize)> {
        let magazines =
            Layout::from_size_align(magazine.size().checked_mul(magazines)?, magazine.align());
        Slot::layout(batch, C::QUARANTINE)?.extend(magazines.ok()?).ok()
    }

    /// # Safety
    ///
    /// Under the growth lock, with a name for one more magazine, and room for it.
    unsafe fn add_magazine(&self, magazines: &mut usize, room: NonNull<u8>) {
        // SAFETY: by the caller; `magazines` counts up.
        let magazine = unsafe { self.mediator.store().create(*magazines, room) };
        *magazines += 1;
        self.mediator.add_magazine(magazine);
    }

    pub(super) fn magazine_layout(&self) -> Layout {
        Magazine::layout(self.mediator.batch().max).expect("the builder has checked the batch")
    }

    #[cold]
    pub(super) fn grow(
        &self,
        client: Client<'_, S>,
        room: &mut [MaybeBlock],
    ) -> Result<usize, AllocError> {
        let mut growth = self.unsealed()?;
        // The thread that held the lock before may have carved, and freed, what is wanted here.
        // Seen empty now, the lists stay out of the sum that bounds what is carved below.
        let found = client.request_batch(room);
        if found > 0 {
            return Ok(found);
        }
        // Nothing is found either where the lists have no tags left.
        if self.mediator.refuses() {
            return Err(AllocError::TagsExhausted);
        }
        self.carve(&mut growth, room)
    }

    /// Writes up to a batch of fresh blocks to `room`.
    fn carve(&self, growth: &mut Growth, room: &mut [MaybeBlock]) -> Result<usize, AllocError> {
        let magazines = growth.magazines;
        let chunk_extras = |batches, blocks| self.chunk_extras(magazines + batches, blocks);
        let layout = |batches, blocks| Ok(chunk_extras(batches, blocks)?.layout);
        if let Some(new) = growth.carver.prepare(&mut growth.regions, layout)? {
            let parts = chunk_extras(new.batches, new.blocks).expect("as it was just now");
            // SAFETY: locked since; the room has that layout.
            unsafe { self.add_chunk(magazines + new.batches, &new, &parts) };
        }
        let carved = growth.carver.carve();
        if let Some(table) = &self.block_table {
            // SAFETY: locked, with places; the carver gives each block once, laid out as the pool
            // was told.
            unsafe { table.register(carved.first, carved.blocks, self.layout.stride()) };
        }
        // SAFETY: locked, with a name; the carver gives each room once.
        unsafe { self.add_magazine(&mut growth.magazines, carved.magazine_room) };
        // A cache hands out its last block first: write them so that addresses rise.
        for (nth, entry) in room[..carved.blocks].iter_mut().rev().enumerate() {
            // SAFETY: `blocks` neighbours lie from `first` on, a stride apart.
            entry.write(Block(unsafe { carved.first.add(nth * self.layout.stride()) }));
        }
        let fresh = room.as_mut_ptr().cast::<Block>();
        // SAFETY: written just now, and borrowed from the caller.
        let fresh = unsafe { core::slice::from_raw_parts_mut(fresh, carved.blocks) };
        // SAFETY: of a chunk that was added, and ours until they are returned.
        unsafe { self.checking.carved(fresh) };
        Ok(carved.blocks)
    }

    /// Room for the names of the first `magazines` magazines, and for what is kept of `blocks` new
    /// blocks.
    fn chunk_extras(&self, magazines: usize, blocks: usize) -> Result<ChunkExtras, AllocError> {
        let too_large = |_| AllocError::OutOfMemory;
        let names = self.mediator.store().names_missing(magazines)?;
        let numbers =
            self.block_table.as_ref().map_or(Layout::new::<()>(), |table| table.missing(blocks));
        let (layout, block_table) = names.extend(numbers).map_err(too_large)?;
        let shadow = C::room(blocks).ok_or(AllocError::OutOfMemory)?;
        let (layout, checking) = layout.extend(shadow).map_err(too_large)?;
        Ok(ChunkExtras { layout, block_table, checking })
    }

    /// Makes a new chunk known to all who keep something beside it. There are `magazines` magazines
    /// then.
    ///
    /// # Safety
    ///
    /// Under the growth lock since `beside` said `parts`. The chunk's room has that layout, and is
    /// the core's until the regions are dropped.
    unsafe fn add_chunk(&self, magazines: usize, new: &NewChunk, parts: &ChunkExtras) {
        if let Some(table) = &self.block_table {
            // SAFETY: where this part begins in the layout.
            let places = unsafe { new.room.add(parts.block_table) };
            // SAFETY: by the caller.
            unsafe { table.install(new.blocks, places) };
        }
        // SAFETY: where this part begins in the layout.
        let shadow = unsafe { new.room.add(parts.checking) };
        // SAFETY: by the caller; `checking` is dropped before the regions.
        unsafe { self.checking.add_chunk(shadow, new.first, new.blocks) };
        // SAFETY: by the caller; this part comes first.
        unsafe { self.mediator.store().add_names(magazines, new.room) };
    }

    /// The growth lock, unless the pool is sealed: a thread that has heard of the seal takes no
    /// lock.
    fn unsealed(&self) -> Result<MutexGuard<'_, Growth>, AllocError> {
        if self.sealed.get() == 0 {
            let growth = lock(&self.growth);
            if !growth.sealed {
                return Ok(growth);
            }
        }
        Err(AllocError::Sealed)
    }

    /// Carves until there are so many blocks, and adds slots for as many handles.
    ///
    /// Goes on behalf of a handle of its own, since a remainder may be offered (M3 of the
    /// mediator).
    pub(super) fn prefill(&self, blocks: usize, handles: usize) -> Result<(), AllocError> {
        let growth = lock(&self.growth);
        let missing = handles.saturating_sub(growth.slots);
        let is_enough = move |growth: &mut Growth| growth.carver.carved() >= blocks;
        let has_enough = growth.carver.carved() >= blocks;
        drop(growth);
        if missing == 0 && has_enough {
            return Ok(());
        }
        let shard = self.shard_id();
        let mut claimed = Claimed(Vec::new());
        for _ in 0..missing {
            claimed.0.push(self.add_slot(UNWATCHED)?);
        }
        if missing == 0 {
            claimed.0.push(self.attach_unwatched()?);
        }
        self.carve_until(shard, is_enough)
    }

    /// Carves what the current chunk has left, and then nothing any more.
    pub(super) fn seal(&self) -> Result<(), AllocError> {
        if self.sealed.get() != 0 {
            return Ok(());
        }
        let shard = self.shard_id();
        let _slot = Claimed(vec![self.attach_unwatched()?]);
        self.carve_until(shard, |growth| {
            growth.sealed |= growth.carver.batches_left() == 0;
            if growth.sealed {
                self.sealed.set(1);
            }
            growth.sealed
        })
    }

    /// Carves for the list of `shard`. The caller owns a slot. `is_enough` is asked under the lock.
    fn carve_until(
        &self,
        shard: ShardId,
        is_enough: impl Fn(&mut Growth) -> bool,
    ) -> Result<(), AllocError> {
        let participant = self.mediator.join();
        let mut room = vec![MaybeBlock::uninit(); self.mediator.batch().max];
        loop {
            let mut growth = lock(&self.growth);
            if is_enough(&mut growth) {
                return Ok(());
            }
            if growth.sealed {
                return Err(AllocError::Sealed);
            }
            if self.mediator.refuses() {
                return Err(AllocError::TagsExhausted);
            }
            let count = self.carve(&mut growth, &mut room)?;
            drop(growth);
            // SAFETY: so many were written.
            let blocks = room[..count].iter().map(|block| unsafe { block.assume_init() });
            self.mediator.client(&participant, shard).offer(&blocks.collect::<Vec<_>>());
        }
    }

    /// Runs `f` under the growth lock.
    pub(super) fn without_growth<R>(&self, f: impl FnOnce() -> R) -> R {
        let _growth = lock(&self.growth);
        f()
    }
}

/// Slots that were claimed and never used. Given up at the end, that of a panic too.
struct Claimed(Vec<SlotRef>);

impl Drop for Claimed {
    fn drop(&mut self) {
        for slot in &self.0 {
            // SAFETY: claimed by who made this, and never used.
            unsafe { slot.leave() };
        }
    }
}
