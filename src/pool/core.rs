//! What all handles of a pool share, and how the pool grows.
//!
//! # Orders of locks
//!
//! `gate`, then `growth`, then whatever a blocking strategy locks. The source is called under
//! `growth`.

use core::alloc::Layout;
use core::ptr::NonNull;

use crossbeam_utils::CachePadded;

use super::{Census, Stats, watch};
use crate::block::{Block, BlockLayout};
use crate::chunk::{Carver, Level, Misuse, Regions};
use crate::error::AllocError;
use crate::free_list::{MaybeBlock, Plan, Shell, Strategy};
use crate::mediator::{Mediator, Participant, Waiting};
use crate::sync::{Arc, Mutex, lock};
use crate::thread_cache::{
    self, EndHook, Registry, Slot, SlotRef, ThreadHandling, ThreadId, Watcher,
};

/// The shared part of a pool.
pub(super) struct Core<S: Strategy> {
    pub(super) mediator: Mediator<S>,
    registry: Registry,
    growth: CachePadded<Mutex<Growth>>,
    handling: Box<dyn ThreadHandling>,
    gate: Arc<Gate<S>>,
    /// The gate, for [`ThreadHandling::watch`].
    hook: EndHook,
    plan: Plan,
    pub(super) level: S::Level,
    layout: BlockLayout,
    /// Blocks asked for at most.
    capacity: usize,
}

/// What a handle knows of the level of its pool.
pub(super) type Seat<S> = <<S as Strategy>::Level as Level>::Seat;

/// What changes when the pool grows. Its lock is the growth lock of the layers below.
struct Growth {
    carver: Carver,
    shells: usize,
    slots: usize,
    /// Last: the memory that all else lies in.
    regions: Regions,
}

/// The way from a thread's end to its pool, shut before the pool is dropped.
struct Gate<S: Strategy>(Mutex<Option<NonNull<Core<S>>>>);

// SAFETY: the pointer is used under the mutex only, and what it leads to may be shared.
unsafe impl<S: Strategy> Send for Gate<S> {}
// SAFETY: as above.
unsafe impl<S: Strategy> Sync for Gate<S> {}

impl<S: Strategy> Watcher for Gate<S> {
    unsafe fn thread_ended(&self, thread: ThreadId) {
        if let Some(core) = *lock(&self.0) {
            // SAFETY: the gate is open, so the pool lives; it is locked, so it stays.
            let core = unsafe { core.as_ref() };
            // SAFETY: by the caller, this is `thread`, and none of its handles is in a call.
            unsafe { core.take_back(thread) };
        }
    }
}

impl<S: Strategy> Core<S> {
    #[allow(clippy::too_many_arguments, reason = "each is another part of the pool")]
    pub(super) fn new(
        plan: Plan,
        layout: BlockLayout,
        level: S::Level,
        batch: usize,
        carver: Carver,
        capacity: usize,
        regions: Regions,
        handling: Box<dyn ThreadHandling>,
    ) -> Self {
        let gate = Arc::new(Gate(Mutex::new(None)));
        Self {
            mediator: Mediator::new(batch, &plan),
            registry: Registry::default(),
            growth: CachePadded::new(Mutex::new(Growth { carver, shells: 0, slots: 0, regions })),
            handling,
            hook: thread_cache::hook(&gate),
            gate,
            plan,
            level,
            layout,
            capacity,
        }
    }

    /// Lets end hooks in, now that the core has its address.
    pub(super) fn open(this: NonNull<Self>) {
        // SAFETY: just made, and not shared yet.
        let core = unsafe { this.as_ref() };
        *lock(&core.gate.0) = Some(this);
    }

    /// A seat for the calling thread: a free slot, or a new one and the shell that comes with it.
    pub(super) fn attach(&self) -> Result<SlotRef, AllocError> {
        let thread = self.handling.current();
        self.handling.watch(&self.hook);
        match self.registry.claim(thread) {
            Some(slot) => Ok(slot),
            None => self.seat(thread),
        }
    }

    #[cold]
    fn seat(&self, thread: ThreadId) -> Result<SlotRef, AllocError> {
        let limit = 2 * self.mediator.batch();
        // One for the handle's remainder, and those that may wait on its account.
        let limbo = self.plan.limbo_shells;
        let shell = Self::shell_layout(self.mediator.batch());
        let (seat, shells_at) = Self::seat_layout(limit, shell, 1 + limbo)
            .expect("the builder has checked the batch and the limbo");

        let mut growth = lock(&self.growth);
        let growth = &mut *growth;
        let store = self.mediator.store();
        // The chunk's shells keep their names.
        let shells = growth.shells + growth.carver.batches_left() + 1 + limbo;
        let names = store.names_missing(shells)?;
        let (layout, names_at) = seat.extend(names).map_err(|_| AllocError::OutOfMemory)?;
        let room = growth.regions.obtain(layout)?;
        // SAFETY: where the names begin in the layout.
        let names_room = unsafe { room.add(names_at) };
        // SAFETY: locked since `names_missing`; the room is the store's until the regions are
        // dropped.
        unsafe { store.add_names(shells, names_room) };
        for nth in 0..1 + limbo {
            // SAFETY: where the shell begins in the layout.
            let shell_room = unsafe { room.add(shells_at + nth * shell.size()) };
            // SAFETY: locked, with a name; the room is the shell's until the regions are dropped.
            unsafe { self.add_shell(&mut growth.shells, shell_room) };
        }
        self.mediator.extend_limbo(limbo);
        let quarantine = S::Level::QUARANTINE;
        // SAFETY: the room begins with the slot, and is its own until the regions are dropped.
        let slot =
            unsafe { SlotRef::create(room, limit, quarantine, thread, self.registry.first()) };
        self.registry.register(slot);
        growth.slots += 1;
        Ok(slot)
    }

