//! What all handles of a pool share, and how the pool grows.
//!
//! # Orders of locks
//!
//! `growth`, then whatever a blocking strategy locks. The source is called under `growth`.

use core::alloc::Layout;
use core::ptr::NonNull;

use crossbeam_utils::CachePadded;

use super::{Census, Stats};
use crate::block::{Block, BlockLayout};
use crate::chunk::{Births, Carver, Regions};
use crate::error::AllocError;
use crate::free_list::{MaybeBlock, Plan, Shell, Strategy};
use crate::mediator::{Mediator, Participant, Waiting};
use crate::sync::{Arc, AtomicUsize, Mutex, lock, site};
use crate::thread_cache::{
    self, Door, EndHook, Registry, SeatStats, Slot, SlotRef, ThreadHandling, ThreadId, Watcher,
};

/// The shared part of a pool.
pub(super) struct Core<S: Strategy> {
    pub(super) mediator: Mediator<S>,
    registry: Registry,
    growth: CachePadded<Mutex<Growth>>,
    handling: Box<dyn ThreadHandling>,
    /// The way in for threads that end.
    door: Arc<Door<Self>>,
    /// The door, for [`ThreadHandling::watch`].
    hook: EndHook,
    plan: Plan,
    layout: BlockLayout,
    /// Blocks asked for at most.
    capacity: usize,
    /// Set once and for ever: nothing is carved any more, and the source is left alone.
    sealed: AtomicUsize,
    /// The numbers of the blocks, where the pool is typed.
    pub(super) births: Option<Births>,
}

/// What changes when the pool grows. Its lock is the growth lock of the layers below.
struct Growth {
    carver: Carver,
    shells: usize,
    slots: usize,
    /// Last: the memory that all else lies in.
    regions: Regions,
}

impl<S: Strategy> Watcher for Door<Core<S>> {
    unsafe fn thread_ended(&self, thread: ThreadId) {
        if let Some(core) = self.enter() {
            // SAFETY: by the caller, this is `thread`, and none of its handles is in a call.
            unsafe { core.take_back(thread) };
        }
    }
}

impl<S: Strategy> Core<S> {
    /// A core in a box of its own, which goes with its door.
    pub(super) fn new(
        plan: Plan,
        layout: BlockLayout,
        batch: usize,
        carver: Carver,
        capacity: usize,
        regions: Regions,
        handling: Box<dyn ThreadHandling>,
    ) -> NonNull<Self> {
        let room = NonNull::from(Box::leak(Box::<Self>::new_uninit())).cast::<Self>();
        // SAFETY: the box's, written below, and left to the door in `close`.
        let door = Arc::new(unsafe { Door::new(room) });
        let core = Self {
            mediator: Mediator::new(batch, &plan),
            registry: Registry::default(),
            growth: CachePadded::new(Mutex::new(Growth { carver, shells: 0, slots: 0, regions })),
            handling,
            hook: thread_cache::hook(&door),
            door,
            plan,
            layout,
            capacity,
            sealed: AtomicUsize::new(0),
            births: None,
        };
        // SAFETY: the box is made for it.
        unsafe { room.write(core) };
        room
    }

    /// The way in for threads that end.
    pub(super) const fn door(&self) -> &Arc<Door<Self>> {
        &self.door
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
        if self.is_sealed() {
            return Err(AllocError::Sealed);
        }
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
        // SAFETY: the room begins with the slot, and is its own until the regions are dropped.
        let slot = unsafe { SlotRef::create(room, limit, thread, self.registry.first()) };
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
        Slot::layout(limit)?.extend(shells.ok()?).ok()
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
        if self.is_sealed() {
            return Err(AllocError::Sealed);
        }
        let mut growth = lock(&self.growth);
        // Whoever held the lock before may have carved, and freed, what is wanted here. Seen
        // empty now, the lists stay out of the sum that bounds what is carved below.
        let found = self.mediator.request(participant, room);
        if found > 0 {
            return Ok(found);
        }
        self.carve(&mut growth, room)
    }

