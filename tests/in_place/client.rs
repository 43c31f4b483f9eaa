//! A pool made of the raw layers, whose parts lie in it.

use core::alloc::Layout;
use core::cell::UnsafeCell;
use core::mem::MaybeUninit;
use core::num::NonZeroU64;
use core::ptr::NonNull;
use core::sync::atomic::{AtomicU64, Ordering::Relaxed};

use stampool::raw::block::{Batch, Block, BlockLayout, MAX_ALIGN, MaybeBlock};
use stampool::raw::chunk::{Carver, ChunkSizes, Extras, NewChunk, Regions};
use stampool::raw::free_list::{Immediate, Magazine, Take};
use stampool::raw::mediator::{Client, Mediator, ShardId};
use stampool::raw::sync::{ForkMutex, lock};
use stampool::raw::thread_cache::{Registry, Slot, SlotRef};
use stampool::raw::threads::ThreadId;
use stampool::{AllocError, BufferSource, Strategy};

pub(crate) const BATCH: Batch = Batch::fixed(8);
const BLOCKS: BlockLayout = match BlockLayout::new(Layout::new::<[u64; 3]>(), MAX_ALIGN) {
    Ok(blocks) => blocks,
    Err(_) => panic!("blocks of 24 bytes have a layout"),
};
const MAGAZINE: Layout = Magazine::layout(BATCH.min).expect("a magazine of 8 has a layout");
const BUFFER_BYTES: usize = 1 << 18;

/// A buffer for a source.
#[repr(align(64))]
pub(crate) struct Buffer(UnsafeCell<MaybeUninit<[u8; BUFFER_BYTES]>>);

// SAFETY: only the source uses it.
unsafe impl Sync for Buffer {}

impl Buffer {
    pub(crate) const fn new() -> Self {
        Self(UnsafeCell::new(MaybeUninit::uninit()))
    }

    /// # Safety
    ///
    /// Called once.
    pub(crate) const unsafe fn source(&'static self) -> BufferSource {
        let base = NonNull::new(self.0.get()).expect("a static has an address").cast();
        // SAFETY: the bytes of a static, of which by the caller there is one source.
        unsafe { BufferSource::from_raw_parts(base, BUFFER_BYTES) }
    }
}

/// What changes under the growth lock.
pub(crate) struct Growth {
    pub(crate) carver: Carver,
    regions: Regions<BufferSource>,
    magazines: usize,
}

impl Growth {
    pub(crate) const fn new(source: BufferSource) -> Self {
        let carver = Carver::new(BLOCKS, MAGAZINE, BATCH.min, ChunkSizes::DEFAULT, usize::MAX);
        Self { carver, regions: Regions::new(source), magazines: 0 }
    }
}

/// A pool whose parts lie in it.
pub(crate) struct InPlace<S: Strategy> {
    pub(crate) mediator: Mediator<S>,
    pub(crate) registry: Registry,
    pub(crate) growth: ForkMutex<Growth>,
}

impl<S: Strategy<Reclaimer = Immediate>> InPlace<S> {
    pub(crate) fn attach(&'static self) -> Result<Handle<S>, AllocError> {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let thread =
            ThreadId(NonZeroU64::new(NEXT.fetch_add(1, Relaxed)).expect("not yet wrapped"));
        let slot = self.registry.claim(thread).map_or_else(|| self.add_slot(thread), Ok)?;
        // SAFETY: claimed by this handle.
        unsafe { slot.set_shard(ShardId::default()) };
        Ok(Handle { pool: self, slot })
    }

    fn add_slot(&self, thread: ThreadId) -> Result<SlotRef, AllocError> {
        let growth = &mut *lock(&self.growth);
        let store = self.mediator.store();
        let names = growth.magazines + growth.carver.magazines_left() + 1;
        // SAFETY: under the growth lock.
        let names_layout = unsafe { store.names_missing(names) }?;
        let (layout, magazine_at) =
            Slot::layout(BATCH, 0).expect("a slot").extend(MAGAZINE).expect("a slot");
        let (layout, names_at) = layout.extend(names_layout).expect("a slot");
        let room = growth.regions.obtain(layout)?;
        // SAFETY: where the names begin in the layout.
        let names_room = unsafe { room.add(names_at) };
        // SAFETY: under the lock since `names_missing`; the regions are never dropped.
        unsafe { store.add_names(names, names_room) };
        // SAFETY: where the magazine begins in the layout.
        let magazine_room = unsafe { room.add(magazine_at) };
        // SAFETY: under the lock; it has a name, and the room is its own.
        unsafe { self.add_magazine(&mut growth.magazines, magazine_room) };
        // SAFETY: the room begins with the slot, which owns it for good.
        let slot = unsafe { SlotRef::create(room, BATCH, 0, thread, self.registry.first()) };
        // SAFETY: under the lock, and made to be the next one.
        unsafe { self.registry.register(slot) };
        Ok(slot)
    }

