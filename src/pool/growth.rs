//! How a pool grows: new slots, new chunks, fresh batches, always under one lock.

use core::alloc::Layout;
use core::ptr::NonNull;

use super::shared::{Growth, Shared, UNWATCHED};
use crate::block::{Batch, Block, MaybeBlock};
use crate::checking::Checking;
use crate::chunk::{Extras, NewChunk};
use crate::error::AllocError;
use crate::free_list::{Magazine, Strategy, Take};
use crate::mediator::{Client, ShardId};
use crate::sync::{MutexGuard, lock, site};
use crate::thread_cache::{Slot, SlotRef};
use crate::threads::ThreadId;

/// The layout of what a new chunk needs beside its magazines and blocks. The names of magazines come
/// first in what is kept.
struct ChunkExtras {
    layout: Extras,
    /// Where the numbers of the blocks begin in what is kept, if the pool numbers its blocks.
    block_table: usize,
}

/// The layout of a slot and of the magazines that come with it.
pub(super) struct SlotParts {
    layout: Layout,
    /// Where the ordinary magazines begin.
    magazines: usize,
    /// Where the large magazine begins, if there is one.
    large: Option<usize>,
}

impl<S: Strategy, C: Checking> Shared<S, C> {
    #[cold]
    pub(super) fn add_slot(&self, thread: ThreadId) -> Result<SlotRef, AllocError> {
        // One magazine for the handle's remainder, and those that may wait in limbo for the handle.
        let limbo = self.mechanism.limbo_magazines;
        let (batch, magazine) = (self.mediator.batch(), self.magazine_layout());
        let SlotParts { layout: slot, magazines: magazines_at, large: large_at } =
            Self::slot_parts(batch, 1 + limbo)
                .expect("the builder has checked the batch and the limbo");
        let large = usize::from(large_at.is_some());

        let mut growth = self.unsealed()?;
        let growth = &mut *growth;
        let store = self.mediator.store();
        // The magazines that the chunk still brings will need names as well.
        let magazines = growth.magazines + growth.carver.magazines_left() + 1 + limbo + large;
        // SAFETY: the lock is held.
        let names = unsafe { store.names_missing(magazines) }?;
        let (layout, names_at) = slot.extend(names).map_err(|_| AllocError::OutOfMemory)?;
        let room = growth.regions.obtain(layout)?;
        // SAFETY: the names begin there in the layout.
        let names_room = unsafe { room.add(names_at) };
        // SAFETY: the lock has been held since `names_missing`, and the store owns the room until
        // the regions are dropped.
        unsafe { store.add_names(magazines, names_room) };
        for nth in 0..1 + limbo {
            // SAFETY: the magazine begins there in the layout.
            let magazine_room = unsafe { room.add(magazines_at + nth * magazine.size()) };
            // SAFETY: the lock is held, there is a name, and the magazine owns the room until the
            // regions are dropped.
            unsafe { self.add_magazine(&mut growth.magazines, magazine_room) };
        }
        if let Some(large_at) = large_at {
            // SAFETY: the magazine begins there in the layout.
            let large_room = unsafe { room.add(large_at) };
            // SAFETY: as above.
            unsafe { self.add_large_magazine(growth, large_room) };
        }
        self.mediator.extend_limbo(limbo);
        let quarantine = C::QUARANTINE;
        // SAFETY: the room begins with the slot, which owns it until the regions are dropped.
        let slot =
            unsafe { SlotRef::create(room, batch, quarantine, thread, self.registry.first()) };
        if self.counts() {
            // SAFETY: just made, and no other thread knows it.
            unsafe { slot.close() };
        }
        // SAFETY: the lock is held, and the slot was made to be the next one.
        unsafe { self.registry.register(slot) };
        growth.slots += 1;
        Ok(slot)
    }

    /// The layout of a slot with `magazines` magazines behind it, and a large one if batches grow.
    pub(super) fn slot_parts(batch: Batch, magazines: usize) -> Option<SlotParts> {
        let magazine = Magazine::layout(batch.min)?;
        let rooms =
            Layout::from_size_align(magazine.size().checked_mul(magazines)?, magazine.align());
        let slot = Slot::layout(batch, C::QUARANTINE)?;
        let (layout, magazines) = slot.extend(rooms.ok()?).ok()?;
        if !batch.grows() {
            return Some(SlotParts { layout, magazines, large: None });
        }
        let (layout, large) = layout.extend(Magazine::layout(batch.max)?).ok()?;
        Some(SlotParts { layout, magazines, large: Some(large) })
    }

