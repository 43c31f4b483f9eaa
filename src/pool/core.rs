//! What all handles of a pool share. `growth.rs` has how it grows, `counts.rs` what it counts.
//!
//! # Order of locks
//!
//! A thread takes the growth lock first, then whatever lock a blocking strategy has. The source is
//! called under the growth lock.

use core::num::NonZeroU64;
use core::ptr::NonNull;

use crossbeam_utils::CachePadded;

use crate::block::{Batch, Block, BlockLayout, sanitizers};
use crate::checking::{Checking, Misuse, Unchecked, batch_leaves_cache};
use crate::chunk::{BlockTable, Carver, FreeReads, Regions};
use crate::error::AllocError;
use crate::free_list::{Magazine, MaybeBlock, Mechanism, Strategy};
use crate::mediator::{Client, Mediator, Participant, ShardId};
use crate::sync::{Arc, Mutex, Number, PoolId, lock};
use crate::thread_cache::{Registry, Slot, SlotRef};
use crate::threads::{self, EndHook, Rundown, ThreadHandling, ThreadId, Topology, Watcher};

/// The shared part of a pool.
pub(super) struct Core<S: Strategy, C: Checking = Unchecked> {
    pub(super) mediator: Mediator<S>,
    pub(super) registry: Registry,
    /// Before `growth`, whose regions hold what it keeps beside each chunk.
    pub(super) checking: C,
    pub(super) growth: CachePadded<Mutex<Growth>>,
    pub(super) handling: Box<dyn ThreadHandling>,
    /// Where there is more than one shard.
    topology: Option<Box<dyn Topology>>,
    /// The way in for threads that end.
    rundown: Arc<Rundown<Self>>,
    /// The rundown, for [`ThreadHandling::watch`].
    hook: EndHook,
    pub(super) id: PoolId,
    pub(super) mechanism: Mechanism,
    pub(super) layout: BlockLayout,
    /// Blocks asked for at most.
    pub(super) capacity: usize,
    /// Not 0: `growth` says that the pool is sealed. For who need not take its lock to hear that.
    pub(super) sealed: Number,
    /// The numbers of the blocks, where the pool is typed.
    pub(super) block_table: Option<BlockTable>,
}

/// What changes when the pool grows. Its lock is the growth lock of the layers below.
pub(super) struct Growth {
    pub(super) carver: Carver,
    pub(super) magazines: usize,
    pub(super) slots: usize,
    /// Once and for ever: nothing is carved any more, and the source is left alone.
    pub(super) sealed: bool,
    /// Last: the memory that all else lies in.
    pub(super) regions: Regions,
}

impl Growth {
    const fn new(carver: Carver, regions: Regions) -> Self {
        Self { carver, magazines: 0, slots: 0, sealed: false, regions }
    }
}

/// What a builder puts a core together from.
pub(super) struct Parts<C> {
    pub(super) id: PoolId,
    pub(super) mechanism: Mechanism,
    pub(super) layout: BlockLayout,
    pub(super) checking: C,
    pub(super) batch: Batch,
    pub(super) carver: Carver,
    pub(super) capacity: usize,
    pub(super) regions: Regions,
    pub(super) handling: Box<dyn ThreadHandling>,
    pub(super) shards: usize,
    pub(super) topology: Option<Box<dyn Topology>>,
    pub(super) block_table: Option<BlockTable>,
}

/// Owns slots where the end of a thread takes nothing back: what is there may be another thread's
/// by then, as the cache is that several share, or goes by its own destructor.
pub(super) const UNWATCHED: ThreadId = ThreadId(NonZeroU64::MAX);

impl<S: Strategy, C: Checking> Watcher for Rundown<Core<S, C>> {
    unsafe fn thread_ended(&self, thread: ThreadId) {
        if let Some(core) = self.enter() {
            // SAFETY: by the caller, this is `thread`, and none of its handles is in a call.
            unsafe { core.take_back(thread) };
        }
    }
}

impl<S: Strategy, C: Checking> Core<S, C> {
    /// A core in a box of its own, which the rundown frees.
    pub(super) fn new(parts: Parts<C>) -> NonNull<Self> {
        let Parts { mechanism, layout, checking, batch, capacity, shards, .. } = parts;
        let room = NonNull::from(Box::leak(Box::<Self>::new_uninit())).cast::<Self>();
        // SAFETY: the box's, written below, and left to the rundown in `close`.
        let rundown = Arc::new(unsafe { Rundown::new(room) });
        let core = Self {
            mediator: Mediator::new(batch, shards, &mechanism),
            registry: Registry::default(),
            growth: CachePadded::new(Mutex::new(Growth::new(parts.carver, parts.regions))),
            handling: parts.handling,
            topology: parts.topology.filter(|_| shards > 1),
            hook: threads::hook(&rundown),
            rundown,
            id: parts.id,
            mechanism,
            checking,
            layout,
            capacity,
            sealed: Number::new(0),
            block_table: parts.block_table,
        };
        // SAFETY: the box is made for it.
        unsafe { room.write(core) };
        room
    }