    /// # Safety
    ///
    /// The caller holds the growth lock. The store has a name for one more magazine, and the room is
    /// that magazine's alone.
    unsafe fn add_magazine(&self, magazines: &mut usize, room: NonNull<u8>) {
        // SAFETY: by the caller.
        let magazine = unsafe { self.mediator.store().create(*magazines, room) };
        *magazines += 1;
        // SAFETY: of the mediator's store.
        unsafe { self.mediator.add_magazine(magazine) };
    }

    fn grow(&self, client: Client<'_, S>, out: &mut [MaybeBlock]) -> Result<usize, AllocError> {
        let Growth { carver, regions, magazines } = &mut *lock(&self.growth);
        let found = client.request(Take::One, out);
        if found > 0 {
            return Ok(found);
        }
        let store = self.mediator.store();
        let before = *magazines;
        let extras = |more, _blocks| {
            // SAFETY: under the growth lock.
            let kept = unsafe { store.names_missing(before + more) }?;
            Ok(Extras { front: Layout::new::<()>(), kept })
        };
        if let Some(NewChunk { magazines: more, room, .. }) = carver.prepare(regions, extras)? {
            // SAFETY: under the lock since `names_missing`; the regions are never dropped.
            unsafe { store.add_names(before + more, room) };
        }
        let carved = carver.carve(regions);
        if let Some(room) = carved.magazine_room {
            // SAFETY: under the lock; it has a name, and the room is its own.
            unsafe { self.add_magazine(magazines, room) };
        }
        for (nth, place) in out[..carved.blocks].iter_mut().enumerate() {
            // SAFETY: so many blocks lie from the first on.
            place.write(Block::from(unsafe { carved.first.add(nth * BLOCKS.stride()) }));
        }
        Ok(carved.blocks)
    }
}

/// A thread's handle of a pool in place.
pub(crate) struct Handle<S: Strategy<Reclaimer = Immediate>> {
    pool: &'static InPlace<S>,
    slot: SlotRef,
}

impl<S: Strategy<Reclaimer = Immediate>> Handle<S> {
    fn client(&self) -> Client<'_, S> {
        // SAFETY: the participant of such a reclaimer is nothing.
        unsafe { self.pool.mediator.client(&(), ShardId::default()) }
    }

    pub(crate) fn allocate(&self) -> Result<Block, AllocError> {
        // SAFETY: the handle's own slot.
        if let Some(block) = unsafe { self.slot.pop() } {
            return Ok(block);
        }
        // SAFETY: the handle's own slot, whose array is empty.
        let room = unsafe { self.slot.refill_room() };
        let taken = match self.client().request(Take::One, room) {
            0 => self.pool.grow(self.client(), room)?,
            taken => taken,
        };
        // SAFETY: the handle's own slot, and so many places were written.
        unsafe { self.slot.refilled(taken) };
        // SAFETY: the handle's own slot.
        Ok(unsafe { self.slot.pop() }.expect("just filled"))
    }

    /// # Safety
    ///
    /// From the same pool, and not used any more.
    pub(crate) unsafe fn free(&self, block: Block) {
        // SAFETY: the handle's own slot.
        if unsafe { self.slot.is_full() } {
            self.give(BATCH.min);
        }
        // SAFETY: the handle's own slot, which has room.
        unsafe { self.slot.put(block) };
    }

    /// Gives the oldest blocks of the array away: a batch, or all if there are fewer.
    fn give(&self, blocks: usize) {
        // SAFETY: the handle's own slot, which does not change meanwhile.
        self.client().offer(&unsafe { self.slot.blocks() }[..blocks]);
        // SAFETY: the handle's own slot, and these were given away.
        unsafe { self.slot.flushed(blocks) };
    }
}

impl<S: Strategy<Reclaimer = Immediate>> Drop for Handle<S> {
    fn drop(&mut self) {
        loop {
            // SAFETY: the handle's own slot.
            match unsafe { self.slot.len_blocks() } {
                0 => break,
                left => self.give(left.min(BATCH.min)),
            }
        }
        // SAFETY: not used any more.
        unsafe { self.slot.leave() };
    }
}