    /// Writes up to a batch of fresh blocks to `room`.
    fn carve(&self, growth: &mut Growth, room: &mut [MaybeBlock]) -> Result<usize, AllocError> {
        let (store, shells) = (self.mediator.store(), growth.shells);
        let names = |batches| {
            let shells = store.names_missing(shells + batches)?;
            self.with_births(shells, batches).map(|(layout, _)| layout)
        };
        if let Some(names) = growth.carver.prepare(&mut growth.regions, names)? {
            let shells = shells + names.batches;
            // SAFETY: locked since the same was asked for the layout of the room, which is the
            // store's and the births' until the regions are dropped.
            unsafe { self.add_names(shells, names.batches, names.room) };
        }
        let carved = growth.carver.carve();
        if let Some(births) = &self.births {
            // SAFETY: locked, with places; the carver gives each block once, laid out as the pool
            // was told.
            unsafe { births.bear(carved.first, carved.blocks, self.layout.stride()) };
        }
        // SAFETY: locked, with a name; the carver gives each room once.
        unsafe { self.add_shell(&mut growth.shells, carved.shell_room) };
        // A cache hands out its last block first: write them so that addresses rise.
        for (nth, entry) in room[..carved.blocks].iter_mut().rev().enumerate() {
            // SAFETY: `blocks` neighbours lie from `first` on, a stride apart.
            entry.write(Block(unsafe { carved.first.add(nth * self.layout.stride()) }));
        }
        Ok(carved.blocks)
    }

    /// Carves until there are so many blocks, and seats as many handles.
    ///
    /// Goes on behalf of a handle of its own, since a remainder may be offered (M3 of the mediator).
    pub(super) fn prefill(&self, blocks: usize, handles: usize) -> Result<(), AllocError> {
        let missing = handles.saturating_sub(lock(&self.growth).slots);
        let mut seats = Vec::new();
        let seated = (0..missing.max(1)).try_for_each(|_| {
            seats.push(if missing > 0 {
                self.seat(self.handling.current())
            } else {
                self.attach()
            }?);
            Ok(())
        });
        let carved = seated.and_then(|()| self.carve_until(|carver| carver.carved() >= blocks));
        for seat in seats {
            // SAFETY: claimed above, and never used.
            unsafe { seat.leave() };
        }
        carved
    }

    /// Carves what the current chunk has left, and then nothing any more.
    pub(super) fn seal(&self) -> Result<(), AllocError> {
        let seat = self.attach()?;
        let carved = self.carve_until(|carver| carver.batches_left() == 0);
        // SAFETY: claimed above, and never used.
        unsafe { seat.leave() };
        // ORDERING(SE-1): Relaxed. Who has not heard of it may carve one batch more, or seat itself,
        //   as if it had come before; who calls after `seal`, and knows it, has heard.
        self.sealed.store(1, site::SEAL.ordering());
        carved
    }

    fn is_sealed(&self) -> bool {
        // ORDERING(SE-1): Relaxed. As in `seal`.
        self.sealed.load(site::SEAL.ordering()) != 0
    }

    /// Carves for the shared lists. The caller has a seat.
    fn carve_until(&self, is_enough: impl Fn(&Carver) -> bool) -> Result<(), AllocError> {
        let participant = self.mediator.join();
        let mut room = vec![MaybeBlock::uninit(); self.mediator.batch()];
        loop {
            let mut growth = lock(&self.growth);
            if is_enough(&growth.carver) {
                return Ok(());
            }
            if self.is_sealed() {
                return Err(AllocError::Sealed);
            }
            let count = self.carve(&mut growth, &mut room)?;
            drop(growth);
            // SAFETY: so many were written.
            let blocks = room[..count].iter().map(|block| unsafe { block.assume_init() });
            self.mediator.offer(&participant, &blocks.collect::<Vec<_>>());
        }
    }

    /// One block from the shared lists, or a fresh one. For pools without caches, of batch 1.
    pub(super) fn take_one(&self, participant: &Participant<S>) -> Result<Block, AllocError> {
        let mut room = [MaybeBlock::uninit()];
        self.refill(participant, &mut room)?;
        // SAFETY: a refill brings at least one block.
        Ok(unsafe { room[0].assume_init() })
    }

    /// `shells`, and behind it room for the numbers of the blocks in `batches`, where blocks have
    /// any: where that begins.
    fn with_births(&self, shells: Layout, batches: usize) -> Result<(Layout, usize), AllocError> {
        let Some(births) = &self.births else { return Ok((shells, 0)) };
        let blocks = batches.saturating_mul(self.mediator.batch());
        shells.extend(births.missing(blocks)).map_err(|_| AllocError::OutOfMemory)
    }

