//! Hands surplus blocks from threads that free to threads that allocate.
//!
//! Blocks wait here in magazines, and magazines in lists: full ones hold at least B blocks (B is
//! the smallest batch); partial ones hold what was left over when a thread left, or when a full
//! magazine was split; empty ones wait for the next batch. If batches grow, each slot brings a
//! large magazine too, and empty large ones wait in a list of their own, `large`. A thread that
//! frees pops an empty magazine, copies a batch into it and pushes it to `full`; a thread that
//! allocates does the reverse. So each side needs two compare-and-swaps on padded heads, whatever
//! the size of the batch, and a thread cache is a plain array. There may be several lists of full
//! magazines, one for each shard: a handle offers batches to the list of its own shard and asks the
//! other lists only if that one is empty.
//!
//! # Contract
//!
//! Any number of threads call at any time, and none waits for a partner. The lists are last in,
//! first out: the batch that was offered last is handed out first, because its cache lines are the
//! warmest.
//!
//! # Invariants
//!
//! - M1. Of the ordinary magazines that do not wait in limbo there are at least `carved / B + slots`,
//!   where `slots` counts the thread caches ever made. Each carve brings one magazine, or uses one
//!   whose blocks went back to the source. Each new slot brings one, and one more for each magazine
//!   that may wait in limbo for it, before its handle is handed out.
//! - M2. A magazine in `full` holds at least B blocks, one in `partial` holds 1 to B - 1. One in
//!   `empty` or `large` holds none; its count is stale, and nothing depends on it: a
//!   thread with an old view of a list may read it, and its compare-and-swap then fails. All in `empty` are
//!   ordinary, all in `large` are large.
//! - M3. There are never more partial magazines than handles. A handle makes a new one only after
//!   it has seen `partial` empty or has just filled one up, and no handle has more than one in its
//!   hands. A handle for which that is true has, in the words of papers/memory-bound.md, a *right* to
//!   a partial magazine; the paper counts rights and magazines.
//! - M4. So a handle that has blocks to put down never finds `empty` empty. If it did, every
//!   magazine would hold blocks or be in some thread's hands; by M1 to M3 these blocks would be
//!   more than were carved (papers/memory-bound.md has the sum). The exception: where tags must not
//!   wrap and are used up, no magazine can be taken, and the blocks are set aside. No such promise
//!   holds for `large`: a thread that finds it empty gives one ordinary magazine of blocks.
//! - M5. A request finds nothing only if no tag is left, or if at one instant no list had a full
//!   magazine but for those that a handle had pushed and not yet counted (`full_lists.rs`).
//! - M6. All magazines in the lists are of the depot's store, and the guards with which a thread
//!   removes magazines are pins of the mediator's reclaimer.
//!
//! # Progress
//!
//! A call does a bounded number of operations of the list and the reclaimer; how those progress, the
//! strategy says. With several shards, a request that finds nothing scans once more, and after that
//! again only if a thread has offered a batch meanwhile.
//!
//! # Source
//!
//! Bonwick & Adams 2001, the depot of magazines, without its lock, and with copies of blocks
//! instead of swapped magazines (papers/README.md).

mod client;
mod depot;
mod ends;
mod forks;
mod full_lists;
mod limbo;

pub use client::Client;
pub use full_lists::ShardId;

use core::mem::ManuallyDrop;

use crossbeam_utils::CachePadded;

use crate::block::Batch;
use crate::free_list::{
    Immediate, MagazineList, MagazineStore, Mechanism, OwnedMagazine, Reclaimer, Strategy,
    TaggedWide,
};
use crate::sync::{InPlace, const_when_shipped, opaque};
use depot::{DeferredReturn, Depot};
use full_lists::{FullLists, Shard};

