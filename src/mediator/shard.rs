//! The lists of full magazines, one for each shard, and how a thread scans all of them.
//!
//! # Why a scan counts arrivals
//!
//! A thread looks at the lists one after the other. Meanwhile another thread may take a batch from
//! a list that the scan has still to reach, and push a batch to a list that the scan has already
//! passed. If the scanning thread sleeps between two lists, any number of batches can pass behind
//! it in this way. If it took that for "nothing there", the pool would carve again and again,
//! without a bound.
//!
//! So each shard counts the magazines that have arrived in its list, and a scan that finds nothing
//! is valid only if no count has changed from before its start until after its end. In a pool with
//! one shard no thread counts.
//!
//! # Invariants
//!
//! - SH1. A handle counts a magazine after it has pushed it, and before it does anything else.
//! - SH2. Let a thread read the counts, then see every list empty by an RMW each, then read the
//!   counts again, and let both readings be the same. Then at the instant of the last of these RMWs
//!   the lists hold at most the magazines that handles have pushed and not yet counted, one for
//!   each such handle. Reason: a magazine that came to a list after the scan had passed it was
//!   pushed after the first reading of that list's count, so the first reading does not include it.
//!   The second reading is the same, so it does not include it either. By SH1 the handle that
//!   pushed it has done nothing since.
//!
//! papers/memory-bound.md shows what that means for the bound.
//!
//! # Orderings
//!
//! | site | access | ordering |
//! |---|---|---|
//! | SH-1 | count an arrival | Acquire |
//! | SH-2 | read a count | Acquire |
//!
//! # Progress
//!
//! Lock-free: a thread repeats a scan only if another thread has offered a batch since the scan
//! before.

use crossbeam_utils::CachePadded;

use super::ShardId;
use crate::free_list::{MagazineList, Mechanism, OwnedMagazine, Strategy};
use crate::sync::{AtomicU64, site};

/// One shard: its list of full magazines, alone on its cache lines.
struct Shard<S: Strategy> {
    list: S::List,
    /// How many magazines were pushed here. Counted only if there are other shards.
    arrived: AtomicU64,
}

/// The lists of full magazines. The first one is stored inline, because most pools have only that
/// one.
pub(super) struct Shards<S: Strategy> {
    first: CachePadded<Shard<S>>,
    others: Box<[CachePadded<Shard<S>>]>,
}

/// The state of a thread's scan over all lists, which begins with the thread's own shard.
pub(super) struct ShardScan {
    own: ShardId,
    shard: usize,
    /// The sum of the counts at the end of the last round, if there was one.
    before: Option<u64>,
}

impl ShardScan {
    #[inline]
    pub(super) const fn begin(own: ShardId) -> Self {
        Self { own, shard: own.0, before: None }
    }

    /// The own shard.
    #[inline]
    pub(super) const fn shard_id(&self) -> ShardId {
        self.own
    }

    /// The shard at which the scan stands.
    #[inline]
    pub(super) const fn shard(&self) -> usize {
        self.shard
    }
}

impl<S: Strategy> Shards<S> {
    pub(super) fn new(count: usize, mechanism: &Mechanism) -> Self {
        assert!(count > 0, "a mediator has a shard");
        let shard =
            || CachePadded::new(Shard { list: S::list(mechanism), arrived: AtomicU64::new(0) });
        Self { first: shard(), others: (1..count).map(|_| shard()).collect() }
    }

    #[inline]
    pub(super) fn count(&self) -> usize {
        1 + self.others.len()
    }

    #[inline]
    fn shard(&self, shard: usize) -> &Shard<S> {
        match shard {
            0 => &self.first,
            _ => &self.others[shard - 1],
        }
    }

    /// A shard's list.
    #[inline]
    pub(super) fn list(&self, shard: usize) -> &S::List {
        &self.shard(shard).list
    }

    /// All lists, beginning with the one of the given shard.
    pub(super) fn all_from(&self, ShardId(first): ShardId) -> impl Iterator<Item = &S::List> {
        (first..self.count()).chain(0..first).map(|shard| self.list(shard))
    }

    /// Moves the scan to the next list. Returns false if the round is over; the scan then stands at
    /// its first list again.
    pub(super) fn has_next(&self, scan: &mut ShardScan) -> bool {
        scan.shard = if scan.shard + 1 == self.count() { 0 } else { scan.shard + 1 };
        scan.shard != scan.own.0
    }

    /// Pushes a magazine to the list of a shard, and counts it.
    #[inline]
    pub(super) fn push(&self, ShardId(shard): ShardId, magazine: OwnedMagazine<'_>) {
        let Shard { list, arrived } = self.shard(shard);
        list.push(magazine);
        if !self.others.is_empty() {
            // ORDERING(SH-1): Acquire. What this thread does next has its place after the count
            //   (SH1); otherwise the scan could count on this thread still holding blocks that it
            //   no longer has. argued in xtask/src/weaken: load buffering.
            arrived.fetch_add(1, site::ARRIVAL.ordering());
        }
    }

    /// Called at the end of a round that has found nothing. Whether all lists were empty at one
    /// instant, in the sense of SH2. If not, the thread scans once more.
    pub(super) fn is_confirmed_empty(&self, scan: &mut ShardScan) -> bool {
        if self.others.is_empty() {
            return true;
        }
        // ORDERING(SH-2): Acquire. The scan that follows has its place after the reading. An RMW,
        //   because a load may miss an arrival. argued in xtask/src/weaken: load buffering.
        let count = |shard| self.shard(shard).arrived.fetch_add(0, site::ARRIVED.ordering());
        // Counts only grow, so if the sum is the same, so is each count.
        let now = Some((0..self.count()).map(count).sum());
        core::mem::replace(&mut scan.before, now) == now
    }
}
