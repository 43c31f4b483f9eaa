//! The Treiber stack over magazines, generic over its head word.
//!
//! # Contract
//!
//! Any number of threads call at any time. A removal may only be called if all magazines that were
//! pushed to the stack are of one store.
//!
//! # Invariants
//!
//! - TR1. Every write of the head is an RMW, and every removal advances the tag, also one that
//!   takes everything, but for [`take_all_alone`](Treiber::take_all_alone), whose caller is alone.
//!   So nothing has left the list while the tag is unchanged: a thread that saw `(top, tag)` and
//!   finds it again knows that the whole chain below `top` is the one that it saw. Where there is
//!   no tag, the thread knows it because the [guard](Guard) keeps `top` from coming back, or
//!   because only one thread removes at a time. Under [`TagPolicy::Refuse`] a removal whose tag is
//!   already the last one gives up. Its CAS replaces the very tag at which it has looked, so the
//!   tag cannot wrap under any race.
//! - TR2. The links and counts of magazines in the list do not change: only the owner of a magazine
//!   writes them, and a magazine has an owner only outside the list.
//! - TR3. The creation of a magazine happens before any thread meets its name in a head or a link.
//! - TR4. A list is used with one store. A magazine that moves to another list, of the same
//!   mediator for instance, stays in its store, so a stale link leads to a magazine of the store as
//!   well.
//!
//! # Orderings
//!
//! | site | access | ordering |
//! |---|---|---|
//! | FL-1 | push: load head | Acquire |
//! | FL-2 | push: store link | Release |
//! | FL-3, FL-4 | push: CAS head, failure | Release, Acquire |
//! | FL-5 | remove: load head | Acquire |
//! | FL-6 | remove: load link | Acquire |
//! | FL-7 | remove: load count | Relaxed |
//! | FL-8, FL-9 | remove: CAS head, failure | Relaxed, Acquire |
//! | FL-10 | remove: CAS head onto itself, nothing to take | Relaxed |
//! | QU-4 | fill: CAS an empty head | Release |
//!
//! Why the CAS of a successful removal can be Relaxed: the load or the failed CAS before it has
//! already acquired the value that the CAS replaces. It is the same store, because the tag tells it
//! from another store of the same pointer, or because there can be no such store (D2 of `deferred`,
//! Q4 of `quiescent`). What the CAS installs is ordered by the release sequences of earlier pushes,
//! because all writes of the head are RMWs (TR1).
//!
//! # Progress
//!
//! Lock-free if the head word is: a CAS fails only because another CAS succeeded, and a walk takes
//! as many steps as it takes magazines.
//!
//! # Source
//!
//! Treiber 1986 (papers/README.md), with the counted pointers of Michael & Scott 1996 on the head
//! alone. Deviation: removal of several magazines under one CAS.

use crossbeam_utils::CachePadded;

use super::head::{Head, HeadWord, last_tag};
use super::magazine::MagazineRef;
use super::owned::OwnedMagazine;
use super::reclaim::Guard;
use super::{Chain, MagazineStore, TagPolicy, Take};
use crate::sync::{Number, Ordering, const_when_shipped, opaque, site};

/// A Treiber stack of magazines.
pub struct Treiber<H> {
    head: CachePadded<H>,
    last_tag: u64,
    /// The first tag at which removals for allocation are refused.
    refuse_at: Option<u64>,
    /// How often a CAS failed. On a cache line of its own, so that counting does not touch the
    /// head's line.
    failures: CachePadded<Number>,
}

opaque! { [H] Treiber<H>; }

impl<H: HeadWord> Treiber<H> {
    /// An empty stack with a tag of `tag_bits` bits.
    pub fn new(tag_bits: u32, policy: TagPolicy) -> Self {
        Self::on(H::empty(), tag_bits, policy)
    }

    const_when_shipped! {
        /// As [`new`](Self::new), on this head, which is empty and new.
        pub(super) fn on(head: H, tag_bits: u32, policy: TagPolicy) -> Self {
            let last_tag = last_tag(tag_bits);
            let refuse_at = match policy {
                TagPolicy::Wrap => None,
                TagPolicy::Refuse => Some(last_tag / 2),
            };
            let failures = CachePadded::new(Number::new(0));
            Self { head: CachePadded::new(head), last_tag, refuse_at, failures }
        }
    }

    /// The head word, for twins that break the list on purpose.
    #[cfg(feature = "_probe")]
    pub fn head(&self) -> &H {
        &self.head
    }

