//! One thread's handle of a pool: allocation and free in the thread's own cache.
//!
//! A hit is an allocation or a free that the array in the slot serves. A hit of an unchecked pool
//! executes no atomic operation, calls nothing and sets up no stack frame. The slow paths are cold
//! functions that take the parts of a handle instead of the handle, so that a loop can keep the
//! slot and the shared part in registers. Codegen: C1. `papers/codegen.md` has the points that
//! comments here name as C1, C3 and so on. `cargo xtask hit-path` and `cargo xtask instructions`
//! check what the compiler makes of a hit.

mod adaptive;
mod counted;
mod ends;
#[cfg(feature = "family")]
mod hit;
mod many;

use core::marker::PhantomData;
use core::ptr::NonNull;

use super::shared::{Shared, UNWATCHED};
use crate::block::{Block, sanitizers};
use crate::checking::{Checking, Unchecked, batch_enters_cache};
use crate::error::AllocError;
use crate::free_list::{Strategy, TaggedWide, Take};
use crate::mediator::{Participant, ShardId};
use crate::thread_cache::SlotRef;

/// A handle of a [`Pool`](super::Pool), for one thread.
///
/// As long as its cache has blocks and room, the handle of an unchecked pool without a
/// [`capacity`](super::PoolBuilder::capacity) executes no atomic operation and calls nothing. It
/// exchanges blocks with the pool when the cache is empty or full. By default the cache follows what
/// the thread does, and holds up to two of the largest batches
/// ([`PoolBuilder::batch_up_to`](super::PoolBuilder::batch_up_to)). If the builder fixes the batch,
/// the cache holds up to two batches, and one after an exchange, so a batch of operations lies
/// between two exchanges. Two things bring fewer blocks: a partial magazine, which a handle that
/// left has filled, and the end of a chunk.
///
/// Dropping the handle gives all its blocks to the other threads.
///
/// # Progress
///
/// Calls that the cache can serve are wait-free, and lock-free in a pool with a capacity. An exchange
/// is as lock-free as the strategy ([`Stats::lock_free`](super::Stats::lock_free)). An allocation
/// that finds no block in the shared lists takes the growth lock and calls the source, which may
/// block. A free never does, and neither does the drop of the handle: both only exchange.
pub struct Local<'p, S: Strategy = TaggedWide, C: Checking = Unchecked> {
    slot: SlotRef,
    /// Lives for `'p`. It is not a reference, because a [`DetachedLocal`](super::DetachedLocal) may
    /// outlive its pool.
    shared: NonNull<Shared<S, C>>,
    participant: Participant<S>,
    /// What the handle keeps to check its blocks.
    check: C::State,
    /// Neither `Send` nor `Sync`: the slot is used by one thread.
    _one_thread: PhantomData<(&'p Shared<S, C>, *mut ())>,
}

impl<'p, S: Strategy, C: Checking> Local<'p, S, C> {
    pub(super) fn attach(shared: &'p Shared<S, C>) -> Result<Self, AllocError> {
        let shard = shared.current_shard();
        Ok(Self::new(shared, shard, shared.attach()?))
    }

    /// A handle whose slot stays taken when its thread ends. The caller sees to its end.
    pub(super) fn attach_unwatched(
        shared: &'p Shared<S, C>,
        shard: ShardId,
    ) -> Result<Self, AllocError> {
        Ok(Self::new(shared, shard, shared.claim(UNWATCHED)?))
    }

    /// The caller has claimed `slot` for this handle.
    fn new(shared: &'p Shared<S, C>, shard: ShardId, slot: SlotRef) -> Self {
        // SAFETY: by the caller this handle owns the slot from now on.
        unsafe { slot.set_shard(shard) };
        let (participant, check) =
            (shared.mediator.join(), shared.checking.check_state(slot.address()));
        Self { slot, shared: NonNull::from(shared), participant, check, _one_thread: PhantomData }
    }

