//! The honest baseline: the same chain of shells behind a mutex.

use super::{
    Chain, Immediate, OwnedShell, Plan, Requirements, ShellList, ShellRef, ShellStore, Strategy,
};
use crate::chunk::Off;
use crate::error::BuildError;
use crate::sync::{Mutex, lock};

/// Lists behind a mutex each. Blocking: a preempted holder stops everybody.
#[derive(Clone, Copy, Debug)]
pub struct Locked;

// SAFETY: lists are fresh, and removal is exclusive by the mutex.
unsafe impl Strategy for Locked {
    const NAME: &'static str = "Locked";
    type Reclaimer = Immediate;
    type Level = Off;
    type List = LockedList;

    fn plan(requirements: Requirements) -> Result<Plan, BuildError> {
        Plan::untagged(Self::NAME, requirements, 0)
    }

    fn list(_plan: &Plan) -> LockedList {
        LockedList(LockedStack::new())
    }
}

/// A list behind a mutex.
pub struct LockedList(LockedStack);

// SAFETY: a shell leaves the list under its lock, for one owner.
unsafe impl ShellList for LockedList {
    type Guard<'g> = ();

    fn push(&self, shell: OwnedShell<'_>) {
        self.0.with(|top| top.push(shell));
    }

    fn pop<'s>(&self, store: &'s ShellStore, _guard: &()) -> Option<OwnedShell<'s>> {
        self.0.with(|top| top.pop(store)).next()
    }

    fn pop_up_to<'s>(&self, store: &'s ShellStore, max_blocks: usize, _guard: &()) -> Chain<'s> {
        self.0.with(|top| top.pop_up_to(store, max_blocks))
    }

    fn take_all<'s>(&self, store: &'s ShellStore, _guard: &()) -> Chain<'s> {
        self.0.with(|top| top.take_all(store))
    }

    fn refuses(&self) -> bool {
        false
    }
}

/// A stack of shells behind a mutex.
pub(super) struct LockedStack(Mutex<Top>);

impl LockedStack {
    pub(super) fn new() -> Self {
        Self(Mutex::new(Top(ShellRef::NONE)))
    }

    /// Runs `f` under the lock.
    pub(super) fn with<R>(&self, f: impl FnOnce(&mut Top) -> R) -> R {
        f(&mut lock(&self.0))
    }
}

/// The top of a stack that its holder has for itself.
pub(super) struct Top(ShellRef);

impl Top {
    pub(super) fn push(&mut self, mut shell: OwnedShell<'_>) {
        shell.set_link(self.0);
        self.0 = shell.name();
    }

    /// The top shell, or nothing.
    pub(super) fn pop<'s>(&mut self, store: &'s ShellStore) -> Chain<'s> {
        // SAFETY: the top's name was put here under the lock.
        let Some(shell) = (unsafe { store.peek(self.0) }) else { return Chain::empty(store) };
        let first = core::mem::replace(&mut self.0, shell.stale_link());
        // SAFETY: under the lock the shell leaves the list for its new owner.
        unsafe { Chain::assume(first, 1, store) }
    }

    /// Shells from the top on with at most `max_blocks` blocks.
    pub(super) fn pop_up_to<'s>(&mut self, store: &'s ShellStore, max_blocks: usize) -> Chain<'s> {
        let (mut rest, mut shells, mut blocks) = (self.0, 0, 0);
        // SAFETY: names in the list were put there under the lock.
        while let Some(shell) = unsafe { store.peek(rest) } {
            let count = shell.stale_count() as usize;
            if count == 0 || blocks + count > max_blocks {
                break;
            }
            shells += 1;
            blocks += count;
            rest = shell.stale_link();
        }
        let first = core::mem::replace(&mut self.0, rest);
        // SAFETY: under the lock these shells leave the list together.
        unsafe { Chain::assume(first, shells, store) }
    }

    pub(super) fn take_all<'s>(&mut self, store: &'s ShellStore) -> Chain<'s> {
        let first = core::mem::replace(&mut self.0, ShellRef::NONE);
        // SAFETY: under the lock the whole chain leaves the list.
        unsafe { Chain::assume(first, usize::MAX, store) }
    }
}
