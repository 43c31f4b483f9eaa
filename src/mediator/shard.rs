//! The lists of full shells, and how a look at several of them is one look.
//!
//! # One instant
//!
//! Lists are looked at one after the other, and meanwhile a batch may be taken from one that is still
//! to be looked at, and another be put where the look has been. However many batches there are, all of
//! them may pass behind the back of one who sleeps between two looks. Were that taken for "nothing
//! there", the pool would carve, again and again, and have no bound.
//!
//! So each shard counts what has arrived there, and a look at all shards counts only where, from before
//! it until after it, nothing has. Where there is one shard nobody counts.
//!
//! # Invariants
//!
//! - SH1. A shell is counted after its push, and before the handle that pushed it does anything else.
//! - SH2. Let all lists be seen empty by an RMW each, after one reading of the counts and before
//!   another one, and the two be the same. Then at the last of these looks the lists hold at most what
//!   handles have pushed and not yet counted, a shell each. For what came to a list behind the look at
//!   it came after the first reading of that list's count, so its own count is not in that; nor in
//!   the second, since that is the same; so by SH1 its handle has done nothing since.
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

use crate::free_list::{OwnedShell, Plan, ShellList, Strategy};
use crate::sync::{AtomicU64, site};

/// A list of full shells, by itself on its cache lines.
struct Shard<S: Strategy> {
    list: S::List,
    /// Shells put here, where there are other shards.
    arrived: AtomicU64,
}

/// The lists of full shells, one at least.
pub(super) struct Shards<S: Strategy>(Box<[CachePadded<Shard<S>>]>);

impl<S: Strategy> Shards<S> {
    pub(super) fn new(count: usize, plan: &Plan) -> Self {
        assert!(count > 0, "a mediator has a shard");
        let shard = || Shard { list: S::list(plan), arrived: AtomicU64::new(0) };
        Self((0..count).map(|_| CachePadded::new(shard())).collect())
    }

    #[inline]
    pub(super) fn count(&self) -> usize {
        self.0.len()
    }

    /// A shard's list.
    #[inline]
    pub(super) fn list(&self, shard: usize) -> &S::List {
        &self.0[shard].list
    }

    /// All lists, that of shard `first` first.
    pub(super) fn all_from(&self, first: usize) -> impl Iterator<Item = &S::List> + Clone {
        let (before, from) = self.0.split_at(first);
        from.iter().chain(before).map(|shard| &shard.list)
    }

    /// All lists, that of `home` last. None, where there is no other.
    pub(super) fn others_and(&self, home: usize) -> impl Iterator<Item = &S::List> {
        let all = if self.count() > 1 { self.count() } else { 0 };
        self.all_from(home).cycle().skip(1).take(all)
    }

    /// Puts a shell into the list of a shard.
    #[inline]
    pub(super) fn push(&self, shard: usize, shell: OwnedShell<'_>) {
        let Shard { list, arrived } = &*self.0[shard];
        list.push(shell);
        if self.count() > 1 {
            // ORDERING(SH-1): Acquire. What this thread does next has its place after the count (SH1):
            //   else it may seem still to hold what it has long got rid of.
            //   argued in xtask/src/weaken: load buffering.
            arrived.fetch_add(1, site::ARRIVAL.ordering());
        }
    }

    /// For one who has just seen all lists empty, each by an RMW: whether they were so at one instant,
    /// as SH2 has it. `before` is what the caller was told last, or `None`.
    pub(super) fn has_settled(&self, before: &mut Option<u64>) -> bool {
        if self.count() == 1 {
            return true;
        }
        // Counts only grow: where the sum is the same, so is each.
        // ORDERING(SH-2): Acquire. The looks that follow have their places after the reading, and see
        //   what was counted. An RMW: a load may miss what has arrived.
        //   argued in xtask/src/weaken: load buffering.
        let counts =
            self.0.iter().map(|shard| shard.arrived.fetch_add(0, site::ARRIVED.ordering()));
        let now = Some(counts.sum());
        core::mem::replace(before, now) == now
    }
}