    #[inline(always)]
    fn shared(&self) -> &Shared<S, C> {
        // SAFETY: the shared part lives as long as its handles are in use.
        unsafe { self.shared.as_ref() }
    }

    /// Takes a block. Its bytes are not initialised. The block belongs to the caller until it is
    /// freed.
    ///
    /// # Errors
    ///
    /// [`AllocError`], if as many blocks are in use as the [`capacity`] grants, or if the cache and
    /// the shared lists are empty and nothing can be carved. Nothing has changed then, and later
    /// frees make room again. In the second case free blocks may lie in the caches of other handles.
    ///
    /// [`capacity`]: super::PoolBuilder::capacity
    ///
    /// # Panics
    ///
    /// In a pool that is [`checked`](super::PoolBuilder::checked) or hardened, if the block that
    /// would come next was misused.
    #[inline]
    #[track_caller]
    pub fn allocate(&self) -> Result<Block, AllocError> {
        // SAFETY: the handle's own slot.
        unsafe { self.allocate_at(self.slot) }
    }

    /// [`allocate`](Self::allocate) for a caller that already has the handle's slot at hand, which
    /// saves a load.
    ///
    /// # Safety
    ///
    /// `slot` is the handle's slot.
    #[inline(always)]
    #[track_caller]
    pub(super) unsafe fn allocate_at(&self, slot: SlotRef) -> Result<Block, AllocError> {
        // SAFETY: by the caller.
        match unsafe { self.pop(slot) } {
            Some(block) => Ok(block),
            None => self.refill_and_pop(),
        }
    }

    /// Fills the empty array and pops a block. Codegen: C4.
    #[cold]
    #[inline(always)]
    #[track_caller]
    fn refill_and_pop(&self) -> Result<Block, AllocError> {
        let (participant, check) = (apart(&self.participant), apart(&self.check));
        // SAFETY: these are the parts of this handle, which has just seen its array empty.
        unsafe { Self::refill(self.slot, self.shared(), participant, check) }
    }

    /// Pops a block from the array, and checks it if the pool checks. Codegen: C5.
    ///
    /// # Safety
    ///
    /// `slot` is the handle's slot.
    #[inline(always)]
    #[track_caller]
    unsafe fn pop(&self, slot: SlotRef) -> Option<Block> {
        debug_assert_eq!(slot.address(), self.slot.address(), "the handle's own");
        // SAFETY: by the caller this handle owns the slot.
        let block = unsafe { slot.pop() };
        if sanitizers::ON
            && let Some(block) = block
        {
            // Before the checks below, which read the block's bytes in a hardened pool.
            self.shared().show(block);
        }
        if C::CHECKS
            && let Some(block) = block
        {
            // SAFETY: the state was made for the slot, whose array the block has just left.
            if !unsafe { self.shared().checking.hand_out(&self.check, slot.address(), block) } {
                // SAFETY: as above.
                unsafe { Self::verify_alloc(slot, self.shared(), apart(&self.check), block) };
            }
        }
        block
    }

    /// Frees a block, which any handle of the pool may have allocated, on any thread. Never fails
    /// and takes no memory from the source. Under [`EpochDeferred`] the collector may ask the
    /// program's allocator for memory of its own.
    ///
    /// [`EpochDeferred`]: crate::EpochDeferred
    ///
    /// # Panics
    ///
    /// In a pool that is [`checked`](super::PoolBuilder::checked) or hardened, if the pool sees
    /// that the caller breaks the contract below. The pool is then unchanged and can still be used.
    /// The panic names the line of the caller.
    ///
    /// # Safety
    ///
    /// `block` came from [`allocate`](Self::allocate) of a handle of the same pool, was not freed
    /// since, and nobody uses it any more.
    #[inline]
    #[track_caller]
    pub unsafe fn deallocate(&self, block: Block) {
        // SAFETY: by the caller, and the handle's own slot.
        unsafe { self.deallocate_at(self.slot, block) };
    }

