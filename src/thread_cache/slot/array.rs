//! The array of a slot: how its owner takes blocks out and puts blocks in.
//!
//! The functions are unsafe because only the owner, the handle that owns the slot, may call them.
//! For that reason they need no atomics.

use core::slice;

use super::SlotRef;
use super::cache_state::CacheState;
use crate::block::{Batch, Block, MaybeBlock};

impl SlotRef {
    /// The start of the array.
    #[inline(always)]
    pub(super) fn array(self) -> *mut Block {
        // SAFETY: the array begins right behind the head, in the same allocation.
        unsafe { self.0.add(1) }.cast::<Block>().as_ptr()
    }

    /// The blocks in the array, the oldest first.
    ///
    /// # Safety
    ///
    /// The caller owns the slot, and does not change the array as long as it uses the slice.
    pub unsafe fn blocks<'a>(self) -> &'a [Block] {
        // SAFETY: the caller owns the slot.
        let len = unsafe { self.len_blocks() };
        // SAFETY: entries below the length were written, and the caller is alone with them.
        unsafe { slice::from_raw_parts(self.array(), len) }
    }

    /// Takes block number `nth` out of the array, from anywhere in it.
    ///
    /// # Safety
    ///
    /// The caller owns the slot and the array holds more than `nth` blocks.
    pub unsafe fn remove(self, nth: usize) {
        let array = self.array();
        self.head().state.with_mut(|state| {
            // SAFETY: the caller owns the slot, so no other thread is in the cell.
            let CacheState { len, .. } = unsafe { &mut *state };
            debug_assert!(nth < *len, "block {nth} out of {len}");
            *len -= 1;
            // SAFETY: within the array.
            let gap = unsafe { array.add(nth) };
            // SAFETY: at most the entry behind the last.
            let next = unsafe { gap.add(1) };
            // SAFETY: both ranges are within the array, which the caller is alone with.
            unsafe { next.copy_to(gap, *len - nth) };
        });
    }

    /// Takes the block on top.
    ///
    /// # Safety
    ///
    /// The caller owns the slot.
    #[inline(always)]
    pub unsafe fn pop(self) -> Option<Block> {
        let array = self.array();
        self.head().state.with_mut(|state| {
            // SAFETY: the caller owns the slot, so no other thread is in the cell.
            let CacheState { len, .. } = unsafe { &mut *state };
            *len = len.checked_sub(1)?;
            // SAFETY: the new length is within the array.
            let top = unsafe { array.add(*len) };
            // SAFETY: entries below the old length were written.
            Some(unsafe { top.read() })
        })
    }

    /// Moves as many blocks as possible from the top of the array to `out`, and returns how many.
    ///
    /// # Safety
    ///
    /// The caller owns the slot.
    pub unsafe fn pop_many(self, out: &mut [MaybeBlock]) -> usize {
        let array = self.array();
        self.head().state.with_mut(|state| {
            // SAFETY: the caller owns the slot, so no other thread is in the cell.
            let CacheState { len, .. } = unsafe { &mut *state };
            let count = out.len().min(*len);
            *len -= count;
            // SAFETY: the new length is within the array.
            let top = unsafe { array.add(*len) };
            // SAFETY: entries below the old length were written, and `out` has room for `count`.
            unsafe { top.cast::<MaybeBlock>().copy_to_nonoverlapping(out.as_mut_ptr(), count) };
            count
        })
    }

    /// Counts blocks that the owner took from the shared lists, into the array or past it.
    ///
    /// # Safety
    ///
    /// The caller owns the slot.
    pub unsafe fn count_taken(self, blocks: usize) {
        let tally = &self.head().tally;
        tally.refills.bump(1);
        tally.refilled.bump(blocks as u64);
    }

    /// Counts blocks that the owner gave to the shared lists, out of the array or past it.
    ///
    /// # Safety
    ///
    /// The caller owns the slot.
    pub unsafe fn count_given(self, blocks: usize) {
        let tally = &self.head().tally;
        tally.flushes.bump(1);
        tally.flushed.bump(blocks as u64);
    }

    /// Whether the array holds as many blocks as it may.
    ///
    /// # Safety
    ///
    /// The caller owns the slot.
    #[inline(always)]
    pub unsafe fn is_full(self) -> bool {
        self.head().state.with(|state| {
            // SAFETY: the caller owns the slot, so no other thread is in the cell.
            let CacheState { len, limit, .. } = unsafe { &*state };
            *len >= *limit
        })
    }

    /// Reads the length, for nothing but the compiler. Codegen: C6.
    ///
    /// # Safety
    ///
    /// The caller owns the slot.
    #[inline(always)]
    pub unsafe fn knows_len(self) {
        self.head().state.with(|state| {
            // SAFETY: the caller owns the slot, so no other thread is in the cell.
            let CacheState { len, .. } = unsafe { &*state };
            // SAFETY: an array holds fewer blocks than memory has bytes.
            unsafe { core::hint::assert_unchecked(*len <= isize::MAX.unsigned_abs()) };
        });
    }

    /// Puts a block on top.
    ///
    /// # Safety
    ///
    /// The caller owns the slot, and the array is not full.
    #[inline(always)]
    pub unsafe fn put(self, block: Block) {
        let array = self.array();
        self.head().state.with_mut(|state| {
            // SAFETY: the caller owns the slot, so no other thread is in the cell.
            let CacheState { len, limit, .. } = unsafe { &mut *state };
            debug_assert!(*len < *limit, "room for a block in {limit}");
            // SAFETY: below the limit, so within the array.
            let top = unsafe { array.add(*len) };
            // SAFETY: as above; the entry is free.
            unsafe { top.write(block) };
            *len += 1;
        });
    }

