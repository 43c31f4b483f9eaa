//! Two stacks: what comes back waits in the second until no thread looks at the first.
//!
//! # Invariants
//!
//! - Q1. `main` is filled by a splice alone, when it is empty. Nothing is pushed to it.
//! - Q2. A thread that removes from `main` is counted in `poppers` from before its first look at it
//!   until after its exchange.
//! - Q3. Removals from `second`, and splices, hold the lock: one remover at a time.
//! - Q4. A splice happens while its thread is the only popper that entered before the check. So a
//!   magazine that some popper may have seen on top of `main` is not spliced in again while that
//!   popper is counted; and one that enters after the check sees an empty `main`, or the spliced
//!   one.
//!
//! # Orderings
//!
//! | site | access | ordering |
//! |---|---|---|
//! | QU-1 | enter: count up | Acquire |
//! | QU-2 | leave: count down | Release |
//! | QU-3 | check: count onto itself | Acquire |
//! | QU-4 | splice: CAS head | Release |
//!
//! Those of the count are RMWs. The thread that emptied `main` has left before the check, in the
//! count's order; an entry that comes after the check acquires that leave, and so sees nothing of
//! `main` that is older than its emptiness. The check acquires it too, with all that poppers did
//! before.
//!
//! # Progress
//!
//! Push is lock-free. A removal is lock-free while `main` has magazines. One that finds it empty
//! takes the lock, to splice, or, while another popper is in flight, to take from `second`
//! directly.
//!
//! # Source
//!
//! The second list of the allocator notes, made sound (papers/quiescent.md).

use crossbeam_utils::CachePadded;

use super::{
    BareHead, Chain, Immediate, MagazineList, MagazineStore, Mechanism, OwnedMagazine,
    Requirements, Strategy, TagPolicy, Treiber,
};
use crate::block::TagWidth;
use crate::error::BuildError;
use crate::sync::{AtomicUsize, Mutex, Witness, lock, site};

/// What comes back goes to a second list, which takes the place of the first when that is empty and
/// no thread is removing from it.
///
/// # Progress
///
/// Not lock-free: a removal that finds the first list empty takes a lock, to splice the second one
/// in. Pushes never do.
///
/// # A thread that sleeps in the middle of a removal
///
/// keeps the second list from being spliced in. The others take from it one by one, under the
/// lock, which [`Stats::overflows`](crate::Stats::overflows) counts.
///
/// # Memory bound
///
/// That of the tagged strategies.
///
/// # Wrap time
///
/// None: there is no tag.
#[derive(Clone, Copy, Debug)]
pub struct Quiescent;

// SAFETY: lists are fresh and hold to their mechanism; removal is exclusive by Q1 to Q4.
unsafe impl Strategy for Quiescent {
    const NAME: &'static str = "Quiescent";
    type Reclaimer = Immediate;
    type List = QuiescentList;

    fn mechanism(requirements: Requirements) -> Result<Mechanism, BuildError> {
        Mechanism::untagged(Self::NAME, requirements, 0)
    }

    fn list(_mechanism: &Mechanism) -> QuiescentList {
        QuiescentList::beside_sleepers(0)
    }
}

/// A stack to remove from, and one to push to.
pub struct QuiescentList {
    /// Removals from `main` that are in flight.
    poppers: CachePadded<AtomicUsize>,
    main: Treiber<BareHead>,
    second: Treiber<BareHead>,
    /// Begins anew with each splice: what was taken from `main` before is over by then.
    filling: Witness,
    /// Held by the thread that removes from `second`, or splices.
    removers: Mutex<Removers>,
}

/// What only the holder of the lock touches.
struct Removers {
    /// Removals that could not splice.
    overflows: u64,
}

/// A popper that is counted.
struct Popper<'l>(&'l AtomicUsize);

impl<'l> Popper<'l> {
    #[inline]
    fn enter(poppers: &'l AtomicUsize) -> Self {
        // ORDERING(QU-1): Acquire. Observes `main` as empty as it was when the last splice began.
        //   pairs with QU-2 (leave, Release); killed by list/enter_splice
        poppers.fetch_add(1, site::POPPER_ENTER.ordering());
        Self(poppers)
    }

