//! Emptied magazines that wait until no thread can be reading them any more.
//!
//! # Invariants
//!
//! - L1. At most `limit` magazines wait, or are on their way from waiting to `empty`: a magazine
//!   counts from before its deferral until after its push. So however long a thread sleeps, all
//!   other magazines are in lists or in a thread's hands, as the sum of M4 assumes.
//! - L2. A thread that finds that no magazine waits has acquired all deferred returns. This matters
//!   because a deferred return may run on a thread that does not use the pool any more: a thread
//!   that ends drops its participant, which may run the deferred returns of other threads while the
//!   pool is dropped.

use crossbeam_utils::CachePadded;

use crate::sync::{AtomicU64, AtomicUsize, const_when_shipped, site};

/// How many magazines wait, and how many may wait.
pub(super) struct Limbo {
    waiting: CachePadded<AtomicUsize>,
    limit: AtomicUsize,
    refused: AtomicU64,
}

impl Limbo {
    const_when_shipped! {
        pub(super) fn new() -> Self {
            Self {
                waiting: CachePadded::new(AtomicUsize::new(0)),
                limit: AtomicUsize::new(0),
                refused: AtomicU64::new(0),
            }
        }
    }

    /// Raises the limit. The caller has added as many magazines to `empty` before.
    pub(super) fn extend(&self, magazines: usize) {
        if magazines > 0 {
            // ORDERING(LM-2): Relaxed. A number; a thread that reads an older value lets fewer
            //   magazines wait.
            self.limit.fetch_add(magazines, site::LIMBO_LIMIT.ordering());
        }
    }

    /// Counts one more waiting magazine. Returns false, and counts a refusal, if the limit is
    /// reached.
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

    /// How often the limbo was full.
    pub(super) fn refused(&self) -> u64 {
        // ORDERING(LM-3): as above.
        self.refused.load(site::LIMBO_REFUSED.ordering())
    }

    /// Counts one waiting magazine less. Another thread may free the limbo before this returns. The
    /// caller therefore passes a pointer, and this function makes a reference to the counter only.
    ///
    /// # Safety
    ///
    /// The limbo exists when this is called, and the caller does not use it afterwards.
    pub(super) unsafe fn leave(this: *const Self) {
        // SAFETY: by the caller the limbo exists. The reference covers the atomic counter only.
        let waiting: &AtomicUsize = unsafe { &(*this).waiting };
        // ORDERING(LM-4): Release. Publishes that this thread no longer uses the depot and the
        //   magazine. The thread may do nothing else with the pool that would publish it.
        //   pairs with LM-5; killed by limbo/land_drop
        waiting.fetch_sub(1, site::LIMBO_LEAVE.ordering());
    }

    /// Whether no magazine waits. If so, the caller has acquired all deferred returns (L2).
    pub(super) fn is_empty(&self) -> bool {
        // ORDERING(LM-5): Acquire. A thread that has returned a magazine does not touch the depot
        //   again, so the caller may free the depot.
        //   pairs with LM-4 of every magazine, because all changes of the number are RMWs; killed
        //   by limbo/land_drop
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
