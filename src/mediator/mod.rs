//! Hands surplus blocks from threads that free to threads that allocate.
//!
//! Blocks wait here in magazines, in three kinds of lists: full magazines hold at least B blocks (B
//! is the smallest batch), partial ones hold what was left over when a thread left, empty ones wait
//! for the next batch. A thread that frees pops an empty magazine, copies a batch into it and
//! pushes it to `full`; a thread that allocates does the reverse. A batch therefore moves by two
//! exchanges on padded heads, whatever its size, and a thread cache is a plain array. There may be
//! several lists of full magazines, one for each [shard]: a handle offers batches to the list of
//! its own shard and asks the other lists only if that one is empty.
//!
//! # Contract
//!
//! Any number of threads call at any time, and none waits for a partner. The lists are last in,
//! first out: the batch that was offered last is handed out first, because its cache lines are the
//! warmest.
//!
//! # Invariants
//!
//! - M1. Of the magazines that do not wait in limbo there are at least `carved / B + slots`, where
//!   `slots` counts the thread caches ever made. Each carve brings one magazine. Each new slot
//!   brings one, and one more for each magazine that may wait on its account, before its handle is
//!   handed out.
//! - M2. A magazine in `full` holds at least B blocks, one in `partial` holds 1 to B - 1. One in
//!   `empty` holds none; its count is stale, and no thread reads it.
//! - M3. There are never more partial magazines than handles. A handle makes a new one only after
//!   it has seen `partial` empty or has just filled one up, and no handle has more than one in its
//!   hands.
//! - M4. So a handle that has blocks to put down never finds `empty` empty. If it did, every
//!   magazine would hold blocks or be in some thread's hands; by M1 to M3 these blocks would be
//!   more than were carved (papers/memory-bound.md has the sum). The exception: where tags must not
//!   wrap and are used up, no magazine can be taken, and the blocks are set aside.
//! - M5. A request finds nothing only if, at one instant, no list had a full magazine, except those
//!   whose push was not yet counted ([`Shards::is_confirmed_empty`]).
//!
//! # Progress
//!
//! That of the strategy's list and reclaimer, of which a call performs a bounded number of
//! operations. With several shards, a request scans again only if a thread has offered a batch
//! meanwhile.
//!
//! # Source
//!
//! Bonwick & Adams 2001, the depot of magazines, without its lock, and with copies of blocks
//! instead of swapped magazines (papers/README.md).

mod limbo;
mod request;
mod shard;

use core::mem::ManuallyDrop;

use crate::block::{Batch, Block};
use crate::free_list::{
    MagazineList, MagazineStore, Mechanism, OwnedMagazine, Reclaimer, Strategy, TagPolicy,
};
use crate::sync::Witness;
use limbo::Limbo;
use shard::Shards;

/// The shared store of full, partial and empty magazines of one pool.
pub struct Mediator<S: Strategy> {
    reclaimer: S::Reclaimer,
    /// Boxed: what waits for its return knows their address. Dropped by `drop`, unless something
    /// still waits then.
    depot: ManuallyDrop<Box<Depot<S>>>,
    /// The reclaimer has given up: the depot stay for good.
    depot_stays: bool,
}

/// Where magazines are.
struct Depot<S: Strategy> {
    store: MagazineStore,
    batch: Batch,
    full: Shards<S>,
    partial: S::List,
    empty: S::List,
    limbo: Limbo,
    /// Whether the lists have tags that must not wrap.
    may_refuse: bool,
    /// Says that the thread which ends the depot has acquired all deferred returns.
    standing: Witness,
}

/// A thread cache's standing at a mediator.
pub type Participant<S> = <<S as Strategy>::Reclaimer as Reclaimer>::Participant;

/// The shard that a thread cache puts batches down in, and takes from first: the first one, unless
/// the
/// [mediator](Mediator::shard_id) said otherwise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ShardId(usize);

/// A pin: nothing comes back to the lists meanwhile that the holder may have seen there.
type Guard<'g, S> = <<S as Strategy>::Reclaimer as Reclaimer>::Guard<'g>;

/// What waits, and for what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// Magazines in limbo.
    pub limbo_magazines: usize,
    /// The most that may be.
    pub limbo_limit: usize,
    /// Magazines that could not wait because as many did as may, and removals that took a lock
    /// because another one was in flight.
    pub overflows: u64,
}

impl<S: Strategy> Mediator<S> {
    /// A mediator without magazines.
    ///
    /// # Panics
    ///
    /// With 0 shards.
    pub fn new(batch: impl Into<Batch>, shards: usize, mechanism: &Mechanism) -> Self {
        let batch = batch.into();
        Self {
            reclaimer: S::Reclaimer::new(),
            depot: ManuallyDrop::new(Box::new(Depot {
                store: MagazineStore::new(batch.max, mechanism.addressing),
                batch,
                full: Shards::new(shards, mechanism),
                partial: S::list(mechanism),
                empty: S::list(mechanism),
                limbo: Limbo::new(),
                may_refuse: mechanism.tag_policy == TagPolicy::Refuse,
                standing: Witness::created(),
            })),
            depot_stays: false,
        }
    }

