//! Magazines that wait until no thread looks at them any more.
//!
//! # Invariants
//!
//! - L1. At most `limit` magazines wait, or are on their way from waiting to `empty`: a magazine
//!   counts from before its deferral until after its push. So however long a thread sleeps, all
//!   others are in lists or in hands, as the sum of M4 has it.
//! - L2. A thread that finds that nothing waits has acquired all deferred returns. They may be on
//!   threads that have no other business with the pool: a thread that ends drops its participant,
//!   and that may run what others have deferred, while the pool is dropped.

use core::ptr::NonNull;

use crossbeam_utils::CachePadded;

use super::Depot;
use crate::free_list::{Magazine, MagazineList, OwnedMagazine, Strategy};
use crate::sync::{AtomicU64, AtomicUsize, site};

/// How many magazines wait, and may.
pub(super) struct Limbo {
    waiting: CachePadded<AtomicUsize>,
    limit: AtomicUsize,
    refused: AtomicU64,
}

impl Limbo {
    pub(super) fn new() -> Self {
        Self {
            waiting: CachePadded::new(AtomicUsize::new(0)),
            limit: AtomicUsize::new(0),
            refused: AtomicU64::new(0),
        }
    }

    /// Lets so many more wait. The magazines for that are in `empty`.
    pub(super) fn extend(&self, magazines: usize) {
        if magazines > 0 {
            // ORDERING(LM-2): Relaxed. A number; who reads an older one lets fewer wait.
            self.limit.fetch_add(magazines, site::LIMBO_LIMIT.ordering());
        }
    }

    /// Counts one more that waits, unless that is too many.
    #[inline]
    pub(super) fn enter(&self) -> bool {
        let mut waiting = self.waiting();
        while waiting < self.limit() {
            // ORDERING(LM-1): Relaxed. A number; the magazine itself goes through the reclaimer.
            match self.waiting.compare_exchange(
                waiting,
                waiting + 1,
                site::LIMBO_COUNT.ordering(),
                site::LIMBO_COUNT.ordering(),
            ) {
                Ok(_) => return true,
                Err(found) => waiting = found,
            }
        }
        // ORDERING(LM-3): Relaxed. A statistic.
        self.refused.fetch_add(1, site::LIMBO_REFUSED.ordering());
        false
    }

    /// How often there was one too many.
    pub(super) fn refused(&self) -> u64 {
        // ORDERING(LM-3): as above.
        self.refused.load(site::LIMBO_REFUSED.ordering())
    }

    /// Counts one less that waits. Another thread may free the limbo before this returns, so the
    /// caller has no reference to it, and this one has none but to the number itself.
    ///
    /// # Safety
    ///
    /// The limbo is there when this is called, and the caller does not use it afterwards.
    unsafe fn leave(this: *const Self) {
        // SAFETY: by the caller it is there. What the reference leads to is all atomic.
        let waiting: &AtomicUsize = unsafe { &(*this).waiting };
        // ORDERING(LM-4): Release. Publishes that this thread is through with the depot and the
        //   magazine: it may have no other business with the pool.
        //   pairs with LM-5; killed by limbo/land_drop
        waiting.fetch_sub(1, site::LIMBO_LEAVE.ordering());
    }

    /// Whether nothing waits. If so, the caller has acquired all that was returned.
    pub(super) fn is_empty(&self) -> bool {
        // ORDERING(LM-5): Acquire. A thread that has returned a magazine does not touch the depot
        //   again, so the caller may free them.
        //   pairs with LM-4, of each magazine: all changes of the number are RMWs; killed by
        //   limbo/land_drop
        self.waiting.load(site::LIMBO_EMPTY.ordering()) == 0
    }

    pub(super) fn waiting(&self) -> usize {
        // ORDERING(LM-1): Relaxed. A guess for the exchange, or a statistic.
        self.waiting.load(site::LIMBO_COUNT.ordering())
    }

    #[inline]
    pub(super) fn limit(&self) -> usize {
        // ORDERING(LM-2): as in `extend`.
        self.limit.load(site::LIMBO_LIMIT.ordering())
    }
}

/// A magazine that waits, on its way back to `empty`. Two words, so that a reclaimer need not box
/// it.
///
/// It does not own the depot, but the mediator's drop lets every deferred return happen first: so
/// the memory goes back when the pool goes, and not when the last thread does that has ever used
/// its collector.
pub(super) struct DeferredReturn<S: Strategy> {
    magazine: NonNull<Magazine>,
    depot: NonNull<Depot<S>>,
}

// SAFETY: the magazine has no other owner, and depot are shared by threads anyway.
unsafe impl<S: Strategy> Send for DeferredReturn<S> {}

impl<S: Strategy> DeferredReturn<S> {
    pub(super) fn new(depot: &Depot<S>, magazine: OwnedMagazine<'_>) -> Self {
        Self { magazine: magazine.release(), depot: NonNull::from(depot) }
    }

    /// The grace period is over.
    pub(super) fn complete(self) {
        // SAFETY: the depot stay until this magazine has left the limbo, which is the last line.
        let depot = unsafe { self.depot.as_ref() };
        depot.standing.acquired();
        // SAFETY: released by its owner for this; of these depot' store.
        let magazine = unsafe { OwnedMagazine::assume(self.magazine, &depot.store) };
        depot.empty.push(magazine);
        // SAFETY: this magazine still counts as waiting, so the limbo is there; it is not used
        // again.
        unsafe { Limbo::leave(&raw const depot.limbo) };
    }
}
