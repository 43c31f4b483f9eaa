//! A slot: pool-owned memory that holds one thread's cache, an array of up to two batches.
//!
//! # Who may touch what
//!
//! | field | seated handle | anyone |
//! |---|---|---|
//! | `owner` | gives up (Release) | peeks, claims when free (Acquire) |
//! | `next` | reads | reads; written once before the slot is published |
//! | `fill` and the array, `cursor` and the ring | reads and writes, plainly | never |
//! | `tally` | writes | reads, as a statistic |
//!
//! A slot whose handle was forgotten stays owned, and keeps its blocks: they are found again when
//! its thread ends (where the pool is told of that) or when the pool is dropped.

mod fill;
mod ring;

use core::alloc::Layout;
use core::num::NonZeroU64;
use core::ptr::NonNull;

use super::ThreadId;
use super::tally::{SeatStats, Tally};
use crate::block::{Batch, Block};
use crate::free_list::MaybeBlock;
use crate::mediator::Home;
use crate::sync::{AtomicU64, UnsafeCell, Witness, site};
use fill::Fill;

/// Head of a slot; the array of two of the largest batches follows it in memory, and behind that the
/// ring of those that are kept back, if any are.
#[repr(C, align(64))]
pub struct Slot {
    /// 0 when free, else the id of the thread that owns it.
    owner: AtomicU64,
    /// The slot registered before this one.
    pub(super) next: Option<SlotRef>,
    /// Size of the array.
    room: usize,
    /// Size of the ring, 0 or a power of two.
    quarantine: usize,
    born: Witness,
    /// Where the ring's oldest block is; guards the ring too.
    cursor: UnsafeCell<usize>,
    /// Guards the array too.
    fill: UnsafeCell<Fill>,
    tally: Tally,
}

/// A reference to a slot, with leave to reach the array behind it.
#[derive(Clone, Copy)]
pub struct SlotRef(NonNull<Slot>);

impl Slot {
    /// Layout of a slot for two batches and a ring of `quarantine` blocks, or `None` where it
    /// overflows.
    pub fn layout(batch: Batch, quarantine: usize) -> Option<Layout> {
        let array =
            Layout::array::<Block>(batch.most.checked_mul(2)?.checked_add(quarantine)?).ok()?;
        let (layout, offset) = Layout::new::<Self>().extend(array).ok()?;
        debug_assert_eq!(offset, size_of::<Self>(), "the array follows the head directly");
        Some(layout.pad_to_align())
    }
}

impl SlotRef {
    /// Makes a slot that `owner` has claimed already.
    ///
    /// # Safety
    ///
    /// `room` has [`Slot::layout`] for `batch` and `quarantine`, which is 0 or a power of two, and is
    /// nobody else's for as long as the reference or a copy of it is used.
    pub unsafe fn create(
        room: NonNull<u8>,
        batch: Batch,
        quarantine: usize,
        owner: ThreadId,
        next: Option<Self>,
    ) -> Self {
        let slot = room.cast::<Slot>();
        let head = Slot {
            owner: AtomicU64::new(owner.0.get()),
            next,
            room: 2 * batch.most,
            quarantine,
            born: Witness::created(),
            cursor: UnsafeCell::new(0),
            fill: UnsafeCell::new(Fill::new(batch)),
            tally: Tally::default(),
        };
        // SAFETY: by the caller the room is aligned, large enough and unused.
        unsafe { slot.write(head) };
        let this = Self(slot);
        // SAFETY: made just now, and nobody else has it.
        unsafe { this.clear_ring() };
        this
    }

    pub(super) const fn from_ptr(slot: NonNull<Slot>) -> Self {
        Self(slot)
    }

    pub(super) const fn as_ptr(self) -> *mut Slot {
        self.0.as_ptr()
    }

    #[inline(always)]
    pub(super) fn head(&self) -> &Slot {
        // SAFETY: by `create` the slot lives while references are used; heads are only shared.
        unsafe { self.0.as_ref() }
    }

    /// The slot registered before this one.
    pub fn next(self) -> Option<Self> {
        self.head().born.acquired();
        self.head().next
    }

    /// The thread that owns it, as last heard of.
    pub fn owner(self) -> Option<ThreadId> {
        // ORDERING(TC-1): Relaxed. Only a hint for the claim at TC-2, or a thread looking for its
        //   own id, which nobody else writes.
        NonZeroU64::new(self.head().owner.load(site::SLOT_PEEK.ordering())).map(ThreadId)
    }

