//! The Treiber stack over shells, generic over its head word.
//!
//! # Contract
//!
//! Any number of threads. All shells of one stack come from one store.
//!
//! # Invariants
//!
//! - I1. Every write of the head is an RMW, and every removal advances the tag, taking all
//!   included. So while the tag stands still nothing has left: whoever saw `(top, tag)` and finds
//!   it again knows that the whole chain below `top` is the one that it saw.
//! - I2. The links and counts of shells in the list do not change: only a shell's owner writes
//!   them, and it owns the shell only outside the list.
//! - I3. A shell's creation happens before any thread meets its name in a head or a link.
//! - I4. A list is used with one store. A shell that moves between lists (of one mediator, say) stays
//!   in its store, so a stale link leads to a shell of the store too.
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
//!
//! A removal's successful CAS can be Relaxed: the load or the failed CAS before it has acquired
//! the value that the CAS replaces (the same store: the tag tells it from its lookalikes), and
//! what it installs is ordered by the release sequences of earlier pushes, since all writes of
//! the head are RMWs (I1).
//!
//! # Progress
//!
//! Lock-free where the head word is: a CAS fails only because another one succeeded, and a walk
//! takes at most `max_blocks` steps.
//!
//! # Source
//!
//! Treiber 1986 (papers/README.md), with the counted pointers of Michael & Scott 1996 on the head
//! alone. Deviation: removal of several shells under one CAS.

use crossbeam_utils::CachePadded;

use super::head::{Head, HeadWord};
use super::shell::{Chain, OwnedShell, Shell, ShellRef};
use super::{ShellList, ShellStore, TagPolicy};
use crate::block::TagWidth;
use crate::sync::site;

/// A Treiber stack of shells.
pub struct Treiber<H> {
    head: CachePadded<H>,
    tags: TagWidth,
    /// The first tag at which removals for allocation are refused.
    refuse_at: Option<u64>,
}

/// How a removal ended.
enum Removal {
    /// Empty, or not what the plan wanted; seen by an RMW.
    Nothing,
    /// This many shells from this one on.
    Taken(ShellRef, usize),
}

impl<H: HeadWord> Treiber<H> {
    /// An empty stack.
    pub fn new(tags: TagWidth, policy: TagPolicy) -> Self {
        let refuse_at = match policy {
            TagPolicy::Wrap => None,
            TagPolicy::Refuse => Some(tags.max() / 2),
        };
        Self { head: CachePadded::new(H::empty()), tags, refuse_at }
    }

    /// The head word, for twins that mistreat it.
    pub fn head(&self) -> &H {
        &self.head
    }

    /// The one removal loop. `plan` looks at the top shell and says how many shells to take and
    /// which one is on top afterwards; it may be shown a chain that has changed hands meanwhile
    /// (the CAS then fails).
    #[inline]
    fn remove<'s>(
        &self,
        store: &'s ShellStore,
        plan: impl Fn(&'s Shell) -> Option<(usize, ShellRef)>,
    ) -> Removal {
        // ORDERING(FL-5): Acquire. Observes the top shell's creation, link, count and blocks.
        //   pairs with FL-3 (push: head, Release); killed by list/pop_pop_push_push
        let mut head = self.head.load(site::REMOVE_LOAD.ordering());
        loop {
            // SAFETY: met in the head, by an acquiring load (I3, I4).
            let top = unsafe { store.peek(head.top) };
            let Some((shells, rest)) = top.and_then(&plan) else {
                match self.confirm(head) {
                    Ok(_) => return Removal::Nothing,
                    Err(found) => {
                        head = found;
                        continue;
                    }
                }
            };
            let next = Head { top: rest, tag: self.tags.advance(head.tag) };
            // ORDERING(FL-8): Relaxed on success. `head` was acquired by FL-5 or FL-9, from the
            //   same store that this CAS replaces (module head).
            // ORDERING(FL-9): Acquire on failure. As FL-5, for the next round.
            //   pairs with FL-3; killed by list/pop_pop_push_push
            match self.head.compare_exchange(
                head,
                next,
                site::REMOVE_CAS.ordering(),
                site::REMOVE_CAS_FAILED.ordering(),
            ) {
                Ok(_) => return Removal::Taken(head.top, shells),
                Err(found) => head = found,
            }
        }
    }