    /// The magazines that travel here.
    pub fn store(&self) -> &MagazineStore {
        &self.depot.store
    }

    /// Blocks in a batch.
    #[inline]
    pub fn batch(&self) -> Batch {
        self.depot.batch
    }

    /// Brings a new magazine.
    pub fn add_magazine(&self, magazine: OwnedMagazine<'_>) {
        self.depot.empty.push(magazine);
    }

    /// Lets so many magazines more wait for their return. As many have been brought for that.
    pub fn extend_limbo(&self, magazines: usize) {
        self.depot.limbo.extend(magazines);
    }

    /// How many lists of full magazines there are.
    #[inline]
    pub fn shards(&self) -> usize {
        self.depot.full.count()
    }

    /// The home of who belongs to this shard. Of more shards than there are, it begins again with
    /// the first.
    pub fn shard_id(&self, shard: usize) -> ShardId {
        ShardId(if shard < self.shards() { shard } else { shard % self.shards() })
    }

    /// A standing for a thread cache.
    pub fn join(&self) -> Participant<S> {
        self.reclaimer.join()
    }

    /// Takes blocks that the caller has no use for: a whole batch, or the remainder of a thread
    /// that leaves. Never fails and never takes blocks or magazines from the source (M4). Where no
    /// tags are left the blocks are set aside until the pool is dropped.
    ///
    /// # Panics
    ///
    /// On more than the largest batch, and if M1 was broken from outside.
    #[inline]
    pub fn offer(&self, participant: &Participant<S>, shard: ShardId, blocks: &[Block]) {
        if blocks.is_empty() {
            return;
        }
        let guard = self.reclaimer.pin(participant);
        if blocks.len() < self.batch().min {
            return self.offer_remainder(&guard, shard, blocks);
        }
        let Some(mut magazine) = self.empty_magazine(&guard) else { return };
        magazine.fill(blocks);
        self.depot.full.push(shard, magazine);
    }

    /// Merges a remainder into a partial magazine, so that those stay few (M3).
    fn offer_remainder(&self, guard: &Guard<'_, S>, shard: ShardId, blocks: &[Block]) {
        let Depot { store, batch, full, partial, .. } = &**self.depot;
        let mut rest = blocks;
        if let Some(mut magazine) = partial.pop(store, guard) {
            let room = batch.min - magazine.len();
            let fit;
            (fit, rest) = blocks.split_at(room.min(blocks.len()));
            magazine.append(fit);
            if fit.len() < room {
                partial.push(magazine);
            } else {
                full.push(shard, magazine);
            }
        }
        if !rest.is_empty() {
            let Some(mut magazine) = self.empty_magazine(guard) else { return };
            magazine.fill(rest);
            partial.push(magazine);
        }
    }