    /// Claims the slot if it is free.
    pub fn claim(self, thread: ThreadId) -> bool {
        if self.owner().is_some() {
            return false;
        }
        // ORDERING(TC-2): Acquire on success. Observes the array as the last owner left it.
        //   pairs with TC-4 (leave, Release); killed by pool/leave_attach
        // ORDERING(TC-3): Relaxed on failure. Nothing is read.
        self.head()
            .owner
            .compare_exchange(
                0,
                thread.0.get(),
                site::SLOT_CLAIM.ordering(),
                site::SLOT_CLAIM_FAILED.ordering(),
            )
            .is_ok()
    }

    /// Gives the slot up.
    ///
    /// # Safety
    ///
    /// The caller is seated here and does not touch the array again.
    pub unsafe fn leave(self) {
        // ORDERING(TC-4): Release. Publishes the array to the next owner.
        //   pairs with TC-2 (claim, Acquire); killed by pool/leave_attach
        self.head().owner.store(0, site::SLOT_LEAVE.ordering());
    }

    /// The array.
    #[inline(always)]
    fn array(self) -> *mut Block {
        // SAFETY: the array begins right behind the head, in the same allocation.
        unsafe { self.0.add(1) }.cast::<Block>().as_ptr()
    }

    /// Where the slot lies: no other one of the pool lies there.
    pub fn address(self) -> usize {
        self.0.addr().get()
    }

    /// The blocks in the array, the oldest first.
    ///
    /// # Safety
    ///
    /// The caller is seated here, and puts nothing in and takes nothing out meanwhile.
    pub unsafe fn blocks<'a>(self) -> &'a [Block] {
        // SAFETY: seated.
        let len = unsafe { self.len_blocks() };
        // SAFETY: entries below the length were written, and the caller is alone with them.
        unsafe { core::slice::from_raw_parts(self.array(), len) }
    }