    /// Makes sure by an RMW that `head` is not stale: carving because of a stale look at an empty
    /// list would break the memory bound.
    fn confirm(&self, head: Head) -> Result<Head, Head> {
        // ORDERING(FL-10): Relaxed on success. Only its place in the head's modification order
        //   matters. On failure as FL-9.
        self.head.compare_exchange(
            head,
            head,
            site::CONFIRM_CAS.ordering(),
            site::REMOVE_CAS_FAILED.ordering(),
        )
    }

    fn take<'s>(&self, store: &'s ShellStore, removal: Removal) -> Chain<'s> {
        match removal {
            // SAFETY: the CAS removed these shells, linked as they were seen (I1, I2), and nobody
            // else can have (I1).
            Removal::Taken(first, shells) => unsafe { Chain::assume(first, shells, store) },
            Removal::Nothing => Chain::empty(store),
        }
    }
}

// SAFETY: a removal's CAS succeeds for one thread only, on the chain that it saw (I1, I2).
unsafe impl<H: HeadWord> ShellList for Treiber<H> {
    #[inline]
    fn push(&self, mut shell: OwnedShell<'_>) {
        // ORDERING(FL-1): Acquire. Observes the creation of the top shell, whose name FL-2 passes
        //   on. pairs with FL-3; killed by list/walk_growth_3
        let mut head = self.head.load(site::PUSH_LOAD.ordering());
        loop {
            shell.set_link(head.top);
            let next = Head { top: shell.name(), tag: head.tag };
            // ORDERING(FL-3): Release on success. Publishes the shell: its creation, link, count and
            //   blocks, and the blocks' bytes. pairs with FL-5, FL-9; killed by list/pop_pop_push_push
            // ORDERING(FL-4): Acquire on failure. As FL-1, for the next round.
            //   pairs with FL-3; killed by list/walk_growth_3
            match self.head.compare_exchange(
                head,
                next,
                site::PUSH_CAS.ordering(),
                site::PUSH_CAS_FAILED.ordering(),
            ) {
                Ok(_) => return,
                Err(found) => head = found,
            }
        }
    }

    #[inline]
    fn pop<'s>(&self, store: &'s ShellStore) -> Option<OwnedShell<'s>> {
        let removal = self.remove(store, |top| Some((1, top.stale_link())));
        self.take(store, removal).next()
    }

    fn pop_up_to<'s>(&self, store: &'s ShellStore, max_blocks: usize) -> Chain<'s> {
        let removal = self.remove(store, |top| {
            let (mut at, mut shells, mut blocks) = (top, 0, 0);
            let mut rest = ShellRef::NONE;
            loop {
                let count = at.stale_count() as usize;
                // Zero: a stale walk has met a new shell. Stop, the CAS will refuse. Every other
                // count, stale or not, brings the walk nearer to its end.
                if count == 0 || blocks + count > max_blocks {
                    break;
                }
                shells += 1;
                blocks += count;
                rest = at.stale_link();
                if blocks == max_blocks {
                    break;
                }
                // SAFETY: met in a link, by an acquiring load (I3, I4).
                match unsafe { store.peek(rest) } {
                    Some(next) => at = next,
                    None => break,
                }
            }
            (shells > 0).then_some((shells, rest))
        });
        self.take(store, removal)
    }

    fn take_all<'s>(&self, store: &'s ShellStore) -> Chain<'s> {
        let removal = self.remove(store, |_| Some((usize::MAX, ShellRef::NONE)));
        self.take(store, removal)
    }

    fn refuses(&self) -> bool {
        self.refuse_at.is_some_and(|limit| {
            // ORDERING(FL-5): any would do. A thread sees at least the tag of its own last RMW
            //   here, so each overshoots by one exchange at most (`TagPolicy::Refuse`).
            self.head.load(site::REMOVE_LOAD.ordering()).tag >= limit
        })
    }
}
