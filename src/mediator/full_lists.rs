//! The lists of full magazines, one for each shard, and what a scan of all of them shows.
//! `Client::request` (`client.rs`) scans them.
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
//! - FC1. A handle counts a magazine after it has pushed it, and before it does anything else.
//! - FC2. A thread that finds nothing takes three steps: it reads the counts, it sees every list
//!   empty by an RMW each, and it reads the counts again and finds them unchanged. Then at the
//!   instant of the last of these RMWs the lists hold at most the magazines that handles have
//!   pushed and not yet counted, one for each such handle.
//!   1. A magazine that is in a list at that instant was pushed after the RMW on that list, and so
//!      after the first reading of the list's count. The first reading does not include it.
//!   2. The second reading is the same as the first, so it does not include the magazine either.
//!   3. So its handle had not counted it yet. By FC1 that handle had done nothing else since.
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
//! Lock-free: a thread whose scan finds nothing scans a second time, and after that again only if
//! another thread has offered a batch since the scan before.

use crossbeam_utils::CachePadded;

use crate::free_list::{MagazineList, OwnedMagazine, Strategy};
use crate::sync::{AtomicU64, const_when_shipped, site};

/// The shard of a thread cache: it offers batches to this shard's list, and asks this list first.
/// The default is the first shard.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ShardId(usize);

/// One shard: its list of full magazines, alone on its cache lines.
pub(super) struct Shard<S: Strategy> {
    pub(super) list: S::List,
    /// How many magazines were pushed here. Counted only if there are other shards.
    arrived: AtomicU64,
}

/// The lists of full magazines. The first one is stored inline, because most pools have only that
/// one, and a mediator in a static may have no other.
pub(super) struct FullLists<S: Strategy> {
    first: CachePadded<Shard<S>>,
    /// Never changed. A `Vec`, because an empty one can be made in a constant.
    others: Vec<CachePadded<Shard<S>>>,
}

impl<S: Strategy> Shard<S> {
    const_when_shipped! {
        /// A shard with this list, which is new.
        pub(super) fn new(list: S::List) -> CachePadded<Self> {
            CachePadded::new(Self { list, arrived: AtomicU64::new(0) })
        }
    }
}

impl<S: Strategy> FullLists<S> {
    const_when_shipped! {
        pub(super) fn new(first: S::List, others: Vec<CachePadded<Shard<S>>>) -> Self {
            Self { first: Shard::new(first), others }
        }
    }

    #[inline]
    pub(super) fn count(&self) -> usize {
        1 + self.others.len()
    }

    /// The id of shard number `shard`, which is taken modulo the number of shards.
    pub(super) fn shard_id(&self, shard: usize) -> ShardId {
        ShardId(if shard < self.count() { shard } else { shard % self.count() })
    }

    #[inline]
    pub(super) fn shard(&self, ShardId(shard): ShardId) -> &Shard<S> {
        match shard {
            0 => &self.first,
            _ => &self.others[shard - 1],
        }
    }

    /// The shard after this one, in a circle.
    pub(super) const fn after(&self, ShardId(shard): ShardId) -> ShardId {
        ShardId(if shard < self.others.len() { shard + 1 } else { 0 })
    }

    /// All lists, beginning with that of `own`.
    pub(super) fn all_from(&self, ShardId(own): ShardId) -> impl Iterator<Item = &S::List> {
        (own..self.count()).chain(0..own).map(|shard| &self.shard(ShardId(shard)).list)
    }

    /// Pushes a magazine to the list of `own`.
    #[inline]
    pub(super) fn push(&self, own: ShardId, magazine: OwnedMagazine<'_>) {
        let Shard { list, arrived } = self.shard(own);
        list.push(magazine);
        if !self.others.is_empty() {
            // ORDERING(SH-1): Acquire. Keeps the next steps of this thread after the count (FC1).
            //   Otherwise the thread could seem to hold blocks that it has given away long ago.
            //   argued in xtask/src/weaken: load buffering.
            arrived.fetch_add(1, site::ARRIVAL.ordering());
        }
    }

    /// Called at the end of a round that has found nothing: whether all lists were empty at one
    /// instant, as FC2 says. Otherwise the thread makes another round. `before` keeps the sum of
    /// the counts from round to round.
    pub(super) fn is_confirmed_empty(&self, before: &mut Option<u64>) -> bool {
        if self.others.is_empty() {
            return true;
        }
        // ORDERING(SH-2): Acquire. Keeps the scan that follows after the reading. An RMW, because a
        //   load may miss an arrival. argued in xtask/src/weaken: load buffering.
        let count =
            |shard| self.shard(ShardId(shard)).arrived.fetch_add(0, site::ARRIVED.ordering());
        // Counts only grow, so if the sum has not changed, no count has.
        let now = Some((0..self.count()).map(count).sum());
        core::mem::replace(before, now) == now
    }
}