    /// Whether no other popper has entered and not left.
    fn is_alone(&self) -> bool {
        // ORDERING(QU-3): Acquire. Observes all that poppers did who have left. An RMW: a load may
        //   miss a thread that has entered. pairs with QU-2 (leave, Release); killed by
        //   list/enter_splice
        self.0.fetch_add(0, site::POPPER_CHECK.ordering()) == 1
    }
}

impl Drop for Popper<'_> {
    #[inline]
    fn drop(&mut self) {
        // ORDERING(QU-2): Release. Publishes that this popper's looks at `main` are over.
        //   pairs with QU-1 and QU-3 (enter, check: Acquire); killed by list/enter_splice
        self.0.fetch_sub(1, site::POPPER_LEAVE.ordering());
    }
}

impl QuiescentList {
    /// An empty list, beside so many poppers that sleep for ever: none, but for models of those.
    pub fn beside_sleepers(poppers: usize) -> Self {
        Self {
            poppers: CachePadded::new(AtomicUsize::new(poppers)),
            main: Treiber::new(TagWidth::new(0), TagPolicy::Wrap),
            second: Treiber::new(TagWidth::new(0), TagPolicy::Wrap),
            filling: Witness::created(),
            removers: Mutex::new(Removers { overflows: 0 }),
        }
    }

    /// `removal`, from wherever something is.
    #[inline]
    fn remove<'s>(
        &self,
        store: &'s MagazineStore,
        removal: impl Fn(&Treiber<BareHead>) -> Chain<'s>,
    ) -> Chain<'s> {
        let popper = Popper::enter(&self.poppers);
        let taken = self.take_from_main(&removal);
        // A thread that waits for the lock is not in flight.
        drop(popper);
        if taken.is_empty() { self.remove_dry(store, removal) } else { taken }
    }

    /// `removal` from `main`, by a thread that is counted.
    #[inline]
    fn take_from_main<'s>(&self, removal: impl Fn(&Treiber<BareHead>) -> Chain<'s>) -> Chain<'s> {
        let taken = removal(&self.main);
        if !taken.is_empty() {
            self.filling.acquired();
        }
        taken
    }

    #[cold]
    fn remove_dry<'s>(
        &self,
        store: &'s MagazineStore,
        removal: impl Fn(&Treiber<BareHead>) -> Chain<'s>,
    ) -> Chain<'s> {
        let mut removers = lock(&self.removers);
        let popper = Popper::enter(&self.poppers);
        loop {
            let taken = self.take_from_main(&removal);
            if !taken.is_empty() || !self.main.is_empty() {
                return taken;
            }
            // Empty, and it stays so: only the holder of the lock fills it (Q1, Q3).
            if !popper.is_alone() {
                removers.overflows += 1;
                return removal(&self.second);
            }
            let all = self.second.take_all(store, &());
            if all.is_empty() {
                return all;
            }
            self.filling.renewed();
            self.main.fill(all);
        }
    }
}

// SAFETY: from `main` by Q1, Q2 and Q4 only what a popper saw under its count, from `second` under
// the lock: what a removal's exchange finds is what it saw.
unsafe impl MagazineList for QuiescentList {
    type Guard<'g> = ();

    #[inline]
    fn push(&self, magazine: OwnedMagazine<'_>) {
        self.second.push(magazine);
    }

    #[inline]
    fn pop<'s>(&self, store: &'s MagazineStore, guard: &()) -> Option<OwnedMagazine<'s>> {
        self.remove(store, |stack| stack.pop(store, guard)).next()
    }

    fn pop_up_to<'s>(&self, store: &'s MagazineStore, max_blocks: usize, guard: &()) -> Chain<'s> {
        self.remove(store, |stack| stack.pop_up_to(store, max_blocks, guard))
    }

    fn take_all<'s>(&self, store: &'s MagazineStore, guard: &()) -> Chain<'s> {
        // A thread that finds `main` empty now waits for the lock: both are taken at one instant.
        let _lock = lock(&self.removers);
        let _popper = Popper::enter(&self.poppers);
        self.take_from_main(|main| main.take_all(store, guard))
            .then(self.second.take_all(store, guard))
    }

    fn refuses(&self) -> bool {
        false
    }

    fn cas_failures(&self) -> u64 {
        self.main.cas_failures() + self.second.cas_failures()
    }

    fn overflows(&self) -> u64 {
        lock(&self.removers).overflows
    }

    fn linger(&self, f: &mut dyn FnMut()) {
        let _popper = Popper::enter(&self.poppers);
        f();
    }
}
