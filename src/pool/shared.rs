//! What all handles of a pool share. Growth is in `growth.rs`, the counts are in `counts.rs`.
//!
//! # Order of locks
//!
//! A thread takes the lock of the fallback cache first, then the growth lock, and then either a
//! lock of the strategy or that of the table of checked chunks (`checking/known.rs`), of which no
//! thread holds two at a time, but for a thread that forks (`forks.rs`). The pool calls the source under the growth lock. The chapter
//! [`forms`](crate::docs::forms) has a table of them.

use core::num::NonZeroU64;
use core::ptr::NonNull;

use crossbeam_utils::CachePadded;

use super::in_use::{InUse, Permits};
use crate::block::{Block, BlockLayout, MaybeBlock, sanitizers};
use crate::checking::{Checking, Misuse, Unchecked, batch_leaves_cache};
use crate::chunk::{BlockTable, Carver, Regions};
use crate::error::AllocError;
use crate::free_list::{Magazine, Mechanism, Strategy, Take};
use crate::mediator::{Client, Mediator, Participant, ShardId};
use crate::sync::{Arc, AtomicU32, ForkMutex, PoolId, lock};
use crate::thread_cache::{Opened, Registry, Slot, SlotRef};
use crate::threads::{EndHook, Rundown, ThreadHandling, ThreadId, Topology, Watcher};

/// The shared part of a pool.
pub(super) struct Shared<S: Strategy, C: Checking = Unchecked> {
    pub(super) mediator: Mediator<S>,
    pub(super) registry: Registry,
    /// Declared before `growth`, and so dropped first: the regions hold what this keeps beside each
    /// chunk.
    pub(super) checking: C,
    pub(super) growth: CachePadded<ForkMutex<Growth>>,
    pub(super) handling: Box<dyn ThreadHandling>,
    /// `Some` only if there is more than one shard.
    pub(super) topology: Option<Box<dyn Topology>>,
    /// Lets threads that end into the shared part while it exists.
    pub(super) rundown: Arc<Rundown<Self>>,
    /// The rundown, for [`ThreadHandling::watch`].
    pub(super) hook: EndHook,
    pub(super) id: PoolId,
    pub(super) mechanism: Mechanism,
    pub(super) layout: BlockLayout,
    /// The most blocks that the pool may carve.
    pub(super) capacity: usize,
    /// The blocks in use, in a pool with caches and a capacity.
    pub(super) in_use: Option<InUse>,
    /// Not 0 if the pool is sealed. A copy of `growth.sealed` that threads read without the lock.
    pub(super) sealed: AtomicU32,
    /// The numbers of the blocks, in a stamped pool.
    pub(super) block_table: Option<BlockTable>,
    /// Whether memory that goes back to the source can be obtained again ([`Source::reuses`](crate::source::Source::reuses)).
    pub(super) source_reuses: bool,
    /// Writes what a fresh block holds before its first user has it, in a pool that keeps values.
    pub(super) prepare: Option<PrepareBlock>,
}

/// Writes to a fresh block.
///
/// # Safety
///
/// The block has the layout of its pool's blocks and is not initialised, and only the callee uses it
/// meanwhile.
pub(super) type PrepareBlock = unsafe fn(NonNull<u8>);

/// What changes when the pool grows. Its lock is what the layers below call the growth lock.
pub(super) struct Growth {
    pub(super) carver: Carver,
    /// All magazines, which are numbered.
    pub(super) magazines: usize,
    /// The large ones among them: one for each slot, if batches grow.
    pub(super) large_magazines: usize,
    pub(super) slots: usize,
    /// Once set, the pool carves nothing any more and does not call the source.
    pub(super) sealed: bool,
    /// Declared last, and so dropped last: the memory in which everything else lies.
    pub(super) regions: Regions,
}

impl Growth {
    pub(super) fn new(carver: Carver, regions: Regions) -> CachePadded<ForkMutex<Self>> {
        let (magazines, large_magazines) = (0, 0);
        let this = Self { carver, magazines, large_magazines, slots: 0, sealed: false, regions };
        CachePadded::new(ForkMutex::new(this))
    }
}

/// The owner of slots from which the end of a thread takes nothing back: the slot of a fallback
/// cache, which several threads share, and slots of handles whose own destructor hands the blocks
/// in.
pub(super) const UNWATCHED: ThreadId = ThreadId(NonZeroU64::MAX);

impl<S: Strategy, C: Checking> Watcher for Rundown<Shared<S, C>> {
    unsafe fn thread_ended(&self, thread: ThreadId) {
        if let Some(shared) = self.enter() {
            // SAFETY: by the caller, the calling thread is `thread`, and none of its handles is in
            // a call.
            unsafe { shared.take_back(thread) };
        }
    }
}