    /// # Safety
    ///
    /// The caller holds the growth lock. The store has a name for one more magazine, and `room` has
    /// the layout of one and is not used otherwise until the regions are dropped.
    pub(super) unsafe fn add_magazine(&self, magazines: &mut usize, room: NonNull<u8>) {
        // SAFETY: by the caller; `magazines` counts up.
        let magazine = unsafe { self.mediator.store().create(*magazines, room) };
        *magazines += 1;
        // SAFETY: made by the mediator's store.
        unsafe { self.mediator.add_magazine(magazine) };
    }

    /// # Safety
    ///
    /// As [`add_magazine`](Self::add_magazine), for a large one.
    unsafe fn add_large_magazine(&self, growth: &mut Growth, room: NonNull<u8>) {
        // SAFETY: by the caller; `magazines` counts up.
        let magazine = unsafe { self.mediator.store().create_large(growth.magazines, room) };
        growth.magazines += 1;
        growth.large_magazines += 1;
        // SAFETY: made by the mediator's store.
        unsafe { self.mediator.add_magazine(magazine) };
    }

    /// The layout of an ordinary magazine.
    pub(super) fn magazine_layout(&self) -> Layout {
        Magazine::layout(self.mediator.batch().min).expect("the builder has checked the batch")
    }

    /// The layout of a large magazine.
    pub(super) fn large_layout(&self) -> Layout {
        Magazine::layout(self.mediator.batch().max).expect("the builder has checked the batch")
    }

    #[cold]
    pub(super) fn grow(
        &self,
        client: Client<'_, S>,
        room: &mut [MaybeBlock],
    ) -> Result<usize, AllocError> {
        let mut growth = self.unsealed()?;
        // The thread that held the lock before may have carved blocks and freed them since. The
        // memory bound also needs this request: it shows that the lists are empty under the lock.
        let found = client.request(Take::One, room);
        if found > 0 {
            return Ok(found);
        }
        // A request also finds nothing if the lists have no tags left.
        if self.mediator.refuses() {
            return Err(AllocError::TagsExhausted);
        }
        self.carve(&mut growth, room)
    }

    /// Writes up to a batch of fresh blocks to `room`.
    fn carve(&self, growth: &mut Growth, room: &mut [MaybeBlock]) -> Result<usize, AllocError> {
        let magazines = growth.magazines;
        // SAFETY: `growth` is borrowed from the lock's guard.
        let chunk_extras = |more, blocks| unsafe { self.chunk_extras(magazines + more, blocks) };
        let layout = |more, blocks| Ok(chunk_extras(more, blocks)?.layout);
        if let Some(new) = growth.carver.prepare(&mut growth.regions, layout)? {
            let parts = chunk_extras(new.magazines, new.blocks).expect("as it was just now");
            // SAFETY: the lock has been held since, and the rooms have these layouts.
            unsafe { self.add_chunk(magazines + new.magazines, &new, &parts) };
        }
        let carved = growth.carver.carve(&mut growth.regions);
        if let Some(table) = &self.block_table {
            // SAFETY: the lock is held, the chunk has brought places, and the carver gives each
            // block once, with the pool's layout.
            unsafe { table.register(carved.first, carved.blocks, self.layout.stride()) };
        }
        if let Some(room) = carved.magazine_room {
            // SAFETY: the lock is held, there is a name, and the carver gives each room once.
            unsafe { self.add_magazine(&mut growth.magazines, room) };
        }
        // A cache hands out its last block first. Writing the blocks in reverse makes the addresses
        // of successive allocations rise.
        for (nth, entry) in room[..carved.blocks].iter_mut().rev().enumerate() {
            // SAFETY: `carved.blocks` blocks lie from `first` on, a stride apart.
            let block = unsafe { carved.first.add(nth * self.layout.stride()) };
            if let Some(prepare) = self.prepare {
                // SAFETY: the carver gives each block once, and no other thread has it yet.
                unsafe { prepare(block) };
            }
            entry.write(Block(block));
        }
        let fresh = room.as_mut_ptr().cast::<Block>();
        // SAFETY: the loop has written these places, and `room` is borrowed from the caller.
        let fresh = unsafe { core::slice::from_raw_parts_mut(fresh, carved.blocks) };
        // SAFETY: the blocks are of a chunk that was added, and no other thread has them yet.
        unsafe { self.checking.carved(fresh) };
        Ok(carved.blocks)
    }

    /// The layouts for the names that the first `magazines` magazines still lack, and for what the
    /// pool keeps about `blocks` new blocks.
    ///
    /// # Safety
    ///
    /// The caller holds the growth lock.
    unsafe fn chunk_extras(
        &self,
        magazines: usize,
        blocks: usize,
    ) -> Result<ChunkExtras, AllocError> {
        // SAFETY: by the caller.
        let names = unsafe { self.mediator.store().names_missing(magazines) }?;
        let numbers = self.block_table.as_ref().map_or(Layout::new::<()>(), |table| {
            // SAFETY: by the caller.
            unsafe { table.missing(blocks) }
        });
        let (kept, block_table) = names.extend(numbers).map_err(|_| AllocError::OutOfMemory)?;
        let front = C::room(blocks).ok_or(AllocError::OutOfMemory)?;
        Ok(ChunkExtras { layout: Extras { front, kept }, block_table })
    }

