//! The baseline: the same chain of magazines, behind a mutex.

use super::{
    Chain, Immediate, MagazineList, MagazineRef, MagazineStore, Mechanism, OwnedMagazine,
    Requirements, Sealed, Strategy, Take,
};
use crate::error::BuildError;
use crate::sync::{ForkMutex, const_when_shipped, lock, opaque};

/// Each list is behind a mutex. A thread that is preempted while it holds the mutex stops every
/// thread that needs the list.
#[derive(Clone, Copy, Debug)]
pub struct Locked;

impl Sealed for Locked {}

// SAFETY: lists are new, and removal is exclusive by the mutex.
unsafe impl Strategy for Locked {
    const NAME: &'static str = "Locked";
    type Reclaimer = Immediate;
    type List = LockedList;

    fn mechanism(requirements: Requirements) -> Result<Mechanism, BuildError> {
        Mechanism::untagged(Self::NAME, requirements, 0)
    }

    fn list(_mechanism: &Mechanism) -> LockedList {
        LockedList::new()
    }
}

/// A list behind a mutex.
pub struct LockedList(ForkMutex<Top>);

opaque! { [] LockedList; }

impl LockedList {
    const_when_shipped! {
        /// An empty list.
        pub fn new() -> Self {
            Self(ForkMutex::new(Top::NONE))
        }
    }
}

impl Default for LockedList {
    fn default() -> Self {
        Self::new()
    }
}

// SAFETY: a magazine leaves the list under its lock, for one owner.
unsafe impl MagazineList for LockedList {
    type Guard<'g> = ();

    fn push(&self, magazine: OwnedMagazine<'_>) {
        lock(&self.0).push(magazine);
    }

    unsafe fn remove<'s>(&self, take: Take, store: &'s MagazineStore, _guard: &()) -> Chain<'s> {
        // SAFETY: by the caller.
        unsafe { lock(&self.0).remove(take, store) }
    }

    unsafe fn keep_locks(&self) {
        // SAFETY: by the caller.
        unsafe { self.0.keep() };
    }

    unsafe fn give_up_locks(&self) {
        // SAFETY: by the caller.
        unsafe { self.0.give_up() };
    }

    fn refuses(&self) -> bool {
        false
    }
}

/// A stack of magazines that a mutex guards: the name of its top magazine.
pub(super) struct Top(MagazineRef);

impl Top {
    /// No magazine.
    pub(super) const NONE: Self = Self(MagazineRef::NONE);

    pub(super) fn push(&mut self, mut magazine: OwnedMagazine<'_>) {
        magazine.set_link(self.0);
        self.0 = magazine.name();
    }

    /// # Safety
    ///
    /// Every magazine that was pushed to this stack is of `store`.
    pub(super) unsafe fn remove<'s>(&mut self, take: Take, store: &'s MagazineStore) -> Chain<'s> {
        // SAFETY: names in the stack were put there under the lock, and are of this store by the
        // caller.
        let Some((magazines, rest)) = (unsafe { take.plan(self.0, store) }) else {
            return Chain::empty(store);
        };
        let first = core::mem::replace(&mut self.0, rest);
        // SAFETY: under the lock these magazines leave the stack together; of this store as above.
        unsafe { Chain::assume(first, magazines, store) }
    }
}
