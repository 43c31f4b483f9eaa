//! Two stacks. Magazines that come back wait in the second stack until no thread is removing from
//! the first.
//!
//! # Invariants
//!
//! - Q1. Only a splice fills `main`, and only when `main` is empty. Nothing is pushed to it.
//! - Q2. A thread that removes from `main` is counted in `poppers` from before it first reads
//!   `main` until after its CAS.
//! - Q3. A thread that removes from `second`, or splices, holds the lock. So `second` has one
//!   remover at a time.
//! - Q4. A thread splices only if it is the only popper that has entered before its check and not
//!   left. So a magazine that a popper may have seen on top of `main` is not spliced in again while
//!   that popper is counted. A popper that enters after the check sees an empty `main`, or what was
//!   spliced in.
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
//! The accesses to the count are RMWs. The thread that emptied `main` has left before the check, in
//! the count's modification order. A thread that enters after the check acquires that leave, so it
//! sees nothing of `main` that is older than the empty list. The check acquires that leave too,
//! with everything that poppers did before.
//!
//! # Progress
//!
//! Push is lock-free. A removal is lock-free while `main` has magazines. A removal that finds
//! `main` empty takes the lock. Then it splices, or, if another popper is counted, it takes from
//! `second` directly.
//!
//! # Source
//!
//! The project's own: papers/quiescent.md has the argument.

use crossbeam_utils::CachePadded;

use super::{
    BareHead, Chain, Immediate, MagazineList, MagazineStore, Mechanism, OwnedMagazine,
    Requirements, Sealed, Strategy, TagPolicy, Take, Treiber,
};
use crate::error::BuildError;
use crate::sync::{AtomicUsize, ForkMutex, Witness, const_when_shipped, lock, opaque, site};

/// A magazine that comes back goes to a second list. The second list replaces the first one when
/// the first is empty and no thread is removing from it.
///
/// # Progress
///
/// Not lock-free: a removal that finds the first list empty takes a lock, to splice the second one
/// in. A push never takes a lock.
///
/// # A thread that sleeps in the middle of a removal
///
/// Such a thread keeps the second list from being spliced in. The other threads take magazines from
/// the second list one by one, under the lock. [`Stats::overflows`](crate::Stats::overflows) counts
/// these removals.
///
/// # Memory bound
///
/// The bound of the tagged strategies.
///
/// # Wrap time
///
/// Nothing wraps, because there is no tag.
#[derive(Clone, Copy, Debug)]
pub struct Quiescent;

impl Sealed for Quiescent {}

// SAFETY: lists are new and do what their mechanism says; removal is exclusive by Q1 to Q4.
unsafe impl Strategy for Quiescent {
    const NAME: &'static str = "Quiescent";
    type Reclaimer = Immediate;
    type List = QuiescentList;

    fn mechanism(requirements: Requirements) -> Result<Mechanism, BuildError> {
        Mechanism::untagged(Self::NAME, requirements, 0)
    }

    fn list(_mechanism: &Mechanism) -> QuiescentList {
        QuiescentList::new()
    }
}

/// A stack from which threads remove, and a stack to which they push.
pub struct QuiescentList {
    /// The number of removals in flight.
    poppers: CachePadded<AtomicUsize>,
    main: Treiber<BareHead>,
    second: Treiber<BareHead>,
    /// Renewed by each splice. Asserts, under loom and porf, that all earlier removals from `main`
    /// happen before the splice.
    spliced: Witness,
    /// A thread holds this lock while it removes from `second` or splices. Counts the removals that
    /// could not splice.
    overflows: ForkMutex<u64>,
}

opaque! { [] QuiescentList; }

/// A popper, counted as long as this value exists.
struct Popper<'l>(&'l AtomicUsize);

impl<'l> Popper<'l> {
    #[inline]
    fn enter(poppers: &'l AtomicUsize) -> Self {
        // ORDERING(QU-1): Acquire. Observes `main` as empty as it was when the last splice began.
        //   pairs with QU-2 (leave, Release); killed by list/enter_splice
        poppers.fetch_add(1, site::POPPER_ENTER.ordering());
        Self(poppers)
    }

