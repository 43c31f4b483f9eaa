//! A slot: pool-owned memory that holds one thread's cache, an array of up to two batches.
//!
//! # Who may touch what
//!
//! | field | seated handle | anyone |
//! |---|---|---|
//! | `owner` | gives up (Release) | peeks, claims when free (Acquire) |
//! | `next` | reads | reads; written once before the slot is published |
//! | `len` and the array | reads and writes, plainly | never |
//! | `tally` | writes | reads, as a statistic |
//!
//! A slot whose handle was forgotten stays owned, and keeps its blocks: they are found again when
//! its thread ends (where the pool is told of that) or when the pool is dropped.

use core::alloc::Layout;
use core::num::NonZeroU64;
use core::ptr::NonNull;

use super::ThreadId;
use crate::block::Block;
use crate::free_list::MaybeBlock;
use crate::sync::{AtomicU64, Number, UnsafeCell, Witness, site};

/// Head of a slot; the array of `2 * batch` blocks follows it in memory.
#[repr(C, align(64))]
pub struct Slot {
    /// 0 when free, else the id of the thread that owns it.
    owner: AtomicU64,
    /// The slot registered before this one.
    pub(super) next: Option<SlotRef>,
    /// Size of the array.
    limit: usize,
    born: Witness,
    /// Blocks in the array; guards the array too.
    len: UnsafeCell<usize>,
    tally: Tally,
}

/// What has gone in and out of a slot, by whoever sat there: counted at exchanges only. Written by
/// the seated handle, read by anyone.
#[derive(Default)]
struct Tally {
    refills: Number,
    refilled: Number,
    flushes: Number,
    flushed: Number,
}

/// What the handles of one seat have exchanged with the pool, since it was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SeatStats {
    /// Who sits there, if anybody does.
    pub thread: Option<ThreadId>,
    /// Refills.
    pub refills: u64,
    /// Blocks that they brought.
    pub refilled_blocks: u64,
    /// Flushes, those of handles that left included.
    pub flushes: u64,
    /// Blocks that they took away.
    pub flushed_blocks: u64,
}

/// A reference to a slot, with leave to reach the array behind it.
#[derive(Clone, Copy)]
pub struct SlotRef(NonNull<Slot>);

impl Slot {
    /// Layout of a slot with an array of `limit` blocks, or `None` where it overflows.
    pub fn layout(limit: usize) -> Option<Layout> {
        let array = Layout::array::<Block>(limit).ok()?;
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
    /// `room` has [`Slot::layout`] for `limit` and is nobody else's for as long as the reference
    /// or a copy of it is used.
    pub unsafe fn create(
        room: NonNull<u8>,
        limit: usize,
        owner: ThreadId,
        next: Option<Self>,
    ) -> Self {
        let slot = room.cast::<Slot>();
        let head = Slot {
            owner: AtomicU64::new(owner.0.get()),
            next,
            limit,
            born: Witness::created(),
            len: UnsafeCell::new(0),
            tally: Tally::default(),
        };
        // SAFETY: by the caller the room is aligned, large enough and unused.
        unsafe { slot.write(head) };
        Self(slot)
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

    /// Takes the block on top.
    ///
    /// # Safety
    ///
    /// The caller is seated here.
    #[inline(always)]
    pub unsafe fn pop(self) -> Option<Block> {
        let array = self.array();
        self.head().len.with_mut(|len| {
            // SAFETY: seated, so nobody else is in the cell.
            let len = unsafe { &mut *len };
            *len = len.checked_sub(1)?;
            // SAFETY: the new length is within the array.
            let top = unsafe { array.add(*len) };
            // SAFETY: entries below the old length were written.
            Some(unsafe { top.read() })
        })
    }

    /// Puts a block on top.
    ///
    /// # Errors
    ///
    /// The block, when the array is full.
    ///
    /// # Safety
    ///
    /// The caller is seated here.
    #[inline(always)]
    pub unsafe fn push(self, block: Block) -> Result<(), Block> {
        let (array, limit) = (self.array(), self.head().limit);
        self.head().len.with_mut(|len| {
            // SAFETY: seated, so nobody else is in the cell.
            let len = unsafe { &mut *len };
            if *len == limit {
                return Err(block);
            }
            // SAFETY: below the limit, so within the array.
            let top = unsafe { array.add(*len) };
            // SAFETY: as above; the entry is free.
            unsafe { top.write(block) };
            *len += 1;
            Ok(())
        })
    }

    /// Number of blocks in the array.
    ///
    /// # Safety
    ///
    /// The caller is seated here, or nobody is anywhere.
    pub unsafe fn len_blocks(self) -> usize {
        // SAFETY: nobody else is in the cell.
        self.head().len.with(|len| unsafe { *len })
    }

    /// Fills the empty array with what `refill` writes to the room for one batch.
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
        batch: usize,
        refill: impl FnOnce(&mut [MaybeBlock]) -> Result<usize, E>,
    ) -> Result<(), E> {
        debug_assert!(batch <= self.head().limit, "a batch fits into the array");
        // SAFETY: the array has room for two batches and the caller is alone with it. The cell is
        // not held meanwhile: `refill` takes locks, where other threads run.
        let room = unsafe { core::slice::from_raw_parts_mut(self.array().cast(), batch) };
        let filled = refill(room)?;
        debug_assert!(filled <= batch, "a refill is at most a batch");
        self.head().len.with_mut(|len| {
            // SAFETY: seated, so nobody else is in the cell.
            unsafe { *len = filled };
        });
        let tally = &self.head().tally;
        tally.refills.set(tally.refills.get() + 1);
        tally.refilled.set(tally.refilled.get() + filled as u64);
        Ok(())
    }

    /// Gives the oldest `count` blocks to `flush` and keeps the others, in order.
    ///
    /// # Safety
    ///
    /// The caller is seated here and the array holds at least `count` blocks.
    pub unsafe fn flush(self, count: usize, flush: impl FnOnce(&[Block])) {
        // SAFETY: seated.
        let len = unsafe { self.len_blocks() };
        debug_assert!(count <= len, "flush of {count} blocks out of {len}");
        let array = self.array();
        // SAFETY: entries below the length were written, and the caller is alone with them.
        flush(unsafe { core::slice::from_raw_parts(array, count) });
        self.head().len.with_mut(|place| {
            // SAFETY: within the array.
            let kept = unsafe { array.add(count) };
            // SAFETY: both ranges are within the array, which the caller is alone with.
            unsafe { kept.copy_to(array, len - count) };
            // SAFETY: seated, so nobody else is in the cell.
            unsafe { *place = len - count };
        });
        let tally = &self.head().tally;
        tally.flushes.set(tally.flushes.get() + 1);
        tally.flushed.set(tally.flushed.get() + count as u64);
    }

    /// What went through here.
    pub fn stats(self) -> SeatStats {
        let tally = &self.head().tally;
        SeatStats {
            thread: self.owner(),
            refills: tally.refills.get(),
            refilled_blocks: tally.refilled.get(),
            flushes: tally.flushes.get(),
            flushed_blocks: tally.flushed.get(),
        }
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
