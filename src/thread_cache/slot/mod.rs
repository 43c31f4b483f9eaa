//! A slot: memory of the pool that holds one thread's cache, an array of up to two batches.
//!
//! A handle owns the slot from its claim until it leaves. Another handle may then claim the slot,
//! on any thread. If a handle is forgotten, its slot stays owned and keeps its blocks until the
//! handle's thread ends (if the pool is told of that) or until the pool is dropped.
//!
//! # Who may touch what
//!
//! | field | owner | any thread |
//! |---|---|---|
//! | `owner` | gives the slot up (Release) | peeks, and claims a free slot (Acquire) |
//! | `next`, `room`, `quarantine`, `created` | reads | reads; written once, before the slot is published |
//! | `state` and the array, `cursor` and the ring | reads and writes, plainly | never |
//! | `tally` | writes | reads, as a statistic |

mod array;
mod cache_state;
mod opened;
mod ring;

pub use opened::Opened;

use core::alloc::Layout;
use core::num::NonZeroU64;
use core::ptr::NonNull;

use super::tally::{SlotStats, Tally};
use crate::block::{Batch, Block};
use crate::mediator::ShardId;
use crate::sync::{AtomicU64, UnsafeCell, Witness, opaque, site};
use crate::threads::ThreadId;
use cache_state::CacheState;

/// Head of a slot. Its array, with room for two of the largest batches, follows it in memory.
/// Behind the array lies the ring of quarantined blocks, if the pool is hardened.
#[repr(C, align(64))]
pub struct Slot {
    /// 0 if the slot is free, otherwise the id of the thread that owns it.
    owner: AtomicU64,
    /// The slot registered before this one.
    pub(super) next: Option<SlotRef>,
    /// For how many blocks the array has room: two of the largest batches.
    room: usize,
    /// For how many blocks the ring has room: 0 or a power of two.
    quarantine: usize,
    created: Witness,
    /// Position of the ring's oldest block. The cell guards the ring too.
    cursor: UnsafeCell<usize>,
    /// The cell guards the array too.
    state: UnsafeCell<CacheState>,
    tally: Tally,
}

opaque! { [] Slot; [] SlotRef; }

/// A reference to a slot, through which the array behind it can be reached.
#[derive(Clone, Copy)]
pub struct SlotRef(NonNull<Slot>);

impl Slot {
    /// Layout of a slot for two of the largest batches and a ring of `quarantine` blocks, or `None`
    /// if it overflows.
    pub fn layout(batch: Batch, quarantine: usize) -> Option<Layout> {
        let array =
            Layout::array::<Block>(batch.max.checked_mul(2)?.checked_add(quarantine)?).ok()?;
        let (layout, offset) = Layout::new::<Self>().extend(array).ok()?;
        debug_assert_eq!(offset, size_of::<Self>(), "the array follows the head directly");
        Some(layout.pad_to_align())
    }
}

impl SlotRef {
    /// Makes a slot that already belongs to `owner`.
    ///
    /// # Safety
    ///
    /// `room` has [`Slot::layout`] for `batch` and `quarantine`, where `quarantine` is 0 or a power
    /// of two. Nothing else uses `room` as long as the reference or a copy of it is used.
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
            room: 2 * batch.max,
            quarantine,
            created: Witness::created(),
            cursor: UnsafeCell::new(0),
            state: UnsafeCell::new(CacheState::new(batch)),
            tally: Tally::default(),
        };
        // SAFETY: by the caller the room is aligned, large enough and unused.
        unsafe { slot.write(head) };
        let this = Self(slot);
        // SAFETY: just made, and no other thread knows it.
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
        self.head().created.acquired();
        self.head().next
    }

    /// The thread that owns the slot. The answer may be out of date.
    pub fn owner(self) -> Option<ThreadId> {
        // ORDERING(TC-1): Relaxed. Only a hint for the claim at TC-2, or a thread looking for its
        //   own id, which no other living thread writes.
        NonZeroU64::new(self.head().owner.load(site::SLOT_PEEK.ordering())).map(ThreadId)
    }

    /// Claims the slot if it is free.
    pub fn claim(self, thread: ThreadId) -> bool {
        if self.owner().is_some() {
            return false;
        }
        // ORDERING(TC-2): Acquire on success. Observes the array as the last owner left it.
        //   pairs with TC-4 (leave, Release); killed by pool/leave_attach
        // ORDERING(TC-3): Relaxed on failure. Nothing is read through the result.
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
    /// The caller owns the slot and does not touch the array again.
    pub unsafe fn leave(self) {
        // ORDERING(TC-4): Release. Publishes the array to the next owner.
        //   pairs with TC-2 (claim, Acquire); killed by pool/leave_attach
        self.head().owner.store(0, site::SLOT_LEAVE.ordering());
    }

    /// The slot's address, which no other slot of the pool has.
    pub fn address(self) -> usize {
        self.0.addr().get()
    }

    /// Sets the shard of the new owner.
    ///
    /// # Safety
    ///
    /// The caller owns the slot.
    pub unsafe fn set_shard(self, shard: ShardId) {
        // SAFETY: the caller owns the slot, so no other thread is in the cell.
        self.head().state.with_mut(|state| unsafe { (*state).shard = shard });
    }

    /// The shard of the owner.
    ///
    /// # Safety
    ///
    /// The caller owns the slot.
    pub unsafe fn shard_id(self) -> ShardId {
        // SAFETY: the caller owns the slot, so no other thread is in the cell.
        self.head().state.with(|state| unsafe { (*state).shard })
    }

    /// The counts of the slot.
    pub fn stats(self) -> SlotStats {
        let tally = &self.head().tally;
        SlotStats {
            thread: self.owner(),
            refills: tally.refills.get(),
            refilled_blocks: tally.refilled.get(),
            flushes: tally.flushes.get(),
            flushed_blocks: tally.flushed.get(),
        }
    }

    /// Drops the slot in place. Only a checker's atomics need it.
    ///
    /// # Safety
    ///
    /// No thread refers to the slot any more.
    pub(crate) unsafe fn drop_in_place(self) {
        // SAFETY: made by `create`, and the last use by the caller.
        unsafe { self.0.drop_in_place() };
    }
}