    /// A slot for `limit` blocks and `shells` shells behind it, and where those begin.
    pub(super) fn seat_layout(
        limit: usize,
        shell: Layout,
        shells: usize,
    ) -> Option<(Layout, usize)> {
        let shells = Layout::from_size_align(shell.size().checked_mul(shells)?, shell.align());
        Slot::layout(limit, S::Level::QUARANTINE)?.extend(shells.ok()?).ok()
    }

    /// # Safety
    ///
    /// Under the growth lock, with a name for one more shell, and room for it.
    unsafe fn add_shell(&self, shells: &mut usize, room: NonNull<u8>) {
        // SAFETY: by the caller; `shells` counts up.
        let shell = unsafe { self.mediator.store().create(*shells, room) };
        *shells += 1;
        self.mediator.add_shell(shell);
    }

    pub(super) fn shell_layout(batch: usize) -> Layout {
        Shell::layout(batch).expect("the builder has checked the batch")
    }

    /// One batch for a cache that is empty: from the mediator, or else freshly carved.
    pub(super) fn refill(
        &self,
        participant: &Participant<S>,
        room: &mut [MaybeBlock],
    ) -> Result<usize, AllocError> {
        if self.mediator.refuses() {
            return Err(AllocError::TagsExhausted);
        }
        match self.mediator.request(participant, room) {
            0 => self.grow(participant, room),
            blocks => Ok(blocks),
        }
    }

    #[cold]
    fn grow(
        &self,
        participant: &Participant<S>,
        room: &mut [MaybeBlock],
    ) -> Result<usize, AllocError> {
        let mut growth = lock(&self.growth);
        let growth = &mut *growth;
        // Whoever held the lock before may have carved, and freed, what is wanted here. Seen
        // empty now, the lists stay out of the sum that bounds what is carved below.
        let found = self.mediator.request(participant, room);
        if found > 0 {
            return Ok(found);
        }
        let (store, shells) = (self.mediator.store(), growth.shells);
        let extra = |batches, blocks| Self::extra(store.names_missing(shells + batches)?, blocks);
        let beside = |batches, blocks| Ok(extra(batches, blocks)?.0);
        if let Some(new) = growth.carver.prepare(&mut growth.regions, beside)? {
            let (_, shadow_at) = extra(new.batches, new.blocks).expect("as it was just now");
            // SAFETY: locked since `names_missing`; the room is the store's until the regions are
            // dropped.
            unsafe { store.add_names(shells + new.batches, new.room) };
            // SAFETY: where the level's part begins in the layout.
            let shadow = unsafe { new.room.add(shadow_at) };
            // SAFETY: locked; room and blocks live until the regions are dropped, after the level.
            unsafe { self.level.add_chunk(shadow, new.first, new.blocks) };
        }
        let carved = growth.carver.carve();
        // SAFETY: locked, with a name; the carver gives each room once.
        unsafe { self.add_shell(&mut growth.shells, carved.shell_room) };
        // A cache hands out its last block first: write them so that addresses rise.
        for (nth, entry) in room[..carved.blocks].iter_mut().rev().enumerate() {
            // SAFETY: `blocks` neighbours lie from `first` on, a stride apart.
            entry.write(Block(unsafe { carved.first.add(nth * self.layout.stride()) }));
        }
        let fresh = room.as_mut_ptr().cast::<Block>();
        // SAFETY: written just now, and borrowed from the caller.
        let fresh = unsafe { core::slice::from_raw_parts_mut(fresh, carved.blocks) };
        // SAFETY: of a chunk that the level has learnt of, and ours until they are returned.
        unsafe { self.level.carved(fresh) };
        Ok(carved.blocks)
    }

    /// What a chunk needs beside its shells and blocks, and where the level's part of it begins.
    fn extra(names: Layout, blocks: usize) -> Result<(Layout, usize), AllocError> {
        let shadow = S::Level::room(blocks).ok_or(AllocError::OutOfMemory)?;
        names.extend(shadow).map_err(|_| AllocError::OutOfMemory)
    }

