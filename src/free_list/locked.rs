//! The baseline: the same chain of magazines, behind a mutex.

use super::{
    Chain, Immediate, MagazineList, MagazineRef, MagazineStore, Mechanism, OwnedMagazine,
    Requirements, Sealed, Strategy,
};
use crate::error::BuildError;
use crate::sync::{Mutex, lock};

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
        LockedList(LockedStack::new())
    }
}

/// A list behind a mutex.
pub struct LockedList(LockedStack);

// SAFETY: a magazine leaves the list under its lock, for one owner.
unsafe impl MagazineList for LockedList {
    type Guard<'g> = ();

    fn push(&self, magazine: OwnedMagazine<'_>) {
        self.0.with(|top| top.push(magazine));
    }

    fn pop<'s>(&self, store: &'s MagazineStore, _guard: &()) -> Option<OwnedMagazine<'s>> {
        self.0.with(|top| top.pop(store)).next()
    }

    fn pop_up_to<'s>(&self, store: &'s MagazineStore, max_blocks: usize, _guard: &()) -> Chain<'s> {
        self.0.with(|top| top.pop_up_to(store, max_blocks))
    }

    fn take_all<'s>(&self, store: &'s MagazineStore, _guard: &()) -> Chain<'s> {
        self.0.with(|top| top.take_all(store))
    }

    fn refuses(&self) -> bool {
        false
    }
}

/// A stack of magazines behind a mutex.
pub(super) struct LockedStack(Mutex<Top>);

impl LockedStack {
    pub(super) fn new() -> Self {
        Self(Mutex::new(Top(MagazineRef::NONE)))
    }

    /// Runs `f` under the lock.
    pub(super) fn with<R>(&self, f: impl FnOnce(&mut Top) -> R) -> R {
        f(&mut lock(&self.0))
    }
}

/// The top of a stack, for the one thread that holds the lock.
pub(super) struct Top(MagazineRef);

impl Top {
    pub(super) fn push(&mut self, mut magazine: OwnedMagazine<'_>) {
        magazine.set_link(self.0);
        self.0 = magazine.name();
    }

    /// The top magazine, or nothing.
    pub(super) fn pop<'s>(&mut self, store: &'s MagazineStore) -> Chain<'s> {
        // SAFETY: the top's name was put here under the lock.
        let Some(magazine) = (unsafe { store.peek(self.0) }) else { return Chain::empty(store) };
        let first = core::mem::replace(&mut self.0, magazine.stale_link());
        // SAFETY: under the lock the magazine leaves the list for its new owner.
        unsafe { Chain::assume(first, 1, store) }
    }

    /// Magazines from the top on, as long as they hold at most `max_blocks` blocks together.
    pub(super) fn pop_up_to<'s>(
        &mut self,
        store: &'s MagazineStore,
        max_blocks: usize,
    ) -> Chain<'s> {
        let (mut rest, mut magazines, mut blocks) = (self.0, 0, 0);
        // SAFETY: names in the list were put there under the lock.
        while let Some(magazine) = unsafe { store.peek(rest) } {
            let count = magazine.stale_count() as usize;
            if count == 0 || blocks + count > max_blocks {
                break;
            }
            magazines += 1;
            blocks += count;
            rest = magazine.stale_link();
        }
        let first = core::mem::replace(&mut self.0, rest);
        // SAFETY: under the lock these magazines leave the list together.
        unsafe { Chain::assume(first, magazines, store) }
    }

    pub(super) fn take_all<'s>(&mut self, store: &'s MagazineStore) -> Chain<'s> {
        let first = core::mem::replace(&mut self.0, MagazineRef::NONE);
        // SAFETY: under the lock the whole chain leaves the list.
        unsafe { Chain::assume(first, usize::MAX, store) }
    }
}