    /// The handle's slot.
    pub(super) const fn slot(&self) -> SlotRef {
        self.slot
    }

    /// As [`allocate_at`](Self::allocate_at).
    ///
    /// # Safety
    ///
    /// As [`deallocate`](Self::deallocate), and `slot` is the handle's slot.
    #[inline(always)]
    #[track_caller]
    pub(super) unsafe fn deallocate_at(&self, slot: SlotRef, mut block: Block) {
        debug_assert_eq!(slot.address(), self.slot.address(), "the handle's own");
        // SAFETY: the state was made for the slot; by the caller nobody uses the block any more.
        if !unsafe { self.shared().checking.take_in(&self.check, slot.address(), block) } {
            // SAFETY: as above.
            unsafe { Self::verify_free(self.shared(), apart(&self.check), block) };
        }
        // After the checks above, which fill the block in a hardened pool.
        self.shared().hide(block);
        if C::QUARANTINE > 0 {
            // SAFETY: this handle owns the slot; the ring has this size.
            match unsafe { slot.rotate(C::QUARANTINE, Some(block)) } {
                Some(oldest) => block = oldest,
                None => {
                    // The ring keeps the block, which is in use no more; no slow path counts it.
                    drop(self.shared().returning(1));
                    return;
                }
            }
        }
        // SAFETY: this handle owns the slot.
        if unsafe { slot.is_full() } {
            let (participant, check) = (apart(&self.participant), apart(&self.check));
            if self.shared().counts() {
                // SAFETY: these are the parts of this handle, and by the caller.
                unsafe {
                    Self::deallocate_counted(slot, self.shared(), participant, check, block);
                }
                // SAFETY: this handle owns the slot.
                unsafe { slot.knows_len() };
                return;
            }
            // SAFETY: these are the parts of this handle, which has just seen its array full.
            unsafe { Self::flush(slot, self.shared(), participant, check, block) };
        }
        // Codegen: C6.
        // SAFETY: this handle owns the slot, and there is room.
        unsafe { slot.put(block) };
    }

    /// The number of blocks in the handle's array. An allocation exchanges when there are none, a
    /// deallocation when the array is full. Quarantined blocks of a hardened pool do not count.
    pub(super) fn len_blocks(&self) -> usize {
        // SAFETY: this handle owns the slot.
        unsafe { self.slot.len_blocks() }
    }

    /// The number of blocks in the handle's array.
    #[cfg(feature = "_probe")]
    #[doc(hidden)]
    pub fn cached_blocks(&self) -> usize {
        self.len_blocks()
    }

    /// Runs `f` as if this thread were held up in the middle of an exchange.
    #[cfg(feature = "_probe")]
    #[doc(hidden)]
    pub fn linger(&self, f: impl FnOnce()) {
        self.shared().mediator.linger(&self.participant, f);
    }

    /// Fills the array and pops a block.
    ///
    /// # Safety
    ///
    /// The arguments are the parts of one handle, whose array is empty, and the calling thread uses
    /// that handle.
    #[cold]
    #[inline(never)]
    #[track_caller]
    unsafe fn refill(
        slot: SlotRef,
        shared: &Shared<S, C>,
        participant: &Participant<S>,
        check: &C::State,
    ) -> Result<Block, AllocError> {
        // SAFETY: a handle owns the slot.
        if shared.counts() && unsafe { slot.is_closed() } {
            // SAFETY: the same handle's parts.
            return unsafe { Self::allocate_counted(slot, shared, participant, check) };
        }
        // SAFETY: a handle owns the slot, and its participant has joined.
        let client = unsafe { shared.client(slot, participant) };
        // SAFETY: a handle owns the slot, and has just seen the array empty.
        let room = unsafe { slot.refill_room() };
        let block = match shared.take(client, Take::One, room) {
            Ok(blocks) => {
                // SAFETY: a handle owns the slot, and the call has written so many entries.
                unsafe { slot.refilled(blocks) };
                // SAFETY: a handle owns the slot.
                unsafe { slot.count_taken(blocks) };
                // SAFETY: a handle owns the slot.
                if let Err(misuse) = unsafe { batch_enters_cache(&shared.checking, check, slot) } {
                    misuse.report();
                }
                // SAFETY: a handle owns the slot.
                unsafe { slot.pop() }.expect("a refill brings at least one block")
            }
            // Out of memory: hand out a quarantined block.
            // SAFETY: a handle owns the slot.
            Err(error) => unsafe { slot.release_oldest() }.ok_or(error)?,
        };
        shared.show(block);
        if C::CHECKS {
            // SAFETY: the block has just left the array or the ring.
            unsafe { Self::verify_alloc(slot, shared, check, block) };
        }
        Ok(block)
    }