    /// The way in for threads that end.
    pub(super) const fn rundown(&self) -> &Arc<Rundown<Self>> {
        &self.rundown
    }

    /// Whether no thread reads a free block. In a stamped pool a stale name may lead to one.
    #[inline(always)]
    fn forbids_free_reads(&self) -> bool {
        self.block_table.as_ref().is_none_or(|table| table.free_reads() == FreeReads::Forbidden)
    }

    /// A user has freed `block`: memory checkers report who uses it now.
    #[inline(always)]
    pub(super) fn hide(&self, block: Block) {
        if sanitizers::ON && self.forbids_free_reads() {
            sanitizers::hide(block.0, self.layout.stride());
        }
    }

    /// `block` is on its way to a user, and has left the cache: ends [`hide`](Self::hide).
    #[inline(always)]
    pub(super) fn show(&self, block: Block) {
        if sanitizers::ON && self.forbids_free_reads() {
            sanitizers::show(block.0, self.layout.stride());
        }
    }

    /// As [`show`](Self::show), for several blocks, all of them written.
    pub(super) fn show_all(&self, blocks: &[MaybeBlock]) {
        if sanitizers::ON {
            // SAFETY: by the caller they were written; a block is a plain pointer.
            blocks.iter().for_each(|block| self.show(unsafe { block.assume_init() }));
        }
    }

    /// The calling thread's shard.
    pub(super) fn shard_id(&self) -> ShardId {
        let shard = self.topology.as_ref().map(|topology| topology.shard());
        shard.map_or_else(ShardId::default, |shard| self.mediator.shard_id(shard))
    }

