//! Lists without a tag, whose magazines come back late.
//!
//! # The rule
//!
//! A magazine goes its round: from `empty` to `full` or `partial`, and from there back to `empty`.
//! It is *reusable* from its creation, or its last grace period, until a removal brings it from
//! `full` or `partial`. Only reusable magazines go where poppers look without a lock: whatever a
//! removal brings is not, unless the caller vouches for it ([`OwnedMagazine::assume_reusable`]).
//!
//! # Invariants
//!
//! - D1. The top of the open stack that a popper has seen, and its guard protects, does not come
//!   back to that stack before the popper's exchange. Back to `full` or `partial` it would have to
//!   come through `empty`, and back to `empty` it comes by [`Reclaimer::defer`] alone, after the
//!   removal that the popper missed. One deferral for a round serves all three lists.
//! - D2. So a popper that exchanges the head that it saw exchanges the very store that it loaded,
//!   or one that only confirmed it, and everything below is as it saw it: below the top nothing
//!   changes.
//! - D3. A magazine that is not reusable and does not wait goes to the side stack, under the lock.
//!   No thread looks there without it, so it may go there again at once; and what comes from there
//!   stays
//!   [lock-only](super::Reuse::LockOnly) until its next grace period.
//!
//! # Progress
//!
//! Push and removal are lock-free, as far as the reclaimer is, until something has gone to the side
//! for the first time. From then on a removal that finds the open stack empty looks there too,
//! under the lock, and so waits for others that do.
//!
//! # Source
//!
//! Fraser 2004 for the grace period (papers/README.md). Deviations: only the magazine waits, never
//! a block; one deferral serves all three lists; the side stack.

use core::marker::PhantomData;

use super::locked::{LockedStack, Top};
use super::reclaim::Reclaimer;
use super::{
    BareHead, Chain, MagazineList, MagazineStore, Mechanism, OwnedMagazine, Requirements, Strategy,
    TagPolicy, Treiber,
};
use crate::block::TagWidth;
use crate::error::BuildError;
use crate::sync::{AtomicU32, site};

/// No recycling before a safe point, which `R` finds: the alternative to a tag.
///
/// What is emptied waits until no thread looks at it any more; the blocks never wait. A thread that
/// sleeps while it looks holds up the magazines emptied meanwhile, [`limbo_magazines`] of them per
/// handle; those beyond go through a lock, until it wakes.
///
/// [`limbo_magazines`]: crate::PoolBuilder::limbo_magazines
#[derive(Clone, Copy, Debug)]
pub struct Deferred<R>(PhantomData<R>);

// SAFETY: lists are fresh and hold to their mechanism; removal is exclusive by D1 to D3.
unsafe impl<R: Reclaimer> Strategy for Deferred<R> {
    const NAME: &'static str = R::NAME;
    type Reclaimer = R;
    type List = DeferredList<R>;

    fn mechanism(requirements: Requirements) -> Result<Mechanism, BuildError> {
        const { assert!(R::DEFERS, "a list without a tag has to defer") };
        Mechanism::untagged(Self::NAME, requirements, requirements.limbo_magazines)
    }

    fn list(_mechanism: &Mechanism) -> DeferredList<R> {
        DeferredList {
            open: Treiber::new(TagWidth::new(0), TagPolicy::Wrap),
            side: LockedStack::new(),
            has_side: AtomicU32::new(0),
            _reclaimer: PhantomData,
        }
    }
}

/// A stack of reusable magazines, and one of lock-only magazines behind a lock.
pub struct DeferredList<R> {
    open: Treiber<BareHead>,
    side: LockedStack,
    /// Raised when something goes to the side for the first time, before it does.
    has_side: AtomicU32,
    _reclaimer: PhantomData<fn() -> R>,
}

impl<R: Reclaimer> DeferredList<R> {
    /// Whether anything has ever been at the side, for a caller that has just seen the open stack
    /// empty: if not, both were empty then.
    #[inline]
    fn has_side(&self) -> bool {
        // ORDERING(DL-1): Relaxed. An RMW: only its place in the flag's modification order matters.
        self.has_side.fetch_add(0, site::SIDE_FLAG.ordering()) != 0
    }

    #[cold]
    fn push_aside(&self, magazine: OwnedMagazine<'_>) {
        self.side.with(|top| {
            // ORDERING(DL-2): Acquire. What this thread does next must not be seen before the flag
            //   is up: else a list may seem empty at an instant at which it was not.
            //   argued in xtask/src/weaken: load buffering.
            self.has_side.swap(1, site::SIDE_RAISE.ordering());
            top.push(magazine);
        });
    }

    /// What the open stack gives, else what the side stack gives; nothing where both have nothing
    /// at one instant.
    #[inline]
    fn either<'s>(
        &self,
        open: impl Fn() -> Chain<'s>,
        side: impl FnOnce(&mut Top) -> Chain<'s>,
    ) -> Chain<'s> {
        let taken = open();
        if !taken.is_empty() || !self.has_side() {
            return taken;
        }
        self.side.with(|top| {
            // Again: under the lock nothing comes to the side meanwhile, nor goes.
            let taken = open();
            if taken.is_empty() { side(top).lock_only() } else { taken }
        })
    }
}

// SAFETY: a removal brings what only it removed: by D2 from the open stack, under the lock from the
// side.
unsafe impl<R: Reclaimer> MagazineList for DeferredList<R> {
    type Guard<'g> = R::Guard<'g>;

    #[inline]
    fn push(&self, magazine: OwnedMagazine<'_>) {
        if magazine.is_reusable() {
            self.open.push(magazine);
        } else {
            self.push_aside(magazine);
        }
    }

    #[inline]
    fn pop<'s>(&self, store: &'s MagazineStore, guard: &R::Guard<'_>) -> Option<OwnedMagazine<'s>> {
        self.either(|| self.open.pop(store, guard), |top| top.pop(store)).next()
    }

    fn pop_up_to<'s>(
        &self,
        store: &'s MagazineStore,
        max_blocks: usize,
        guard: &R::Guard<'_>,
    ) -> Chain<'s> {
        self.either(
            || self.open.pop_up_to(store, max_blocks, guard),
            |top| top.pop_up_to(store, max_blocks),
        )
    }

    fn take_all<'s>(&self, store: &'s MagazineStore, guard: &R::Guard<'_>) -> Chain<'s> {
        self.side.with(|top| self.open.take_all(store, guard).then(top.take_all(store).lock_only()))
    }

    fn refuses(&self) -> bool {
        false
    }

    fn cas_failures(&self) -> u64 {
        self.open.cas_failures()
    }
}