    /// Registers a new chunk with the block table, the checking and the store of magazines, after
    /// which the store has names for `magazines` magazines.
    ///
    /// # Safety
    ///
    /// The caller has held the growth lock since `chunk_extras` returned `parts`. The chunk's rooms
    /// have these layouts. They belong to the shared part: what is kept until the regions are dropped, and
    /// the part in front of the blocks until the region goes back.
    unsafe fn add_chunk(&self, magazines: usize, new: &NewChunk, parts: &ChunkExtras) {
        if let Some(table) = &self.block_table {
            // SAFETY: this part begins there in the layout.
            let places = unsafe { new.room.add(parts.block_table) };
            // SAFETY: by the caller.
            unsafe { table.install(new.blocks, places) };
        }
        // SAFETY: by the caller. A pool that checks gives no region of blocks back (`shrink.rs`), and
        // `checking` is dropped before the regions.
        unsafe { self.checking.add_chunk(new.front, new.first, new.blocks) };
        // SAFETY: by the caller; this part comes first.
        unsafe { self.mediator.store().add_names(magazines, new.room) };
    }

    /// Takes the growth lock, unless the pool is sealed. A thread that reads the seal in `sealed`
    /// takes no lock.
    pub(super) fn unsealed(&self) -> Result<MutexGuard<'_, Growth>, AllocError> {
        // ORDERING(SE-1): Relaxed. Nothing is read through the seal, and a thread that does not see it
        //   asks again under the lock.
        if self.sealed.load(site::SEAL_LOOK.ordering()) == 0 {
            let growth = lock(&self.growth);
            if !growth.sealed {
                return Ok(growth);
            }
        }
        Err(AllocError::Sealed)
    }

    /// Carves until there are `blocks` blocks, and adds slots until there are `handles`.
    ///
    /// The call owns a slot meanwhile, because it may offer a remainder (M3 of the mediator).
    pub(super) fn prefill(&self, blocks: usize, handles: usize) -> Result<(), AllocError> {
        let growth = lock(&self.growth);
        let missing = handles.saturating_sub(growth.slots);
        let is_enough = move |growth: &mut Growth| growth.carver.carved() >= blocks;
        let has_enough = growth.carver.carved() >= blocks;
        drop(growth);
        if missing == 0 && has_enough {
            return Ok(());
        }
        let shard = self.current_shard();
        let mut claimed = Claimed(Vec::new());
        for _ in 0..missing {
            claimed.0.push(self.add_slot(UNWATCHED)?);
        }
        if missing == 0 {
            claimed.0.push(self.claim(UNWATCHED)?);
        }
        self.carve_until(shard, is_enough)
    }

    /// Carves the rest of the current chunk and then seals the pool.
    pub(super) fn seal(&self) -> Result<(), AllocError> {
        // ORDERING(SE-1): Relaxed. As in `unsealed`.
        if self.sealed.load(site::SEAL_LOOK.ordering()) != 0 {
            return Ok(());
        }
        let shard = self.current_shard();
        let slot = match self.claim(UNWATCHED) {
            // Another thread has sealed the pool meanwhile.
            Err(AllocError::Sealed) => return Ok(()),
            claimed => claimed?,
        };
        let _slot = Claimed(vec![slot]);
        self.carve_until(shard, |growth| {
            growth.sealed |= growth.carver.batches_left() == 0;
            if growth.sealed {
                // ORDERING(SE-2): Relaxed. As SE-1.
                self.sealed.store(1, site::SEAL_SET.ordering());
            }
            growth.sealed
        })
    }

    /// Carves batches and offers them to `shard`, until `is_enough`, which is called under the
    /// growth lock, returns true. The caller owns a slot.
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
            // SAFETY: `carve` has written the first `count` places.
            let blocks = room[..count].iter().map(|block| unsafe { block.assume_init() });
            let blocks: Vec<Block> = blocks.collect();
            // SAFETY: the participant has joined above.
            unsafe { self.mediator.client(&participant, shard) }.offer(&blocks);
        }
    }
}

/// Slots that were claimed and never used. Dropping this releases them, also during a panic.
pub(super) struct Claimed(pub(super) Vec<SlotRef>);

impl Drop for Claimed {
    fn drop(&mut self) {
        for slot in &self.0 {
            // SAFETY: the thread that made this has claimed the slot and never used it.
            unsafe { slot.leave() };
        }
    }
}
