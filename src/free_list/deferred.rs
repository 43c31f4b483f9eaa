//! Lists without a tag. A magazine comes back to such a list only after a grace period.
//!
//! # The rule
//!
//! A magazine goes in a circle: from `empty` to `full` or `partial`, and from there back to
//! `empty`. It is *reusable* from its creation, or from the end of its last grace period, until a
//! removal takes it from `full` or `partial`. Only reusable magazines are pushed to a stack that
//! threads read without a lock. A magazine that a removal has just taken is not reusable, unless
//! the caller states that it is ([`OwnedMagazine::assume_reusable`]).
//!
//! # Invariants
//!
//! - D1. Suppose that a popper has read a head, and that its guard protects the top magazine. This
//!   magazine does not come back to the same open stack before the popper's CAS. It could come back
//!   to `full` or `partial` only by way of `empty`, and it comes back to `empty` only by
//!   [`Reclaimer::defer`], called after the removal that the popper missed. So one deferral for
//!   each circle protects all three lists.
//! - D2. So if a popper's CAS finds the head that the popper read, the head holds the very store
//!   that the popper read, or one that only confirmed it. Everything below the top is as the popper
//!   saw it, because nothing below the top of a stack changes.
//! - D3. A magazine that is not reusable and does not wait in limbo goes to the side stack, under
//!   the lock. No thread reads a magazine there without the lock, so the magazine may return to the
//!   side stack at once. A magazine that was taken from there stays
//!   [lock-only](super::Reuse::LockOnly) until its next grace period is over.
//!
//! # Progress
//!
//! Push and removal are lock-free, if the reclaimer is, until a magazine goes to the side stack for
//! the first time. From then on a removal that finds the open stack empty looks at the side stack
//! too. For that it takes the lock, and so waits for other threads that hold it.
//!
//! # Source
//!
//! Fraser 2004 for the grace period (papers/README.md). Deviations: only the magazine waits, never
//! a block; one deferral serves all three lists; the side stack.

use core::marker::PhantomData;

use super::locked::Top;
use super::reclaim::Reclaimer;
use super::{
    BareHead, Chain, MagazineList, MagazineStore, Mechanism, OwnedMagazine, Requirements, Sealed,
    Strategy, TagPolicy, Take, Treiber,
};
use crate::error::BuildError;
use crate::sync::{AtomicU32, ForkMutex, lock, opaque, site};

/// Magazines are reused only after a safe point, which `R` finds: the alternative to a tag.
///
/// An emptied magazine waits until no thread can be reading it any more. Blocks never wait. A
/// thread that sleeps while it reads a list holds up the magazines that are emptied meanwhile, at
/// most [`limbo_magazines`] per slot. Further magazines go through a lock until the thread wakes.
///
/// [`limbo_magazines`]: crate::PoolBuilder::limbo_magazines
#[derive(Clone, Copy, Debug)]
pub struct Deferred<R>(PhantomData<R>);

impl<R: Reclaimer> Sealed for Deferred<R> {}

// SAFETY: lists are new and do what their mechanism says; removal is exclusive by D1 to D3.
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
            open: Treiber::new(0, TagPolicy::Wrap),
            side: ForkMutex::new(Top::NONE),
            has_side: AtomicU32::new(0),
            _reclaimer: PhantomData,
        }
    }
}

/// An open stack of reusable magazines, and a side stack of lock-only magazines behind a lock.
pub struct DeferredList<R> {
    open: Treiber<BareHead>,
    side: ForkMutex<Top>,
    /// 1 from just before the first magazine goes to the side stack, 0 until then.
    has_side: AtomicU32,
    _reclaimer: PhantomData<fn() -> R>,
}

opaque! { [R] DeferredList<R>; }

impl<R: Reclaimer> DeferredList<R> {
    /// Whether a magazine has ever gone to the side stack. If the caller has just seen the open
    /// stack empty, and this returns false, both stacks were empty at that instant.
    #[inline]
    fn has_side(&self) -> bool {
        // ORDERING(DL-1): Relaxed. An RMW: only its place in the flag's modification order matters.
        self.has_side.fetch_add(0, site::SIDE_FLAG.ordering()) != 0
    }

    #[cold]
    fn push_aside(&self, magazine: OwnedMagazine<'_>) {
        let mut side = lock(&self.side);
        // ORDERING(DL-2): Acquire. What this thread does next must not be seen before the flag is
        //   up; otherwise the list could seem empty at an instant at which it was not.
        //   argued in xtask/src/weaken: load buffering.
        self.has_side.swap(1, site::SIDE_RAISE.ordering());
        side.push(magazine);
    }
}

// SAFETY: no two removals take the same magazine: by D2 from the open stack, by the lock from the
// side stack.
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

    /// Takes from the open stack, or else from the side stack; all is taken from both. Returns
    /// nothing only if both had nothing at one instant.
    #[inline]
    unsafe fn remove<'s>(
        &self,
        take: Take,
        store: &'s MagazineStore,
        guard: &R::Guard<'_>,
    ) -> Chain<'s> {
        // SAFETY: of this store by the caller; by D1 the guard keeps the top from coming back.
        let open = || unsafe { self.open.remove(take, store, guard) };
        // SAFETY: of this store by the caller.
        let aside = |side: &mut Top| unsafe { side.remove(take, store) }.lock_only();
        if take == Take::All {
            let mut side = lock(&self.side);
            return open().then(aside(&mut side));
        }
        let taken = open();
        if !taken.is_empty() || !self.has_side() {
            return taken;
        }
        let mut side = lock(&self.side);
        // Once more, because under the lock the side stack does not change meanwhile.
        let taken = open();
        if taken.is_empty() { aside(&mut side) } else { taken }
    }

    unsafe fn keep_locks(&self) {
        // SAFETY: by the caller.
        unsafe { self.side.keep() };
    }

    unsafe fn give_up_locks(&self) {
        // SAFETY: by the caller.
        unsafe { self.side.give_up() };
    }

    fn refuses(&self) -> bool {
        false
    }

    fn cas_failures(&self) -> u64 {
        self.open.cas_failures()
    }
}
