//! The lists of full magazines, and how a look at several of them is one scan.
//!
//! # One instant
//!
//! Lists are looked at one after the other, and meanwhile a batch may be taken from one that is
//! still to be looked at, and another be put where the look has been. However many batches there
//! are, all of them may pass behind the back of one who sleeps between two looks. Were that taken
//! for "nothing there", the pool would carve, again and again, and have no bound.
//!
//! So each shard counts what has arrived there, and a look at all shards counts only where, from
//! before it until after it, nothing has. Where there is one shard no thread counts.
//!
//! # Invariants
//!
//! - SH1. A magazine is counted after its push, and before the handle that pushed it does anything
//!   else.
//! - SH2. Let all lists be seen empty by an RMW each, after one reading of the counts and before
//!   another one, and the two be the same. Then at the last of these looks the lists hold at most
//!   what handles have pushed and not yet counted, a magazine each. For what came to a list behind
//!   the look at it came after the first reading of that list's count, so its own count is not in
//!   that; nor in the second, since that is the same; so by SH1 its handle has done nothing since.
//!
//! papers/memory-bound.md has what that does to the sum.
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
//! Lock-free: a look is repeated only where a batch has arrived since the one before.

use crossbeam_utils::CachePadded;

use super::ShardId;
use crate::free_list::{MagazineList, Mechanism, OwnedMagazine, Strategy};
use crate::sync::{AtomicU64, site};

/// A list of full magazines, by itself on its cache lines.
struct Shard<S: Strategy> {
    list: S::List,
    /// Magazines put here, where there are other shards.
    arrived: AtomicU64,
}

/// The lists of full magazines. The first lies at hand: it is the only one, mostly.
pub(super) struct Shards<S: Strategy> {
    first: CachePadded<Shard<S>>,
    others: Box<[CachePadded<Shard<S>>]>,
}

/// How far a thread has come that scans all lists, its own shard's first.
pub(super) struct ShardScan {
    own: ShardId,
    shard: usize,
    /// The sum of the counts at the end of the last round.
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

    /// The shard to look at.
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

    /// All lists, that of `own` first.
    pub(super) fn all_from(&self, ShardId(first): ShardId) -> impl Iterator<Item = &S::List> {
        (first..self.count()).chain(0..first).map(|shard| self.list(shard))
    }

    /// Moves the scan to the next list. False: the round is over, and the scan is at its first list
    /// again.
    pub(super) fn has_next(&self, scan: &mut ShardScan) -> bool {
        scan.shard = if scan.shard + 1 == self.count() { 0 } else { scan.shard + 1 };
        scan.shard != scan.own.0
    }

    /// Puts a magazine into the list of a shard.
    #[inline]
    pub(super) fn push(&self, ShardId(shard): ShardId, magazine: OwnedMagazine<'_>) {
        let Shard { list, arrived } = self.shard(shard);
        list.push(magazine);
        if !self.others.is_empty() {
            // ORDERING(SH-1): Acquire. What this thread does next has its place after the count
            //   (SH1): else it may seem still to hold what it has long got rid of. argued in
            //   xtask/src/weaken: load buffering.
            arrived.fetch_add(1, site::ARRIVAL.ordering());
        }
    }

    /// At the end of a round that has found nothing: whether all lists were empty at one instant,
    /// as SH2 has it. Otherwise there has to be another round.
    pub(super) fn is_confirmed_empty(&self, scan: &mut ShardScan) -> bool {
        if self.others.is_empty() {
            return true;
        }
        // ORDERING(SH-2): Acquire. The looks that follow have their places after the reading. An
        //   RMW: a load may miss what has arrived. argued in xtask/src/weaken: load buffering.
        let count = |shard| self.shard(shard).arrived.fetch_add(0, site::ARRIVED.ordering());
        // Counts only grow: where the sum is the same, so is each.
        let now = Some((0..self.count()).map(count).sum());
        core::mem::replace(&mut scan.before, now) == now
    }
}