    /// Gives the oldest `count` blocks of a slot to the mediator.
    ///
    /// # Errors
    ///
    /// One of them is somebody else's, and is taken out. The others are still there.
    ///
    /// # Safety
    ///
    /// The caller is seated there, and the slot holds so many.
    pub(super) unsafe fn flush(
        &self,
        slot: SlotRef,
        seat: &Seat<S>,
        participant: &Participant<S>,
        count: usize,
    ) -> Result<(), Misuse> {
        // SAFETY: by the caller.
        unsafe { watch::shelve(&self.level, seat, slot, count) }?;
        // SAFETY: by the caller.
        unsafe { slot.flush(count, |blocks| self.mediator.offer(participant, blocks)) };
        Ok(())
    }

    /// Gives all blocks of a slot to the mediator, but those that are somebody else's, and says what
    /// was wrong with the last of these.
    ///
    /// # Safety
    ///
    /// The caller is seated there.
    pub(super) unsafe fn hand_in(
        &self,
        slot: SlotRef,
        seat: &Seat<S>,
        participant: &Participant<S>,
    ) -> Option<Misuse> {
        let batch = self.mediator.batch();
        let mut found = None;
        loop {
            // SAFETY: by the caller.
            let blocks = unsafe { slot.len_blocks() }.min(batch);
            if blocks > 0 {
                // SAFETY: by the caller; at most what is there.
                found = unsafe { self.flush(slot, seat, participant, blocks) }.err().or(found);
                continue;
            }
            // SAFETY: by the caller; the array is empty.
            if unsafe { slot.release_batch(batch) } == 0 {
                return found;
            }
        }
    }

    /// Takes back what forgotten handles of an ending thread hold. The slots stay taken: such a
    /// handle may still be used, by a thread-local destructor that runs later.
    ///
    /// # Safety
    ///
    /// On that thread, with none of its handles in a call.
    unsafe fn take_back(&self, thread: ThreadId) {
        let participant = self.mediator.join();
        for slot in self.registry.iter().filter(|slot| slot.owner() == Some(thread)) {
            let seat = self.level.seat(slot.address());
            // Of what is wrong nothing is said: a thread that ends must not panic.
            // SAFETY: the calling thread is seated here, by its id.
            unsafe { self.hand_in(slot, &seat, &participant) };
        }
    }

    pub(super) fn stats(&self) -> Stats {
        let Waiting { limbo_shells, limbo_limit, overflows } = self.mediator.waiting();
        let growth = lock(&self.growth);
        Stats {
            strategy: self.plan.name,
            level: S::Level::NAME,
            lock_free: self.plan.lock_free,
            tag_bits: self.plan.tag_bits,
            block_size: self.layout.stride(),
            block_align: self.layout.align(),
            batch_blocks: self.mediator.batch(),
            capacity_blocks: (self.capacity < usize::MAX).then_some(self.capacity),
            carved_blocks: growth.carver.carved(),
            chunks: growth.carver.chunks(),
            regions: growth.regions.count(),
            source_bytes: growth.regions.bytes(),
            shells: growth.shells,
            shell_bytes: growth.shells * Self::shell_layout(self.mediator.batch()).size(),
            limbo_shells,
            limbo_limit,
            overflows,
            slots: growth.slots,
            attached: self.registry.iter().filter(|slot| slot.owner().is_some()).count(),
        }
    }

    /// # Safety
    ///
    /// No handle is in use.
    pub(super) unsafe fn census(mut this: NonNull<Self>) -> Census {
        // SAFETY: the core lives.
        let gate = unsafe { this.as_ref() }.gate.clone();
        // Keeps end hooks out: with handles gone too, nobody else is in the core.
        let _shut = lock(&gate.0);
        // SAFETY: as just said.
        let core = unsafe { this.as_mut() };
        let (full_blocks, partial_blocks, empty_shells) = core.mediator.census();
        // SAFETY: as just said.
        let in_array = |slot: SlotRef| unsafe { slot.len_blocks() };
        // SAFETY: as just said.
        let kept_back = |slot: SlotRef| unsafe { slot.quarantined_blocks() };
        let slots = core.registry.iter();
        let cached_blocks = slots.map(|slot| in_array(slot) + kept_back(slot)).sum();
        Census { cached_blocks, full_blocks, partial_blocks, empty_shells }
    }

    /// Shuts end hooks out for good.
    ///
    /// # Safety
    ///
    /// No handle is in use, and none will be.
    pub(super) unsafe fn close(this: NonNull<Self>) {
        // SAFETY: the core lives.
        let gate = unsafe { this.as_ref() }.gate.clone();
        *lock(&gate.0) = None;
    }
}

impl<S: Strategy> Drop for Core<S> {
    fn drop(&mut self) {
        // Shipped shells and slots are plain memory; a checker's atomics own some.
        if core::mem::needs_drop::<Shell>() {
            self.mediator.end_shells();
        }
        if core::mem::needs_drop::<Slot>() {
            for slot in self.registry.iter().collect::<Vec<_>>() {
                // SAFETY: no handle is in use, so nobody refers to the slot any more.
                unsafe { slot.drop_in_place() };
            }
        }
    }
}