    /// Reports `block` if it was misused.
    ///
    /// # Safety
    ///
    /// `check` was made for `slot`, whose array or ring the block has just left.
    #[cold]
    #[inline(never)]
    #[track_caller]
    unsafe fn verify_alloc(slot: SlotRef, shared: &Shared<S, C>, check: &C::State, block: Block) {
        // SAFETY: by the caller.
        if let Err(misuse) = unsafe { shared.checking.verify_alloc(check, block) } {
            if misuse.leaves_the_block() {
                // SAFETY: a handle owns the slot. The array has room: the block has just left it,
                // or the array is empty.
                unsafe { slot.put(block) };
            }
            misuse.report();
        }
    }

    /// Reports the free of `block` if it is a misuse.
    ///
    /// # Safety
    ///
    /// `check` was made for the handle's slot. If `block` is live, nobody uses it any more.
    #[cold]
    #[inline(never)]
    #[track_caller]
    unsafe fn verify_free(shared: &Shared<S, C>, check: &C::State, block: Block) {
        // SAFETY: by the caller.
        if let Err(misuse) = unsafe { shared.checking.verify_free(check, block) } {
            misuse.report();
        }
    }

    /// Makes room for `block` in the array of `slot`. Does not put the block there, except if it
    /// panics. Codegen: C6.
    ///
    /// # Safety
    ///
    /// The first four arguments are the parts of one handle, whose array is full, and the calling
    /// thread uses that handle.
    #[cold]
    #[inline(never)]
    #[track_caller]
    unsafe fn flush(
        slot: SlotRef,
        shared: &Shared<S, C>,
        participant: &Participant<S>,
        check: &C::State,
        block: Block,
    ) {
        // SAFETY: a handle owns the slot, and its participant has joined.
        let client = unsafe { shared.client(slot, participant) };
        // SAFETY: a handle owns the slot.
        let flushed = if unsafe { slot.grows() } {
            // SAFETY: a handle owns the slot, and the array is full.
            unsafe { Self::adapt(slot, shared, check, client) }
        } else {
            // SAFETY: a handle owns the slot.
            let batch = unsafe { slot.batch_blocks() };
            // SAFETY: a handle owns the slot, which is full and so holds two batches.
            unsafe { shared.flush(slot, check, client, batch) }
        };
        if let Err(misuse) = flushed {
            // SAFETY: the caller owns the slot. The misused block was taken out and has left room.
            unsafe { slot.put(block) };
            misuse.report();
        }
    }
}

/// A reference to a part of the handle, for a slow path. If the part has no size, the reference
/// does not point into the handle. Codegen: C3.
#[inline(always)]
const fn apart<T>(part: &T) -> &T {
    if size_of::<T>() == 0 {
        // SAFETY: not null and aligned, and nothing is read through it because the type has no
        // size. `part` shows that the type has a value.
        unsafe { NonNull::dangling().as_ref() }
    } else {
        part
    }
}

#[cfg(test)]
mod tests;