    /// The mediator, for the cache in a slot.
    ///
    /// # Safety
    ///
    /// The caller owns the slot.
    #[inline(always)]
    pub(super) unsafe fn client<'c>(
        &'c self,
        slot: SlotRef,
        participant: &'c Participant<S>,
    ) -> Client<'c, S> {
        // SAFETY: by the caller.
        self.mediator.client(participant, unsafe { slot.shard_id() })
    }

    /// The mediator, for a caller without a cache, whose batch is one block and who belongs to the
    /// first shard.
    pub(super) fn client_without_cache<'c>(
        &'c self,
        participant: &'c Participant<S>,
    ) -> Client<'c, S> {
        self.mediator.client(participant, ShardId::default())
    }

    /// A slot that does not come back by itself when its thread ends.
    pub(super) fn attach_unwatched(&self) -> Result<SlotRef, AllocError> {
        match self.registry.claim(UNWATCHED) {
            Some(slot) => Ok(slot),
            None => self.add_slot(UNWATCHED),
        }
    }

    /// A slot for the calling thread: a free slot, or a new one and the magazine that comes with
    /// it.
    pub(super) fn attach(&self) -> Result<SlotRef, AllocError> {
        let thread = self.handling.current();
        self.handling.watch(&self.hook);
        match self.registry.claim(thread) {
            Some(slot) => Ok(slot),
            None => self.add_slot(thread),
        }
    }

    /// One batch for a cache that is empty: from the mediator, or else freshly carved.
    pub(super) fn refill(
        &self,
        client: Client<'_, S>,
        room: &mut [MaybeBlock],
    ) -> Result<usize, AllocError> {
        if self.mediator.refuses() {
            return Err(AllocError::TagsExhausted);
        }
        match client.request_batch(room) {
            0 => self.grow(client, room),
            blocks => Ok(blocks),
        }
    }

    /// Up to `room.len()` blocks: as many whole batches as fit, from the mediator, or else a batch
    /// that is freshly carved. At least one. `room` holds the largest batch.
    pub(super) fn take_batches(
        &self,
        client: Client<'_, S>,
        room: &mut [MaybeBlock],
    ) -> Result<usize, AllocError> {
        if self.mediator.refuses() {
            return Err(AllocError::TagsExhausted);
        }
        match client.request(room) {
            0 => self.grow(client, room),
            blocks => Ok(blocks),
        }
    }

    /// One block from the shared lists, or a fresh one. For pools without caches, of batch 1.
    pub(super) fn take_one(&self, client: Client<'_, S>) -> Result<Block, AllocError> {
        let mut room = [MaybeBlock::uninit()];
        self.refill(client, &mut room)?;
        // SAFETY: a refill brings at least one block.
        Ok(unsafe { room[0].assume_init() })
    }

    /// Gives the oldest `count` blocks of a slot to the mediator.
    ///
    /// # Errors
    ///
    /// One of them is somebody else's, and is taken out. The others are still there.
    ///
    /// # Safety
    ///
    /// The caller owns the slot, and the slot holds so many.
    pub(super) unsafe fn flush(
        &self,
        slot: SlotRef,
        check: &C::State,
        client: Client<'_, S>,
        count: usize,
    ) -> Result<(), Misuse> {
        // SAFETY: by the caller.
        unsafe { batch_leaves_cache(&self.checking, check, slot, count) }?;
        // SAFETY: by the caller.
        unsafe { slot.flush(self.mediator.batch(), count, |blocks| client.offer(blocks)) };
        Ok(())
    }

    /// Gives all blocks of a slot to the mediator, but those that are somebody else's, and says
    /// what was wrong with the last of these.
    ///
    /// # Safety
    ///
    /// The caller owns the slot.
    pub(super) unsafe fn hand_in(
        &self,
        slot: SlotRef,
        check: &C::State,
        participant: &Participant<S>,
    ) -> Option<Misuse> {
        // SAFETY: by the caller.
        let client = unsafe { self.client(slot, participant) };
        let batch = self.mediator.batch();
        let mut found = None;
        loop {
            // SAFETY: by the caller.
            let blocks = unsafe { slot.len_blocks() }.min(batch.max);
            if blocks > 0 {
                // SAFETY: by the caller; at most what is there.
                found = unsafe { self.flush(slot, check, client, blocks) }.err().or(found);
                continue;
            }
            // SAFETY: by the caller; the array is empty.
            if unsafe { slot.release_batch(batch.min) } == 0 {
                // SAFETY: by the caller.
                unsafe { slot.narrow(batch) };
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
        for slot in
            self.registry.iter().filter(|slot| slot.owner() == Some(thread) && thread != UNWATCHED)
        {
            let check = self.checking.check_state(slot.address());
            // Of what is wrong nothing is said: a thread that ends must not panic.
            // SAFETY: the calling thread owns the slot, by its id.
            unsafe { self.hand_in(slot, &check, &participant) };
        }
    }

    /// Ends the core. Returns when it is gone.
    ///
    /// # Safety
    ///
    /// As [`close`](Self::close).
    pub(super) unsafe fn close_and_wait(this: NonNull<Self>) {
        // SAFETY: the core lives.
        let rundown = unsafe { this.as_ref() }.rundown.clone();
        // SAFETY: by the caller.
        unsafe { rundown.close_and_wait() };
    }

    /// Leaves the core and all memory where they are, for good. No thread uses them afterwards:
    /// this waits for threads that are just handing their blocks in, and keeps later ones out.
    ///
    /// # Safety
    ///
    /// As [`close`](Self::close).
    pub(super) unsafe fn abandon(this: NonNull<Self>) {
        // SAFETY: the core lives.
        let rundown = unsafe { this.as_ref() }.rundown.clone();
        // SAFETY: by the caller.
        unsafe { rundown.close_and_keep() };
    }

    /// Ends the core, or leaves that to the last thread that is just handing its blocks in.
    ///
    /// # Safety
    ///
    /// No handle is in use, and none will be; the caller does not use the core again.
    pub(super) unsafe fn close(this: NonNull<Self>) {
        // SAFETY: the core lives.
        let rundown = unsafe { this.as_ref() }.rundown.clone();
        // SAFETY: by the caller.
        unsafe { rundown.close() };
    }
}

impl<S: Strategy, C: Checking> Drop for Core<S, C> {
    fn drop(&mut self) {
        if !self.mediator.finish_limbo() {
            // Some magazine may still be brought back, and lies there.
            lock(&self.growth).regions.abandon();
        }
        // Shipped magazines and slots are plain memory; a checker's atomics own some.
        if core::mem::needs_drop::<Magazine>() {
            self.mediator.end_magazines();
        }
        if core::mem::needs_drop::<Slot>() {
            for slot in self.registry.iter().collect::<Vec<_>>() {
                // SAFETY: no handle is in use, so nobody refers to the slot any more.
                unsafe { slot.drop_in_place() };
            }
        }
    }
}