    /// Names for the first `shells` shells, and numbers for the blocks of `batches`.
    ///
    /// # Safety
    ///
    /// Under the growth lock since `with_births` named the layout of `room`, which is the core's
    /// until the regions are dropped.
    unsafe fn add_names(&self, shells: usize, batches: usize, room: NonNull<u8>) {
        let store = self.mediator.store();
        if let Some(births) = &self.births {
            let missing = store.names_missing(shells).expect("asked before, under the same lock");
            let (_, at) = self.with_births(missing, batches).expect("as above");
            // SAFETY: where the births' part begins in the layout.
            let places = unsafe { room.add(at) };
            // SAFETY: by the caller.
            unsafe { births.install(batches * self.mediator.batch(), places) };
        }
        // SAFETY: by the caller; the shells' part comes first.
        unsafe { store.add_names(shells, room) };
    }

    /// Gives all blocks of a slot to the mediator.
    ///
    /// # Safety
    ///
    /// The caller is seated there.
    pub(super) unsafe fn hand_in(&self, slot: SlotRef, participant: &Participant<S>) {
        let batch = self.mediator.batch();
        loop {
            // SAFETY: by the caller.
            let blocks = unsafe { slot.len_blocks() }.min(batch);
            if blocks == 0 {
                return;
            }
            // SAFETY: by the caller; at most what is there.
            unsafe { slot.flush(blocks, |blocks| self.mediator.offer(participant, blocks)) };
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
            // SAFETY: the calling thread is seated here, by its id.
            unsafe { self.hand_in(slot, &participant) };
        }
    }

    pub(super) fn stats(&self) -> Stats {
        let Waiting { limbo_shells, limbo_limit, overflows } = self.mediator.waiting();
        let (mut refills, mut flushes, mut drawn_blocks) = (0, 0, 0_u64);
        for seat in self.registry.iter().map(SlotRef::stats) {
            refills += seat.refills;
            flushes += seat.flushes;
            // A block may be flushed elsewhere than it was refilled: only the sum is a number of
            // blocks, and that only while nobody counts.
            drawn_blocks = drawn_blocks.wrapping_add(seat.refilled_blocks);
            drawn_blocks = drawn_blocks.wrapping_sub(seat.flushed_blocks);
        }
        let growth = lock(&self.growth);
        Stats {
            strategy: self.plan.name,
            lock_free: self.plan.lock_free,
            tag_bits: self.plan.tag_bits,
            block_size: self.layout.stride(),
            block_align: self.layout.align(),
            batch_blocks: self.mediator.batch(),
            capacity_blocks: (self.capacity < usize::MAX).then_some(self.capacity),
            carved_blocks: growth.carver.carved(),
            chunks: growth.carver.chunks(),
            regions: growth.regions.count(),
            source_calls: growth.regions.calls(),
            source_bytes: growth.regions.bytes(),
            shells: growth.shells,
            shell_bytes: growth.shells * Self::shell_layout(self.mediator.batch()).size(),
            limbo_shells,
            limbo_limit,
            overflows,
            refills,
            flushes,
            drawn_blocks: drawn_blocks.cast_signed().max(0).cast_unsigned(),
            cas_failures: self.mediator.cas_failures(),
            slots: growth.slots,
            attached: self.registry.iter().filter(|slot| slot.owner().is_some()).count(),
        }
    }

    /// Runs `f` under the growth lock.
    pub(super) fn without_growth<R>(&self, f: impl FnOnce() -> R) -> R {
        let _growth = lock(&self.growth);
        f()
    }

    pub(super) fn seats(&self) -> Vec<SeatStats> {
        self.registry.iter().map(SlotRef::stats).collect()
    }

    /// # Safety
    ///
    /// No handle is in use.
    pub(super) unsafe fn census(mut this: NonNull<Self>) -> Census {
        // SAFETY: the core lives.
        let door = unsafe { this.as_ref() }.door.clone();
        // Keeps ending threads out: with handles gone too, nobody else is in the core.
        let _held = door.hold();
        // SAFETY: as just said.
        let core = unsafe { this.as_mut() };
        let (full_blocks, partial_blocks, empty_shells) = core.mediator.census();
        // SAFETY: as just said.
        let cached_blocks = core.registry.iter().map(|slot| unsafe { slot.len_blocks() }).sum();
        Census { cached_blocks, full_blocks, partial_blocks, empty_shells }
    }

    /// Ends the core, or leaves that to the last thread that is just handing its blocks in.
    ///
    /// # Safety
    ///
    /// No handle is in use, and none will be; the caller does not use the core again.
    pub(super) unsafe fn close(this: NonNull<Self>) {
        // SAFETY: the core lives.
        let door = unsafe { this.as_ref() }.door.clone();
        // SAFETY: by the caller.
        unsafe { door.shut() };
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