    /// Number of blocks in the array.
    ///
    /// # Safety
    ///
    /// The caller owns the slot, or no thread uses the pool.
    pub unsafe fn len_blocks(self) -> usize {
        // SAFETY: no other thread is in the cell.
        self.head().state.with(|state| unsafe { &*state }.true_len())
    }

    /// Closes the array: until [`open`](Self::open), an allocation finds it empty, and a free finds
    /// it full.
    ///
    /// # Safety
    ///
    /// The caller owns the slot, and the array is open.
    pub unsafe fn close(self) {
        // SAFETY: the caller owns the slot, so no other thread is in the cell.
        self.head().state.with_mut(|state| unsafe { &mut *state }.close());
    }

    /// Opens the array, if it is closed. Returns whether it was.
    ///
    /// # Safety
    ///
    /// The caller owns the slot.
    pub unsafe fn open(self) -> bool {
        // SAFETY: the caller owns the slot, so no other thread is in the cell.
        self.head().state.with_mut(|state| unsafe { &mut *state }.open())
    }

    /// Whether the array is closed.
    ///
    /// # Safety
    ///
    /// The caller owns the slot.
    pub unsafe fn is_closed(self) -> bool {
        // SAFETY: the caller owns the slot, so no other thread is in the cell.
        self.head().state.with(|state| unsafe { &*state }.is_closed())
    }

    /// Whether batches grow, so that the limit follows what the owner does.
    ///
    /// # Safety
    ///
    /// The caller owns the slot.
    #[inline(always)]
    pub unsafe fn grows(self) -> bool {
        // SAFETY: the caller owns the slot, so no other thread is in the cell.
        self.head().state.with(|state| unsafe { (*state).grows })
    }

    /// Raises the limit of the full array and returns `None`, or returns how many of its oldest
    /// blocks a flush should give away: from the smallest to the largest batch.
    ///
    /// # Safety
    ///
    /// The caller owns the slot, and batches grow.
    pub unsafe fn overflow(self, batch: Batch) -> Option<usize> {
        // SAFETY: the caller owns the slot, so no other thread is in the cell.
        self.head().state.with_mut(|state| unsafe { &mut *state }.overflow(batch))
    }

    /// Raises the limit of the full array by a batch if its owner only gives, for which there is no
    /// large magazine at present. Returns false, and changes nothing, if the owner is another one or
    /// there is no more room.
    ///
    /// # Safety
    ///
    /// The caller owns the slot, and batches grow.
    pub unsafe fn hold_back(self, batch: Batch) -> bool {
        // SAFETY: the caller owns the slot, so no other thread is in the cell.
        self.head().state.with_mut(|state| unsafe { &mut *state }.hold_back(batch))
    }

    /// Tells a slot whose batches grow that its owner has given blocks away.
    ///
    /// # Safety
    ///
    /// The caller owns the slot.
    pub unsafe fn gave(self, batch: Batch) {
        // SAFETY: the caller owns the slot, so no other thread is in the cell.
        self.head().state.with_mut(|state| unsafe { &mut *state }.gave(batch));
    }

    /// Sets the limit of the empty array back to its initial value.
    ///
    /// # Safety
    ///
    /// The caller owns the slot.
    pub unsafe fn narrow(self, batch: Batch) {
        // SAFETY: the caller owns the slot, so no other thread is in the cell.
        self.head().state.with_mut(|state| unsafe { &mut *state }.narrow(batch));
    }

    /// How many blocks a flush of the full array gives away if batches do not grow: half of what it
    /// may hold.
    ///
    /// # Safety
    ///
    /// The caller owns the slot.
    pub unsafe fn batch_blocks(self) -> usize {
        // SAFETY: no other thread is in the cell.
        self.head().state.with(|state| unsafe { (*state).limit } / 2)
    }

    /// Room for the largest batch in the empty array. [`refilled`](Self::refilled) says how much of
    /// it was filled.
    ///
    /// # Safety
    ///
    /// The caller owns the slot, and the array is empty as long as the caller uses the room. The
    /// cell is not borrowed meanwhile, because the caller may wait for a lock.
    pub unsafe fn refill_room<'a>(self) -> &'a mut [MaybeBlock] {
        // SAFETY: the array has room for two batches and the caller is alone with it.
        unsafe { slice::from_raw_parts_mut(self.array().cast(), self.head().room / 2) }
    }

    /// The array holds `len` blocks now.
    ///
    /// # Safety
    ///
    /// The caller owns the slot, and has written so many entries from the start of the
    /// [`refill_room`](Self::refill_room).
    pub unsafe fn refilled(self, len: usize) {
        debug_assert!(len <= self.head().room / 2, "a refill is at most a batch");
        // SAFETY: the caller owns the slot, so no other thread is in the cell.
        self.head().state.with_mut(|state| unsafe { &mut *state }.refilled(len));
    }

    /// Removes the oldest `count` blocks, which the caller has given away, and keeps the others, in
    /// order.
    ///
    /// # Safety
    ///
    /// The caller owns the slot and the array holds at least `count` blocks.
    #[inline]
    pub unsafe fn flushed(self, count: usize) {
        let array = self.array();
        self.head().state.with_mut(|state| {
            // SAFETY: the caller owns the slot, so no other thread is in the cell.
            let state = unsafe { &mut *state };
            debug_assert!(count <= state.len, "flush of {count} blocks out of {}", state.len);
            // SAFETY: within the array.
            let kept = unsafe { array.add(count) };
            // SAFETY: both ranges are within the array, which the caller is alone with.
            unsafe { kept.copy_to(array, state.len - count) };
            state.len -= count;
        });
    }
}