impl<S: Strategy, C: Checking> Shared<S, C> {
    /// A shared part in a box of its own, which the rundown frees. `make` gets the rundown.
    pub(super) fn boxed(make: impl FnOnce(Arc<Rundown<Self>>) -> Self) -> NonNull<Self> {
        let room = NonNull::from(Box::leak(Box::<Self>::new_uninit())).cast::<Self>();
        // SAFETY: the room is that of the box and is written below; `close` leaves it to the
        // rundown.
        let shared = make(Arc::new(unsafe { Rundown::new(room) }));
        // SAFETY: the box was made for a shared part.
        unsafe { room.write(shared) };
        room
    }

    /// Whether no thread reads free blocks. In a stamped pool a thread with a stale name may.
    #[inline(always)]
    fn forbids_free_reads(&self) -> bool {
        self.block_table.is_none()
    }

    /// Tells memory checkers that a user has freed `block`, so that they report uses of it.
    #[inline(always)]
    pub(super) fn hide(&self, block: Block) {
        if sanitizers::ON && self.forbids_free_reads() {
            sanitizers::hide(block.0, self.layout.stride());
        }
    }

    /// Ends [`hide`](Self::hide) for `block`, which has left the cache and goes to a user.
    #[inline(always)]
    pub(super) fn show(&self, block: Block) {
        if sanitizers::ON && self.forbids_free_reads() {
            sanitizers::show(block.0, self.layout.stride());
        }
    }

    /// As [`show`](Self::show), for several blocks.
    ///
    /// # Safety
    ///
    /// All places were written.
    pub(super) unsafe fn show_all(&self, blocks: &[MaybeBlock]) {
        if sanitizers::ON {
            // SAFETY: by the caller they were written; a block is a plain pointer.
            blocks.iter().for_each(|block| self.show(unsafe { block.assume_init() }));
        }
    }

    /// The calling thread's shard.
    pub(super) fn current_shard(&self) -> ShardId {
        let shard = self.topology.as_ref().map(|topology| topology.shard());
        shard.map_or_else(ShardId::default, |shard| self.mediator.shard_id(shard))
    }