/// The lists of full, partial and empty magazines of one pool, which all its threads share.
pub struct Mediator<S: Strategy = TaggedWide> {
    reclaimer: S::Reclaimer,
    /// Boxed if the strategy has deferred returns, which hold its address; otherwise part of the
    /// mediator. `drop` drops it, unless a magazine still waits then.
    depot: ManuallyDrop<Place<S>>,
    /// The reclaimer has given up, so the depot is never freed.
    depot_stays: bool,
}

opaque! { [S: Strategy] Mediator<S>; }

/// Where the depot lies.
type Place<S> = <<S as Strategy>::Reclaimer as Reclaimer>::Place<Depot<S>>;

/// What a thread cache holds to take part in a mediator's reclamation.
pub type Participant<S> = <<S as Strategy>::Reclaimer as Reclaimer>::Participant;

/// A pin: while a thread holds it, no magazine that the thread may have seen in a list returns to
/// one.
type Guard<'g, S> = <<S as Strategy>::Reclaimer as Reclaimer>::Guard<'g>;

impl<S: Strategy<Reclaimer = Immediate>> Mediator<S> {
    const_when_shipped! {
        /// A mediator without magazines, with one shard, which a static may hold: it can be made in
        /// a constant, and needs no heap.
        ///
        /// # Panics
        ///
        /// If there is a list of large magazines and batches do not grow, or the reverse.
        ///
        /// # Safety
        ///
        /// Each list is one that [`Strategy::list`] might have made for this mechanism: new, shared
        /// with nobody, and of the mechanism's addressing. The function `new` of the list's type
        /// makes such lists.
        pub unsafe fn in_place(
            batch: Batch,
            mechanism: &Mechanism,
            full: S::List,
            partial: S::List,
            empty: S::List,
            large: Option<S::List>,
        ) -> Self {
            let full = FullLists::new(full, Vec::new());
            let depot = Depot::new(batch, mechanism, full, partial, empty, large);
            let depot = ManuallyDrop::new(InPlace::new(depot));
            Self { reclaimer: Immediate, depot, depot_stays: false }
        }
    }
}

impl<S: Strategy> Mediator<S> {
    /// A mediator without magazines. Without deferred returns and further shards it needs no heap.
    ///
    /// # Panics
    ///
    /// With 0 shards.
    pub fn new(batch: impl Into<Batch>, shards: usize, mechanism: &Mechanism) -> Self {
        assert!(shards > 0, "a mediator has a shard");
        let depot = ManuallyDrop::new(Self::depot(batch.into(), shards, mechanism));
        Self { reclaimer: S::Reclaimer::new(), depot, depot_stays: false }
    }

    /// A depot without magazines, in its place. A function of its own, so that the depot does not
    /// lie on the stack more often than it must.
    fn depot(batch: Batch, shards: usize, mechanism: &Mechanism) -> Place<S> {
        let list = || S::list(mechanism);
        let full = FullLists::new(list(), Self::other_shards(shards - 1, mechanism));
        let large = batch.grows().then(list);
        Depot::new(batch, mechanism, full, list(), list(), large).into()
    }

    fn other_shards(count: usize, mechanism: &Mechanism) -> Vec<CachePadded<Shard<S>>> {
        let mut shards = Vec::with_capacity(count);
        for _ in 0..count {
            shards.push(Shard::new(S::list(mechanism)));
        }
        shards
    }

    /// The store of all magazines that travel through this mediator.
    pub fn store(&self) -> &MagazineStore {
        &self.depot.store
    }

    /// How many blocks a batch holds.
    #[inline]
    pub fn batch(&self) -> Batch {
        self.depot.batch
    }

    /// Adds a new magazine to `empty`, or to `large` if it is a large one.
    ///
    /// # Safety
    ///
    /// It is of this mediator's [`store`](Self::store) (M6).
    pub unsafe fn add_magazine(&self, magazine: OwnedMagazine<'_>) {
        self.depot.put_back(magazine);
    }

    /// Raises the limit of the limbo. The caller has added as many magazines to `empty` before
    /// (M1).
    pub fn extend_limbo(&self, magazines: usize) {
        self.depot.limbo.extend(magazines);
    }

