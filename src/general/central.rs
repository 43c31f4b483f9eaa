//! A class: its mediator, the slots of its threads, and its growth. All of it lies in a static.
//!
//! # Contract
//!
//! Any number of threads call. A slot is used by the thread that has attached it.
//!
//! # Invariants
//!
//! - CE1. Only the holder of the growth lock makes names, magazines, slots and chunks, so what it has
//!   read of their numbers stays true until it gives the lock up.
//! - CE2. What the regions have for records is never given back, and the static is never dropped. So
//!   slots, magazines and names live for ever.
//!
//! # Progress
//!
//! An exchange is as lock-free as the mediator. Growth and the first use of a class by a thread take the
//! growth lock, and obtain memory under it.

use core::alloc::Layout;
use core::mem::MaybeUninit;
use core::num::NonZeroU64;
use core::ptr::NonNull;

use super::classes::{self, CLASSES};
use super::{mapping, records};
use crate::block::{Block, MaybeBlock};
use crate::chunk::{Carver, ChunkSizes, Extras, NewChunk, Pace, Regions};
use crate::error::AllocError;
use crate::free_list::{Addressing, Magazine, Mechanism, TagPolicy, TaggedList, TaggedWide, Take};
use crate::mediator::{Client, Mediator, ShardId};
use crate::source::Source;
use crate::sync::{ForkMutex, lock};
use crate::thread_cache::{Registry, Slot, SlotRef};
use crate::threads::ThreadId;

/// The first chunk of a class, and the largest one, unless a block is larger.
const FIRST_CHUNK_BYTES: usize = 64 << 10;
const LARGEST_CHUNK_BYTES: usize = 4 << 20;

/// Slots are not told apart by threads.
const NOBODY: ThreadId = ThreadId(NonZeroU64::MAX);

/// A class.
pub(super) struct Central {
    class: usize,
    mediator: Mediator<TaggedWide>,
    registry: Registry,
    growth: ForkMutex<Growth>,
}

/// What changes under the growth lock.
struct Growth {
    carver: Carver,
    regions: Regions<Spans>,
    magazines: usize,
    /// Free blocks of threads that had no slot and no memory for one.
    stranded: Option<NonNull<Stranded>>,
    /// How many blocks were stranded so far. No slot has counted them as given.
    strandings: u64,
}

// SAFETY: the stranded blocks belong to this value alone.
unsafe impl Send for Growth {}

/// What lies in a block that is stranded.
struct Stranded(Option<NonNull<Self>>);

const _: () = assert!(size_of::<Stranded>() <= classes::size(0), "each block has room for it");

/// Chunks are mappings of their own, records come from [`records`].
struct Spans;

// SAFETY: each region is a mapping, or a piece of one, that nobody else has.
unsafe impl Source for Spans {
    fn obtain(&mut self, layout: Layout) -> Option<NonNull<u8>> {
        mapping::map(layout.size().checked_next_multiple_of(mapping::PAGE)?, layout.align())
    }

    unsafe fn release(&mut self, region: NonNull<u8>, layout: Layout) {
        // SAFETY: by the caller, obtained so.
        unsafe { mapping::unmap(region, layout.size().next_multiple_of(mapping::PAGE)) };
    }

    fn obtain_records(&mut self, layout: Layout) -> Option<NonNull<u8>> {
        records::take(layout)
    }

    unsafe fn release_records(&mut self, _: NonNull<u8>, _: Layout) {}
}

/// All classes.
pub(super) static CENTRALS: [Central; CLASSES] = {
    let mut all = [const { MaybeUninit::uninit() }; CLASSES];
    let mut class = 0;
    while class < CLASSES {
        all[class] = MaybeUninit::new(Central::new(class));
        class += 1;
    }
    // SAFETY: all were written.
    unsafe { core::mem::transmute::<[MaybeUninit<Central>; CLASSES], [Central; CLASSES]>(all) }
};