    /// The mediator, for the cache in a slot.
    ///
    /// # Safety
    ///
    /// The caller owns the slot, and the participant has joined this pool's mediator.
    #[inline(always)]
    pub(super) unsafe fn client<'c>(
        &'c self,
        slot: SlotRef,
        participant: &'c Participant<S>,
    ) -> Client<'c, S> {
        // SAFETY: by the caller.
        let shard = unsafe { slot.shard_id() };
        // SAFETY: by the caller.
        unsafe { self.mediator.client(participant, shard) }
    }

    /// The mediator, for a caller without a cache, which has batches of one block and belongs to
    /// the first shard.
    ///
    /// # Safety
    ///
    /// The participant has joined this pool's mediator.
    pub(super) unsafe fn client_without_cache<'c>(
        &'c self,
        participant: &'c Participant<S>,
    ) -> Client<'c, S> {
        // SAFETY: by the caller.
        unsafe { self.mediator.client(participant, ShardId::default()) }
    }

    /// Claims a slot for `thread`: a free one, or else a new one, which comes with its magazines.
    pub(super) fn claim(&self, thread: ThreadId) -> Result<SlotRef, AllocError> {
        match self.registry.claim(thread) {
            Some(slot) => Ok(slot),
            None => self.add_slot(thread),
        }
    }

    /// Claims a slot for the calling thread.
    pub(super) fn attach(&self) -> Result<SlotRef, AllocError> {
        let thread = self.handling.current();
        self.handling.watch(&self.hook);
        self.claim(thread)
    }

    /// Whether the pool counts the blocks in use, and so closes the arrays between two calls.
    #[inline(always)]
    pub(super) const fn counts(&self) -> bool {
        self.in_use.is_some()
    }

    /// Permits for `count` blocks, if the pool counts the blocks in use.
    pub(super) fn permits(&self, count: usize) -> Result<Option<Permits<'_>>, AllocError> {
        self.in_use.as_ref().map(|in_use| in_use.take(count)).transpose()
    }

    /// The permits of `count` blocks, which go back when the value is dropped.
    pub(super) fn returning(&self, count: usize) -> Option<Permits<'_>> {
        self.in_use.as_ref().map(|in_use| in_use.returning(count))
    }

    /// Writes at least one and up to `room.len()` blocks to `room`: from the mediator what `take`
    /// says ([`Client::request`]), or else a freshly carved batch. `room` has space for the largest
    /// batch.
    #[inline]
    pub(super) fn take(
        &self,
        client: Client<'_, S>,
        take: Take,
        room: &mut [MaybeBlock],
    ) -> Result<usize, AllocError> {
        if self.mediator.refuses() {
            return Err(AllocError::TagsExhausted);
        }
        match client.request(take, room) {
            0 => self.grow(client, room),
            blocks => Ok(blocks),
        }
    }

    /// Gives the oldest `count` blocks of a slot to the mediator.
    ///
    /// # Errors
    ///
    /// One of the blocks belongs to another thread. It is out of the array now; the others are
    /// still there.
    ///
    /// # Safety
    ///
    /// The caller owns the slot, and the slot's array holds at least `count` blocks.
    pub(super) unsafe fn flush(
        &self,
        slot: SlotRef,
        check: &C::State,
        client: Client<'_, S>,
        count: usize,
    ) -> Result<(), Misuse> {
        // SAFETY: by the caller.
        unsafe { batch_leaves_cache(&self.checking, check, slot, count) }?;
        // SAFETY: by the caller; the slice is not used once the array changes.
        client.offer(&unsafe { slot.blocks() }[..count]);
        // SAFETY: by the caller.
        unsafe { slot.flushed(count) };
        // SAFETY: by the caller.
        unsafe { slot.count_given(count) };
        Ok(())
    }

    /// Gives the oldest `count` blocks of a slot to the mediator in a large magazine. Returns false,
    /// and changes nothing, if none is free.
    ///
    /// # Errors
    ///
    /// As [`flush`](Self::flush).
    ///
    /// # Safety
    ///
    /// The caller owns the slot, and the slot's array holds at least `count` blocks, which are at
    /// least the smallest batch and at most the largest.
    pub(super) unsafe fn flush_large(
        &self,
        slot: SlotRef,
        check: &C::State,
        client: Client<'_, S>,
        count: usize,
    ) -> Result<bool, Misuse> {
        let given = client.offer_large(|| {
            // SAFETY: by the caller.
            unsafe { batch_leaves_cache(&self.checking, check, slot, count) }?;
            // SAFETY: by the caller; the slice is not used once the array changes.
            Ok(&unsafe { slot.blocks() }[..count])
        })?;
        if given {
            // SAFETY: by the caller.
            unsafe { slot.flushed(count) };
            // SAFETY: by the caller.
            unsafe { slot.count_given(count) };
        }
        Ok(given)
    }

    /// Gives all blocks of a slot to the mediator, except those that belong to other threads.
    /// Returns the misuse of the last exception, if there was one.
    ///
    /// # Safety
    ///
    /// The caller owns the slot, and the participant has joined this pool's mediator.
    pub(super) unsafe fn hand_in(
        &self,
        slot: SlotRef,
        check: &C::State,
        participant: &Participant<S>,
    ) -> Option<Misuse> {
        // SAFETY: by the caller.
        let client = unsafe { self.client(slot, participant) };
        let batch = self.mediator.batch();
        // SAFETY: by the caller.
        let _opened = self.counts().then(|| unsafe { Opened::new(slot) });
        let mut found = None;
        loop {
            // SAFETY: by the caller.
            let blocks = unsafe { slot.len_blocks() };
            if blocks > 0 {
                // SAFETY: by the caller, and the array holds at least so many.
                let given = unsafe { self.hand_in_one(slot, check, client, blocks) };
                found = given.err().or(found);
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

    /// Gives up to `blocks` of the oldest blocks of a slot to the mediator, as one magazine.
    ///
    /// # Errors
    ///
    /// As [`flush`](Self::flush).
    ///
    /// # Safety
    ///
    /// As [`flush`](Self::flush).
    unsafe fn hand_in_one(
        &self,
        slot: SlotRef,
        check: &C::State,
        client: Client<'_, S>,
        blocks: usize,
    ) -> Result<(), Misuse> {
        let batch = self.mediator.batch();
        if blocks > batch.min && batch.grows() {
            // SAFETY: by the caller.
            let given = unsafe { self.flush_large(slot, check, client, blocks.min(batch.max)) }?;
            if given {
                return Ok(());
            }
        }
        // SAFETY: by the caller.
        unsafe { self.flush(slot, check, client, blocks.min(batch.min)) }
    }

    /// Takes back the blocks that forgotten handles of an ending thread hold. The slots stay
    /// claimed, because a thread-local destructor that runs later may still use such a handle.
    ///
    /// # Safety
    ///
    /// The calling thread is `thread`, and none of its handles is in a call.
    unsafe fn take_back(&self, thread: ThreadId) {
        let participant = self.mediator.join();
        for slot in
            self.registry.iter().filter(|slot| slot.owner() == Some(thread) && thread != UNWATCHED)
        {
            let check = self.checking.check_state(slot.address());
            // A misuse is not reported, because a thread that ends must not panic.
            // SAFETY: the slot's owner is the calling thread; the participant has joined above.
            unsafe { self.hand_in(slot, &check, &participant) };
        }
    }
}

impl<S: Strategy, C: Checking> Drop for Shared<S, C> {
    fn drop(&mut self) {
        if !self.mediator.finish_limbo() {
            // A deferred return may still write to a magazine, which lies in a region.
            lock(&self.growth).regions.abandon();
        }
        // Shipped magazines and slots are plain memory; the atomics of a checker own memory.
        if core::mem::needs_drop::<Magazine>() {
            self.mediator.end_magazines();
        }
        if core::mem::needs_drop::<Slot>() {
            for slot in self.registry.iter().collect::<Vec<_>>() {
                // SAFETY: no handle is in use, so no thread refers to the slot any more.
                unsafe { slot.drop_in_place() };
            }
        }
    }
}