    /// Takes block number `nth` out of the array, from anywhere in it.
    ///
    /// # Safety
    ///
    /// The caller is seated here and the array holds more than `nth` blocks.
    pub unsafe fn remove(self, nth: usize) {
        let array = self.array();
        self.head().fill.with_mut(|fill| {
            // SAFETY: seated, so nobody else is in the cell.
            let Fill { len, .. } = unsafe { &mut *fill };
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
    /// The caller is seated here.
    #[inline(always)]
    pub unsafe fn pop(self) -> Option<Block> {
        let array = self.array();
        self.head().fill.with_mut(|fill| {
            // SAFETY: seated, so nobody else is in the cell.
            let Fill { len, .. } = unsafe { &mut *fill };
            *len = len.checked_sub(1)?;
            // SAFETY: the new length is within the array.
            let top = unsafe { array.add(*len) };
            // SAFETY: entries below the old length were written.
            Some(unsafe { top.read() })
        })
    }

    /// Moves blocks from the top of the array to `out`, as many as there are and fit, and returns how
    /// many.
    ///
    /// # Safety
    ///
    /// The caller is seated here.
    pub unsafe fn pop_many(self, out: &mut [MaybeBlock]) -> usize {
        let array = self.array();
        self.head().fill.with_mut(|fill| {
            // SAFETY: seated, so nobody else is in the cell.
            let Fill { len, .. } = unsafe { &mut *fill };
            let count = out.len().min(*len);
            *len -= count;
            // SAFETY: the new length is within the array.
            let top = unsafe { array.add(*len) };
            // SAFETY: entries below the old length were written, and so many fit.
            unsafe { top.cast::<MaybeBlock>().copy_to_nonoverlapping(out.as_mut_ptr(), count) };
            count
        })
    }

    /// Counts blocks that the owner took from the shared lists, past the array.
    ///
    /// # Safety
    ///
    /// The caller is seated here.
    pub unsafe fn count_taken(self, blocks: usize) {
        self.head().tally.refilled(blocks);
    }

    /// Counts blocks that the owner gave to the shared lists, past the array.
    ///
    /// # Safety
    ///
    /// The caller is seated here.
    pub unsafe fn count_given(self, blocks: usize) {
        self.head().tally.flushed(blocks);
    }

    /// Whether the array holds as many blocks as it may.
    ///
    /// # Safety
    ///
    /// The caller is seated here.
    #[inline(always)]
    pub unsafe fn is_full(self) -> bool {
        self.head().fill.with(|fill| {
            // SAFETY: seated, so nobody else is in the cell.
            let Fill { len, limit, .. } = unsafe { &*fill };
            *len >= *limit
        })
    }

    /// Puts a block on top.
    ///
    /// # Safety
    ///
    /// The caller is seated here, and the array is not full.
    #[inline(always)]
    pub unsafe fn put(self, block: Block) {
        let array = self.array();
        self.head().fill.with_mut(|fill| {
            // SAFETY: seated, so nobody else is in the cell.
            let Fill { len, limit, .. } = unsafe { &mut *fill };
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
    /// The caller is seated here, or nobody is anywhere.
    pub unsafe fn len_blocks(self) -> usize {
        // SAFETY: nobody else is in the cell.
        self.head().fill.with(|fill| unsafe { (*fill).len })
    }

    /// Lets the array, which is full, hold more blocks. False where it has no more room, or would not
    /// be the better for it.
    ///
    /// # Safety
    ///
    /// The caller is seated here.
    pub unsafe fn widen(self) -> bool {
        let room = self.head().room;
        // SAFETY: seated, so nobody else is in the cell.
        self.head().fill.with_mut(|fill| unsafe { &mut *fill }.widen(room))
    }

    /// Brings the limit of the empty array back to what it was at first.
    ///
    /// # Safety
    ///
    /// The caller is seated here.
    pub unsafe fn narrow(self, batch: Batch) {
        // SAFETY: seated, so nobody else is in the cell.
        self.head().fill.with_mut(|fill| unsafe { &mut *fill }.narrow(batch));
    }

    /// Says where the new owner's batches go and come from.
    ///
    /// # Safety
    ///
    /// The caller is seated here.
    pub unsafe fn settle(self, home: Home) {
        // SAFETY: seated, so nobody else is in the cell.
        self.head().fill.with_mut(|fill| unsafe { (*fill).home = home });
    }

    /// Where the owner's batches go and come from.
    ///
    /// # Safety
    ///
    /// The caller is seated here.
    pub unsafe fn home(self) -> Home {
        // SAFETY: seated, so nobody else is in the cell.
        self.head().fill.with(|fill| unsafe { (*fill).home })
    }

    /// Blocks that a flush of the full array gives away: a batch.
    ///
    /// # Safety
    ///
    /// The caller is seated here.
    pub unsafe fn batch_blocks(self) -> usize {
        // SAFETY: nobody else is in the cell.
        self.head().fill.with(|fill| unsafe { (*fill).limit } / 2)
    }

    /// Fills the empty array with what `refill` writes to the room for the largest batch.
    ///
    /// # Errors
    ///
    /// What `refill` says; the array is still empty then.
    ///
    /// # Safety
    ///
    /// The caller is seated here and the array is empty. `refill` returns how many entries it
    /// wrote, from the start of its room.
    pub unsafe fn refill<E>(
        self,
        batch: Batch,
        refill: impl FnOnce(&mut [MaybeBlock]) -> Result<usize, E>,
    ) -> Result<(), E> {
        debug_assert_eq!(2 * batch.most, self.head().room, "the pool's batch");
        // SAFETY: the array has room for two batches and the caller is alone with it. The cell is
        // not held meanwhile: `refill` takes locks, where other threads run.
        let room = unsafe { core::slice::from_raw_parts_mut(self.array().cast(), batch.most) };
        let filled = refill(room)?;
        debug_assert!(filled <= batch.most, "a refill is at most a batch");
        // SAFETY: seated, so nobody else is in the cell.
        self.head().fill.with_mut(|fill| unsafe { &mut *fill }.refilled(filled));
        self.head().tally.refilled(filled);
        Ok(())
    }

    /// Gives the oldest `count` blocks to `flush` and keeps the others, in order.
    ///
    /// # Safety
    ///
    /// The caller is seated here and the array holds at least `count` blocks.
    pub unsafe fn flush(self, batch: Batch, count: usize, flush: impl FnOnce(&[Block])) {
        // SAFETY: seated.
        let len = unsafe { self.len_blocks() };
        debug_assert!(count <= len, "flush of {count} blocks out of {len}");
        let array = self.array();
        // SAFETY: entries below the length were written, and the caller is alone with them.
        flush(unsafe { core::slice::from_raw_parts(array, count) });
        self.head().fill.with_mut(|fill| {
            // SAFETY: within the array.
            let kept = unsafe { array.add(count) };
            // SAFETY: both ranges are within the array, which the caller is alone with.
            unsafe { kept.copy_to(array, len - count) };
            // SAFETY: seated, so nobody else is in the cell.
            unsafe { &mut *fill }.flushed(batch, len - count);
        });
        self.head().tally.flushed(count);
    }

    /// What went through here.
    pub fn stats(self) -> SeatStats {
        self.head().tally.stats(self.owner())
    }
}

impl SlotRef {
    /// Ends the slot. Only a checker's atomics need it.
    ///
    /// # Safety
    ///
    /// Nobody refers to the slot any more.
    pub(crate) unsafe fn drop_in_place(self) {
        // SAFETY: made by `create`, and the last use by the caller.
        unsafe { self.0.drop_in_place() };
    }
}