    /// A magazine to put blocks into; none where tags are used up (M4).
    #[inline]
    fn empty_magazine(&self, guard: &Guard<'_, S>) -> Option<OwnedMagazine<'_>> {
        let Some(magazine) = self.depot.empty.pop(&self.depot.store, guard) else {
            self.expect_no_tags();
            return None;
        };
        // SAFETY: new magazines and such as have waited go to `empty`, all others behind its lock;
        // and no caller puts it back there before it was emptied, and has waited, again.
        Some(unsafe { magazine.assume_reusable() })
    }

    #[cold]
    fn expect_no_tags(&self) {
        assert!(self.refuses(), "M4: a magazine is reserved for every batch");
    }

    /// Sends a magazine back to `empty`: as soon as no thread looks at it any more, or at once,
    /// where as many wait as may.
    #[inline]
    fn recycle(&self, guard: &Guard<'_, S>, magazine: OwnedMagazine<'_>) {
        if !S::Reclaimer::DEFERS {
            self.depot.empty.push(magazine);
        } else if self.depot.limbo.enter() {
            let address = magazine.name().address();
            let deferred_return = limbo::DeferredReturn::new(&self.depot, magazine);
            // SAFETY: the depot lie in their box until `drain` has returned true: see `drop`.
            unsafe { self.reclaimer.defer(guard, address, move || deferred_return.complete()) };
        } else {
            // Else nothing would make the reclaimer look while the limbo is full.
            self.reclaimer.collect(guard);
            self.depot.empty.push(magazine);
        }
    }

    /// Whether blocks may no longer be handed out, since tags must not wrap. If so, it stays so.
    #[inline]
    pub fn refuses(&self) -> bool {
        self.depot.may_refuse && self.depot.lists().any(MagazineList::refuses)
    }

    /// What waits.
    pub fn waiting(&self) -> Waiting {
        let limbo = &self.depot.limbo;
        let overflows = self.depot.lists().map(MagazineList::overflows).sum::<u64>();
        Waiting {
            limbo_magazines: limbo.waiting(),
            limbo_limit: limbo.limit(),
            overflows: overflows + limbo.refused(),
        }
    }

    /// How often a CAS came too late and had to be tried again.
    pub fn cas_failures(&self) -> u64 {
        self.depot.lists().map(MagazineList::cas_failures).sum()
    }

    /// Runs `f` as if the caller were held up in the middle of an exchange with each of the lists.
    /// For harnesses that ask what a sleeping thread does to the others.
    pub fn linger(&self, participant: &Participant<S>, f: impl FnOnce()) {
        let _guard = self.reclaimer.pin(participant);
        let mut f = Some(f);
        linger(&mut self.depot.lists(), &mut || f.take().into_iter().for_each(|f| f()));
    }

    /// Blocks in full and in partial magazines, and the number of empty magazines. The count is
    /// exact, since `&mut` keeps all other threads out, and no magazine waits in limbo afterwards,
    /// unless the reclaimer has given up: see `drain`.
    pub fn census(&mut self) -> (usize, usize, usize) {
        // SAFETY: `&mut` keeps all other threads out.
        unsafe { self.census_alone() }
    }

    /// As [`census`](Self::census), for a caller that keeps the other threads out by other means.
    ///
    /// # Safety
    ///
    /// No other thread uses the mediator until this returns, and no guard is held.
    pub unsafe fn census_alone(&self) -> (usize, usize, usize) {
        // What waits nevertheless is counted nowhere.
        // SAFETY: by the caller.
        _ = unsafe { self.drain() };
        let Depot { full, partial, empty, .. } = &**self.depot;
        // SAFETY: by the caller.
        let count = |list| unsafe { self.count(list) };
        let full_blocks = full.all_from(ShardId::default()).map(|list| count(list).1).sum();
        (full_blocks, count(partial).1, count(empty).0)
    }

    /// Ends all magazines that lie in a list. Only a checker's atomics need it.
    pub fn end_magazines(&mut self) {
        // SAFETY: `&mut` keeps all other threads out.
        _ = unsafe { self.drain() };
        let participant = self.join();
        let guard = self.reclaimer.pin(&participant);
        for list in self.depot.lists() {
            // SAFETY: the pool is borrowed for this alone.
            for magazine in unsafe { list.take_all_alone(self.store(), &guard) } {
                magazine.end();
            }
        }
    }

    /// Ends the reclaimer's work before the mediator is dropped. False: as [`drain`](Self::drain),
    /// and the depot stay for good.
    pub fn finish_limbo(&mut self) -> bool {
        // SAFETY: `&mut` keeps all other threads out.
        self.depot_stays |= S::Reclaimer::DEFERS && !unsafe { self.drain() };
        !self.depot_stays
    }

    /// Returns every magazine that waits in limbo to `empty`. False: the reclaimer has given up,
    /// and a magazine will come back later, or never. What waits leads to the depot and to
    /// magazines, which must stay then.
    ///
    /// # Safety
    ///
    /// No other thread uses the mediator until this returns, and no guard is held.
    #[must_use = "what waits leads to magazines"]
    pub unsafe fn drain(&self) -> bool {
        let Depot { limbo, standing, .. } = &**self.depot;
        let mut before = usize::MAX;
        while !limbo.is_empty() {
            let waiting = limbo.waiting();
            if waiting >= before {
                return false;
            }
            before = waiting;
            // SAFETY: by the caller.
            unsafe { self.reclaimer.drain(|| limbo.is_empty()) };
        }
        standing.renewed();
        true
    }

    /// Magazines and blocks in a list.
    ///
    /// # Safety
    ///
    /// No other thread removes anything from the list until this returns. One may still return a
    /// magazine from limbo, where `drain` has given up.
    unsafe fn count(&self, list: &S::List) -> (usize, usize) {
        let participant = self.join();
        let guard = self.reclaimer.pin(&participant);
        let (mut magazines, mut blocks) = (0, 0);
        // SAFETY: by the caller no thread removes anything meanwhile. Lists whose magazines may
        // still come back take all of them by their ordinary way.
        let taken = unsafe { list.take_all_alone(self.store(), &guard) };
        let mut back: Vec<OwnedMagazine<'_>> = taken.collect();
        while let Some(magazine) = back.pop() {
            magazines += 1;
            blocks += magazine.len();
            // SAFETY: just let go of. No other thread is here, so no thread looks at it: it is
            // reusable.
            list.push(unsafe { OwnedMagazine::assume(magazine.release(), self.store()) });
        }
        (magazines, blocks)
    }
}

impl<S: Strategy> Depot<S> {
    /// All lists.
    fn lists(&self) -> impl Iterator<Item = &S::List> {
        self.full.all_from(ShardId::default()).chain([&self.partial, &self.empty])
    }
}

/// Runs `f` as a removal from each of the lists that is held up.
fn linger<'l, L: MagazineList + 'l>(lists: &mut dyn Iterator<Item = &'l L>, f: &mut dyn FnMut()) {
    match lists.next() {
        Some(list) => list.linger(&mut || linger(lists, f)),
        None => f(),
    }
}

impl<S: Strategy> Drop for Mediator<S> {
    fn drop(&mut self) {
        // A reclaimer that has given up once is not asked again.
        if !self.depot_stays && self.finish_limbo() {
            // SAFETY: not used again. Nothing that the reclaimer still has leads here.
            unsafe { ManuallyDrop::drop(&mut self.depot) };
        }
    }
}