impl Central {
    const fn new(class: usize) -> Self {
        let mechanism = &Mechanism {
            name: "TaggedWide",
            lock_free: true,
            addressing: Addressing::Address,
            tag_bits: 64,
            tag_policy: TagPolicy::Wrap,
            limbo_magazines: 0,
        };
        let (full, partial) = (TaggedList::new(mechanism), TaggedList::new(mechanism));
        let empty = TaggedList::new(mechanism);
        let batch = classes::batch(class);
        // SAFETY: new lists, made for this mechanism.
        let mediator = unsafe { Mediator::in_place(batch, mechanism, full, partial, empty, None) };
        let Some(magazine) = Magazine::layout(batch.min) else { panic!("a magazine has a layout") };
        let sizes = ChunkSizes::Growing {
            first: FIRST_CHUNK_BYTES,
            largest: LARGEST_CHUNK_BYTES,
            pace: Pace::Sixteenth,
        };
        let blocks = classes::blocks(class);
        let carver = Carver::new(blocks, magazine, batch.min, sizes, usize::MAX);
        let growth = Growth {
            carver,
            regions: Regions::new(Spans),
            magazines: 0,
            stranded: None,
            strandings: 0,
        };
        Self { class, mediator, registry: Registry::new(), growth: ForkMutex::new(growth) }
    }