    /// Whether this popper is the only one that has entered and not left.
    fn is_alone(&self) -> bool {
        // ORDERING(QU-3): Acquire. Observes everything done by poppers that have left. An RMW,
        //   because a load may miss a thread that has entered.
        //   pairs with QU-2 (leave, Release); killed by list/enter_splice
        self.0.fetch_add(0, site::POPPER_CHECK.ordering()) == 1
    }
}

impl Drop for Popper<'_> {
    #[inline]
    fn drop(&mut self) {
        // ORDERING(QU-2): Release. Publishes that this popper has finished reading `main`.
        //   pairs with QU-1 and QU-3 (enter, check: Acquire); killed by list/enter_splice
        self.0.fetch_sub(1, site::POPPER_LEAVE.ordering());
    }
}

impl QuiescentList {
    /// An empty list, with this many poppers that are counted and never leave, for models of
    /// sleeping threads.
    #[cfg(feature = "_probe")]
    pub fn beside_sleepers(poppers: usize) -> Self {
        Self::with_poppers(poppers)
    }

    /// Counts the calling thread as a popper as long as the value exists.
    #[cfg(feature = "_probe")]
    pub fn linger(&self) -> impl Sized + '_ {
        Popper::enter(&self.poppers)
    }

    const_when_shipped! {
        /// An empty list.
        pub fn new() -> Self {
            Self::with_poppers(0)
        }
    }

    const_when_shipped! {
        fn with_poppers(poppers: usize) -> Self {
            Self {
                poppers: CachePadded::new(AtomicUsize::new(poppers)),
                main: Treiber::on(BareHead::none(), 0, TagPolicy::Wrap),
                second: Treiber::on(BareHead::none(), 0, TagPolicy::Wrap),
                spliced: Witness::created(),
                overflows: ForkMutex::new(0),
            }
        }
    }

    /// Takes from `main`.
    ///
    /// # Safety
    ///
    /// As [`remove`](MagazineList::remove), and the caller is counted.
    #[inline]
    unsafe fn take_from_main<'s>(&self, take: Take, store: &'s MagazineStore) -> Chain<'s> {
        // SAFETY: of this store by the caller; by Q2 and Q4 the top does not come back meanwhile.
        let taken = unsafe { self.main.remove(take, store, &()) };
        if !taken.is_empty() {
            self.spliced.acquired();
        }
        taken
    }

    /// Takes from `second`.
    ///
    /// # Safety
    ///
    /// As [`remove`](MagazineList::remove), and the caller holds the lock.
    unsafe fn take_from_second<'s>(&self, take: Take, store: &'s MagazineStore) -> Chain<'s> {
        // SAFETY: of this store by the caller; by Q3 no other thread removes from here.
        unsafe { self.second.remove(take, store, &()) }
    }

    /// Takes from `main` after a splice, or else from `second`, under the lock.
    ///
    /// # Safety
    ///
    /// As [`remove`](MagazineList::remove).
    #[cold]
    unsafe fn remove_dry<'s>(&self, take: Take, store: &'s MagazineStore) -> Chain<'s> {
        let mut overflows = lock(&self.overflows);
        let popper = Popper::enter(&self.poppers);
        loop {
            // SAFETY: by the caller, and this thread is counted.
            let taken = unsafe { self.take_from_main(take, store) };
            if !taken.is_empty() || !self.main.is_empty() {
                return taken;
            }
            // `main` is empty and stays empty, because only the holder of the lock fills it (Q1,
            // Q3).
            if !popper.is_alone() {
                *overflows += 1;
                // SAFETY: by the caller, and this thread holds the lock.
                return unsafe { self.take_from_second(take, store) };
            }
            // SAFETY: as above.
            let all = unsafe { self.take_from_second(Take::All, store) };
            if all.is_empty() {
                return all;
            }
            self.spliced.renewed();
            self.main.fill(all);
        }
    }
}