    /// How many lists of full magazines there are.
    #[inline]
    pub fn shards(&self) -> usize {
        self.depot.full.count()
    }

    /// The id of shard number `shard`, which is taken modulo the number of shards.
    pub fn shard_id(&self, shard: usize) -> ShardId {
        self.depot.full.shard_id(shard)
    }

    /// Makes a participant, for one thread cache.
    pub fn join(&self) -> Participant<S> {
        self.reclaimer.join()
    }

    /// A magazine to put blocks into, or `None` if tags are used up (M4).
    #[inline]
    fn empty_magazine(&self, guard: &Guard<'_, S>) -> Option<OwnedMagazine<'_>> {
        // SAFETY: M6.
        let Some(magazine) = (unsafe { self.depot.empty.pop(&self.depot.store, guard) }) else {
            self.expect_no_tags();
            return None;
        };
        // SAFETY: only magazines that are new or have waited out a grace period go to the open part
        // of `empty`; all others go behind its lock. No caller puts this magazine back into `empty`
        // before it has been emptied and has waited again.
        Some(unsafe { magazine.assume_reusable() })
    }

    #[cold]
    fn expect_no_tags(&self) {
        assert!(self.refuses(), "M4: a magazine is reserved for every batch");
    }

    /// Sends an emptied magazine back to `empty`, or to `large` if it is a large one: as soon as no thread can be reading it any more,
    /// or at once if the limbo is full.
    #[inline]
    fn recycle(&self, guard: &Guard<'_, S>, magazine: OwnedMagazine<'_>) {
        if !S::Reclaimer::DEFERS {
            self.depot.put_back(magazine);
        } else if self.depot.limbo.enter() {
            let address = magazine.name().address();
            let deferred_return = DeferredReturn::new(&self.depot, magazine);
            let complete = move || {
                // SAFETY: the magazine has entered the limbo above, and the reclaimer runs this after
                // the grace period.
                unsafe { deferred_return.complete() };
            };
            // SAFETY: the depot stays in its box until `drain` has returned true: see `drop`.
            unsafe { self.reclaimer.defer(guard, address, complete) };
        } else {
            // Without this call nothing would make the reclaimer run deferred returns while the
            // limbo is full.
            self.reclaimer.collect(guard);
            self.depot.put_back(magazine);
        }
    }

    /// Whether blocks may no longer be handed out, because the tags that may be used for that are
    /// used up. Once true, it stays true.
    #[inline]
    pub fn refuses(&self) -> bool {
        self.depot.may_refuse && self.depot.lists().any(MagazineList::refuses)
    }

    /// The number of magazines in limbo, and the most that may be there.
    pub fn limbo(&self) -> (usize, usize) {
        (self.depot.limbo.waiting(), self.depot.limbo.limit())
    }

    /// How many magazines went through a lock because the limbo was full, and how many removals
    /// took a lock because another removal was in flight.
    pub fn overflows(&self) -> u64 {
        let removals: u64 = self.depot.lists().map(MagazineList::overflows).sum();
        removals + self.depot.limbo.refused()
    }

    /// How often a CAS of a list head failed and had to be tried again.
    pub fn cas_failures(&self) -> u64 {
        self.depot.lists().map(MagazineList::cas_failures).sum()
    }

    /// Runs `f` while the calling thread is pinned and counts as one that removes from every list,
    /// to show what a sleeping thread does to the others.
    #[cfg(feature = "_probe")]
    pub fn linger(&self, participant: &Participant<S>, f: impl FnOnce()) {
        let _guard = self.reclaimer.pin(participant);
        let lists = self.depot.lists().map(|list| list as &dyn core::any::Any);
        let counting =
            lists.filter_map(|list| list.downcast_ref::<crate::free_list::QuiescentList>());
        let _poppers: Vec<_> = counting.map(|list| list.linger()).collect();
        f();
    }
}