    /// Removes what `take` says. The result is empty if there is nothing to take, which an RMW
    /// confirms. It is also empty if the tag is the last one and must not wrap.
    ///
    /// # Safety
    ///
    /// Every magazine that was ever pushed to this stack is of `store`, which names magazines as
    /// the head word does (TR4). While the thread is between its look at the head and its exchange,
    /// one of three things keeps the top from coming back: the tag, which does not wrap meanwhile;
    /// the guard; or the caller, because no other thread removes anything (TR1).
    // Codegen: C9 (papers/codegen.md).
    #[inline(always)]
    pub unsafe fn remove<'s>(
        &self,
        take: Take,
        store: &'s MagazineStore,
        guard: &impl Guard,
    ) -> Chain<'s> {
        // ORDERING(FL-5): Acquire. Observes the top magazine's creation, link, count and blocks.
        //   pairs with FL-3 (push: head, Release); killed by list/pop_pop_push_push
        let load = || self.head.load(site::REMOVE_LOAD.ordering());
        let mut head = guard.protect(load(), load);
        loop {
            // SAFETY: met in the head, by an acquiring load (TR3); of this store by the caller
            // (TR4).
            let plan = unsafe { take.plan(head.top, store) };
            let exchanged = match plan {
                // An RMW makes sure that `head` is not stale. If a thread carved because of a stale
                // empty head, the memory bound would not hold.
                // ORDERING(FL-10): Relaxed on success. Only its place in the head's modification
                //   order matters. On failure as FL-9.
                None => self.head.compare_exchange(
                    head,
                    head,
                    site::CONFIRM_CAS.ordering(),
                    site::REMOVE_CAS_FAILED.ordering(),
                ),
                // The tag would wrap, and must not.
                Some(_) if self.refuse_at.is_some() && head.tag == self.last_tag => {
                    return Chain::empty(store);
                }
                // ORDERING(FL-8): Relaxed on success. `head` was acquired by FL-5 or FL-9, from the
                //   same store that this CAS replaces (module head).
                // ORDERING(FL-9): Acquire on failure. As FL-5, for the next round.
                //   pairs with FL-3; killed by list/pop_pop_push_push
                Some((_, top)) => self.head.compare_exchange(
                    head,
                    Head { top, tag: head.tag.wrapping_add(1) & self.last_tag },
                    site::REMOVE_CAS.ordering(),
                    site::REMOVE_CAS_FAILED.ordering(),
                ),
            };
            match (exchanged, plan) {
                (Ok(_), None) => return Chain::empty(store),
                (Ok(_), Some((magazines, _))) => {
                    // SAFETY: the CAS removed these magazines, linked as they were seen (TR1, TR2),
                    // and no other thread can have (TR1). They are of this store by the caller
                    // (TR4).
                    return unsafe { Chain::assume(head.top, magazines, store) };
                }
                (Err(found), _) => {
                    self.failures.add(1);
                    head = guard.protect(found, load);
                }
            }
        }
    }

    /// Puts a magazine on top.
    #[inline]
    pub fn push(&self, mut magazine: OwnedMagazine<'_>) {
        // ORDERING(FL-1): Acquire. Observes the creation of the top magazine, whose name FL-2
        //   passes on.
        //   pairs with FL-3; killed by list/walk_growth_3
        let mut head = self.head.load(site::PUSH_LOAD.ordering());
        loop {
            magazine.set_link(head.top);
            let next = Head { top: magazine.name(), tag: head.tag };
            // ORDERING(FL-3): Release on success. Publishes the magazine: its creation, link, count
            //   and blocks, and the blocks' bytes.
            //   pairs with FL-5, FL-9; killed by list/pop_pop_push_push
            // ORDERING(FL-4): Acquire on failure. As FL-1, for the next round.
            //   pairs with FL-3; killed by list/walk_growth_3
            match self.head.compare_exchange(
                head,
                next,
                site::PUSH_CAS.ordering(),
                site::PUSH_CAS_FAILED.ordering(),
            ) {
                Ok(_) => return,
                Err(found) => {
                    self.failures.add(1);
                    head = found;
                }
            }
        }
    }

    /// Takes all magazines in one step, and leaves the tag as it is.
    ///
    /// # Safety
    ///
    /// Every magazine in the list is of `store`. The caller is alone with the list: no thread is in
    /// the middle of an operation on it, and no thread begins one meanwhile. So no thread can find
    /// the unchanged tag and take it for an unchanged list (TR1).
    pub unsafe fn take_all_alone<'s>(&self, store: &'s MagazineStore) -> Chain<'s> {
        // ORDERING(FL-5): as in `remove`.
        let head = self.head.load(site::REMOVE_LOAD.ordering());
        let empty = Head { top: MagazineRef::NONE, tag: head.tag };
        // ORDERING(FL-8): as in `remove`. It does not fail: the caller is alone.
        let taken = self.head.compare_exchange(
            head,
            empty,
            site::REMOVE_CAS.ordering(),
            site::REMOVE_CAS_FAILED.ordering(),
        );
        debug_assert!(taken.is_ok(), "the caller is alone with the list");
        let magazines = if taken.is_ok() { usize::MAX } else { 0 };
        // SAFETY: the CAS removed these magazines, which are of this store by the caller.
        unsafe { Chain::assume(head.top, magazines, store) }
    }

    /// Makes all magazines of another list, which the caller has taken, the content of this list.
    ///
    /// This list is empty, and only the caller pushes to it.
    pub(super) fn fill(&self, all: Chain<'_>) {
        let empty = Head { top: MagazineRef::NONE, tag: 0 };
        let full = Head { top: all.into_all(), tag: 0 };
        // ORDERING(QU-4): Release on success. Publishes the magazines, which the caller has
        //   acquired. Relaxed on failure, which does not happen.
        //   pairs with FL-5, FL-9; killed by list/enter_splice
        let filled =
            self.head.compare_exchange(empty, full, site::SPLICE.ordering(), Ordering::Relaxed);
        debug_assert!(filled.is_ok(), "only an empty list is filled");
    }

    /// Whether this thread sees the list empty. It sees no older state than it has already seen or
    /// acquired.
    pub(super) fn is_empty(&self) -> bool {
        // ORDERING(FL-5): any ordering would do, because the answer rests on coherence alone.
        self.head.load(site::REMOVE_LOAD.ordering()).top.is_none()
    }

    /// How often a CAS of the head failed and had to be tried again.
    pub fn cas_failures(&self) -> u64 {
        self.failures.get()
    }

    /// Whether the tag has reached the limit of its policy.
    pub fn refuses(&self) -> bool {
        self.refuse_at.is_some_and(|limit| {
            // ORDERING(FL-5): any ordering would do. A thread that reads an old tag makes one
            //   exchange more; `remove` checks again, at the tag that it replaces.
            self.head.load(site::REMOVE_LOAD.ordering()).tag >= limit
        })
    }
}