impl Default for QuiescentList {
    fn default() -> Self {
        Self::new()
    }
}

// SAFETY: a removal takes what it saw: from `main` by Q1, Q2 and Q4, from `second` because it holds
// the lock.
unsafe impl MagazineList for QuiescentList {
    type Guard<'g> = ();

    #[inline]
    fn push(&self, magazine: OwnedMagazine<'_>) {
        self.second.push(magazine);
    }

    #[inline]
    unsafe fn remove<'s>(&self, take: Take, store: &'s MagazineStore, _guard: &()) -> Chain<'s> {
        if take == Take::All {
            // A thread that finds `main` empty meanwhile waits for the lock, so both stacks are
            // taken at one instant.
            let _lock = lock(&self.overflows);
            let _popper = Popper::enter(&self.poppers);
            // SAFETY: by the caller, and this thread is counted.
            let main = unsafe { self.take_from_main(take, store) };
            // SAFETY: by the caller, and this thread holds the lock.
            return main.then(unsafe { self.take_from_second(take, store) });
        }
        let popper = Popper::enter(&self.poppers);
        // SAFETY: by the caller, and this thread is counted.
        let taken = unsafe { self.take_from_main(take, store) };
        // A thread that waits for the lock is not counted.
        drop(popper);
        if !taken.is_empty() {
            return taken;
        }
        // SAFETY: by the caller.
        unsafe { self.remove_dry(take, store) }
    }

    /// A popper that a fork has caught stays counted in the child. The child then works as beside a
    /// thread that sleeps in the middle of a removal.
    unsafe fn keep_locks(&self) {
        // SAFETY: by the caller.
        unsafe { self.overflows.keep() };
    }

    unsafe fn give_up_locks(&self) {
        // SAFETY: by the caller.
        unsafe { self.overflows.give_up() };
    }

    fn refuses(&self) -> bool {
        false
    }

    fn cas_failures(&self) -> u64 {
        self.main.cas_failures() + self.second.cas_failures()
    }

    fn overflows(&self) -> u64 {
        *lock(&self.overflows)
    }
}

#[cfg(test)]
mod tests {
    use core::cell::Cell;

    use super::*;
    use crate::chunk::Regions;
    use crate::free_list::{Guard, Head, Magazine};
    use crate::source::SystemSource;

    /// What another thread does between this thread's load of a head and its CAS, once.
    struct Meanwhile<F>(Cell<Option<F>>);

    impl<F: FnOnce()> Guard for Meanwhile<F> {
        fn protect(&self, seen: Head, _load: impl FnMut() -> Head) -> Head {
            if let Some(act) = self.0.take() {
                act();
            }
            seen
        }
    }

    #[test]
    fn failed_exchanges_of_both_stacks_are_counted() {
        let mechanism = Quiescent::mechanism(Requirements::default()).unwrap();
        let store = MagazineStore::new(1, mechanism.addressing);
        let list = Quiescent::list(&mechanism);
        let mut regions = Regions::new(SystemSource);
        let mut magazines = (0..4).map(|index| {
            let room = regions.obtain(Magazine::layout(1).unwrap()).unwrap();
            // SAFETY: one thread, with rising indices; the regions outlive the magazines.
            unsafe { store.create(index, room) }
        });
        for (stack, failures) in [(&list.main, 1), (&list.second, 2)] {
            stack.push(magazines.next().unwrap());
            let late = magazines.next().unwrap();
            let meanwhile = Meanwhile(Cell::new(Some(|| stack.push(late))));
            // SAFETY: of this store; no other thread is here, and `meanwhile` only pushes.
            let taken = unsafe { stack.remove(Take::One, &store, &meanwhile) };
            assert_eq!(taken.count(), 1);
            assert_eq!(list.cas_failures(), failures, "a failed exchange is not counted");
        }
    }
}