    fn client(&self) -> Client<'_, TaggedWide> {
        // SAFETY: the participant of such a strategy is nothing.
        unsafe { self.mediator.client(&(), ShardId::default()) }
    }

    /// A slot for a thread: one that a thread has left, or a new one. `None` without memory.
    #[cold]
    pub(super) fn attach(&self) -> Option<SlotRef> {
        let slot = match self.registry.claim(NOBODY) {
            Some(slot) => slot,
            None => self.add_slot().ok()?,
        };
        // SAFETY: claimed by the calling thread.
        unsafe { slot.set_shard(ShardId::default()) };
        Some(slot)
    }

    /// Makes a slot, and the magazine to which it has a right (M1).
    fn add_slot(&self) -> Result<SlotRef, AllocError> {
        let batch = self.mediator.batch();
        let growth = &mut *lock(&self.growth);
        let store = self.mediator.store();
        let names = growth.magazines + growth.carver.magazines_left() + 1;
        // SAFETY: the growth lock is held (CE1).
        let names_layout = unsafe { store.names_missing(names) }?;
        let none = AllocError::OutOfMemory;
        let magazine = Magazine::layout(batch.min).ok_or(none)?;
        let slot = Slot::layout(batch, 0).ok_or(none)?;
        let (layout, magazine_at) = slot.extend(magazine).map_err(|_| none)?;
        let (layout, names_at) = layout.extend(names_layout).map_err(|_| none)?;
        let room = growth.regions.obtain(layout)?;
        // SAFETY: where the names begin in the layout.
        let names_room = unsafe { room.add(names_at) };
        // SAFETY: under the lock since `names_missing`; the room stays (CE2).
        unsafe { store.add_names(names, names_room) };
        // SAFETY: where the magazine begins in the layout.
        let magazine_room = unsafe { room.add(magazine_at) };
        // SAFETY: the lock is held, there is a name, and the room is the magazine's own.
        unsafe { self.add_magazine(&mut growth.magazines, magazine_room) };
        // SAFETY: the room begins with the slot, which has it for good (CE2).
        let slot = unsafe { SlotRef::create(room, batch, 0, NOBODY, self.registry.first()) };
        // SAFETY: under the lock since the registry was read.
        unsafe { self.registry.register(slot) };
        Ok(slot)
    }

    /// # Safety
    ///
    /// The caller holds the growth lock. The store has a name for one more magazine, and the room is that
    /// magazine's alone, for good.
    unsafe fn add_magazine(&self, magazines: &mut usize, room: NonNull<u8>) {
        // SAFETY: by the caller.
        let magazine = unsafe { self.mediator.store().create(*magazines, room) };
        *magazines += 1;
        // SAFETY: of this mediator's store.
        unsafe { self.mediator.add_magazine(magazine) };
    }

    /// Takes a batch from the mediator, or carves one. Answers how many blocks were written to `out`:
    /// none if there is no memory.
    fn take(&self, out: &mut [MaybeBlock]) -> usize {
        match self.client().request(Take::One, out) {
            0 => self.grow(out).unwrap_or(0),
            taken => taken,
        }
    }

    #[cold]
    fn grow(&self, out: &mut [MaybeBlock]) -> Result<usize, AllocError> {
        let Growth { carver, regions, magazines, stranded, .. } = &mut *lock(&self.growth);
        // Another thread may have carved or offered while this one waited for the lock.
        let found = self.client().request(Take::One, out);
        if found > 0 {
            return Ok(found);
        }
        if let Some(block) = *stranded {
            // SAFETY: written by `strand`, and the block is this list's alone.
            *stranded = unsafe { block.read() }.0;
            out[0].write(Block(block.cast()));
            return Ok(1);
        }
        let store = self.mediator.store();
        let before = *magazines;
        let extras = |more, _| {
            // SAFETY: the growth lock is held (CE1).
            let kept = unsafe { store.names_missing(before + more) }?;
            Ok(Extras { front: Layout::new::<()>(), kept })
        };
        if let Some(NewChunk { magazines: more, room, .. }) = carver.prepare(regions, extras)? {
            // SAFETY: under the lock since `names_missing`; the room stays (CE2).
            unsafe { store.add_names(before + more, room) };
        }
        let carved = carver.carve(regions);
        if let Some(room) = carved.magazine_room {
            // SAFETY: the lock is held, there is a name, and the room is the magazine's own.
            unsafe { self.add_magazine(magazines, room) };
        }
        // A cache hands out its last block first, so that addresses rise.
        for (nth, place) in out[..carved.blocks].iter_mut().rev().enumerate() {
            // SAFETY: so many blocks lie from the first on.
            let block = unsafe { carved.first.add(nth * classes::size(self.class)) };
            place.write(Block(block));
        }
        Ok(carved.blocks)
    }

    /// Fills the empty array of a slot and takes a block.
    ///
    /// # Safety
    ///
    /// The calling thread has the slot, which is this class's, and its array is empty.
    #[cold]
    pub(super) unsafe fn refill(&self, slot: SlotRef) -> Option<Block> {
        // SAFETY: by the caller.
        let room = unsafe { slot.refill_room() };
        let taken = self.take(room);
        if taken == 0 {
            return None;
        }
        // SAFETY: by the caller, and so many entries were written.
        unsafe { slot.refilled(taken) };
        // SAFETY: by the caller.
        unsafe { slot.count_taken(taken) };
        // SAFETY: by the caller.
        unsafe { slot.pop() }
    }

    /// Makes room for a block in the full array of a slot.
    ///
    /// # Safety
    ///
    /// The calling thread has the slot, which is this class's, and its array is full.
    #[cold]
    pub(super) unsafe fn flush(&self, slot: SlotRef) {
        // SAFETY: by the caller.
        unsafe { self.give(slot, self.mediator.batch().min) };
    }

    /// Gives the oldest blocks of a slot's array to the mediator.
    ///
    /// # Safety
    ///
    /// The calling thread has the slot, which is this class's and has so many blocks: a batch, or all that
    /// there are.
    unsafe fn give(&self, slot: SlotRef, blocks: usize) {
        // SAFETY: by the caller; the array does not change meanwhile.
        self.client().offer(&unsafe { slot.blocks() }[..blocks]);
        // SAFETY: by the caller, and these were given away.
        unsafe { slot.flushed(blocks) };
        // SAFETY: by the caller.
        unsafe { slot.count_given(blocks) };
    }

    /// Gives all blocks of a slot to the mediator, and the slot to the next thread that attaches.
    ///
    /// # Safety
    ///
    /// The calling thread has the slot, which is this class's, and does not use it any more.
    pub(super) unsafe fn leave(&self, slot: SlotRef) {
        let batch = self.mediator.batch().min;
        loop {
            // SAFETY: by the caller.
            match unsafe { slot.len_blocks() } {
                0 => break,
                // SAFETY: by the caller; so many are there.
                left => unsafe { self.give(slot, left.min(batch)) },
            }
        }
        // SAFETY: by the caller.
        unsafe { slot.leave() };
    }

    /// Takes a block back from a thread that has no slot, and no memory for one. The next thread that
    /// finds no block in the mediator has it.
    ///
    /// # Safety
    ///
    /// It is a block of this class, which nobody uses any more.
    #[cold]
    pub(super) unsafe fn strand(&self, block: Block) {
        let growth = &mut *lock(&self.growth);
        let block = block.as_non_null().cast::<Stranded>();
        // SAFETY: by the caller; a block has room for a link, and is aligned for it.
        unsafe { block.write(Stranded(growth.stranded)) };
        growth.stranded = Some(block);
        growth.strandings += 1;
    }

    /// A block of a class whose batches are single blocks, without a slot. Such a thread needs no right to
    /// a partial magazine: there are none.
    pub(super) fn take_one(&self) -> Option<Block> {
        debug_assert_eq!(self.mediator.batch().max, 1, "a class without caches");
        let mut room = [MaybeBlock::uninit()];
        // SAFETY: so many entries were written.
        (self.take(&mut room) == 1).then(|| unsafe { room[0].assume_init() })
    }

    /// The reverse of [`take_one`](Self::take_one).
    pub(super) fn give_one(&self, block: Block) {
        self.client().offer(&[block]);
    }

    /// Blocks that were carved, bytes of the chunks, and the slots.
    pub(super) fn numbers(&self) -> Numbers {
        let growth = lock(&self.growth);
        let drawn = self.registry.iter().map(SlotRef::stats).fold(0_u64, |sum, stats| {
            sum.wrapping_add(stats.refilled_blocks).wrapping_sub(stats.flushed_blocks)
        });
        Numbers {
            carved_blocks: growth.carver.carved(),
            source_bytes: growth.regions.bytes(),
            drawn_blocks: drawn.wrapping_sub(growth.strandings),
            slots: self.registry.iter().count(),
        }
    }

    /// Takes the locks of the class, over a fork.
    ///
    /// # Safety
    ///
    /// The calling thread calls [`give_up_locks`](Self::give_up_locks) before anything else.
    pub(super) unsafe fn keep_locks(&'static self) {
        // SAFETY: by the caller; a static.
        unsafe { self.growth.keep() };
        // SAFETY: as above.
        unsafe { self.mediator.keep_locks() };
    }

    /// Gives them up.
    ///
    /// # Safety
    ///
    /// The calling thread has called [`keep_locks`](Self::keep_locks).
    pub(super) unsafe fn give_up_locks(&'static self) {
        // SAFETY: by the caller.
        unsafe { self.mediator.give_up_locks() };
        // SAFETY: by the caller.
        unsafe { self.growth.give_up() };
    }
}

/// What a class says of itself.
pub(super) struct Numbers {
    pub(super) carved_blocks: usize,
    pub(super) source_bytes: usize,
    pub(super) drawn_blocks: u64,
    pub(super) slots: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stranded_block_is_taken_before_a_fresh_one() {
        // A class that no other test of this program uses.
        let central = &CENTRALS[37];
        let slot = central.attach().expect("memory");
        // SAFETY: this thread's slot, whose array is empty.
        let block = unsafe { central.refill(slot) }.expect("memory");
        let address = block.as_ptr();
        // SAFETY: a block of this class, which nobody uses.
        unsafe { central.strand(block) };
        // SAFETY: this thread's slot, and so is its array empty: batches are of one block.
        let again = unsafe { central.refill(slot) }.expect("memory");
        assert_eq!(again.as_ptr(), address, "the stranded block is lost");
        // SAFETY: this thread's slot, which has room.
        unsafe { slot.put(again) };
        // SAFETY: this thread's slot, not used any more.
        unsafe { central.leave(slot) };
        assert_eq!(central.numbers().drawn_blocks, 0);
    }
}
