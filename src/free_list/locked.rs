//! The honest baseline: the same chain of shells behind a mutex.

use super::{
    Addressing, Chain, OwnedShell, Plan, Requirements, ShellList, ShellRef, ShellStore, Strategy,
    TagPolicy,
};
use crate::error::BuildError;
use crate::sync::{Mutex, lock};

/// Lists behind a mutex each. Blocking: a preempted holder stops everybody.
#[derive(Clone, Copy, Debug)]
pub struct Locked;

// SAFETY: lists are fresh, and removal is exclusive by the mutex.
unsafe impl Strategy for Locked {
    const NAME: &'static str = "Locked";
    type List = LockedList;

    fn plan(requirements: Requirements) -> Result<Plan, BuildError> {
        if requirements.strict {
            return Err(BuildError::NotLockFree { strategy: Self::NAME });
        }
        Ok(Plan {
            name: Self::NAME,
            lock_free: false,
            addressing: Addressing::Address,
            tag_bits: 0,
            // There is no tag that could run out.
            tag_policy: TagPolicy::Wrap,
        })
    }

    fn list(_plan: &Plan) -> LockedList {
        LockedList { top: Mutex::new(ShellRef::NONE) }
    }
}

/// A stack of shells behind a mutex.
pub struct LockedList {
    top: Mutex<ShellRef>,
}

// SAFETY: a shell leaves the list under its lock, for one owner.
unsafe impl ShellList for LockedList {
    fn push(&self, mut shell: OwnedShell<'_>) {
        let mut top = lock(&self.top);
        shell.set_link(*top);
        *top = shell.name();
    }

    fn pop<'s>(&self, store: &'s ShellStore) -> Option<OwnedShell<'s>> {
        let mut top = lock(&self.top);
        // SAFETY: the top's name was put here under the lock.
        let shell = unsafe { store.resolve(*top) }?;
        // SAFETY: under the lock the shell leaves the list for its new owner.
        let shell = unsafe { OwnedShell::assume(shell, store) };
        *top = shell.link();
        Some(shell)
    }

    fn pop_up_to<'s>(&self, store: &'s ShellStore, max_blocks: usize) -> Chain<'s> {
        let mut top = lock(&self.top);
        let (mut rest, mut shells, mut blocks) = (*top, 0, 0);
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
        let first = core::mem::replace(&mut *top, rest);
        // SAFETY: under the lock these shells leave the list together.
        unsafe { Chain::assume(first, shells, store) }
    }

    fn take_all<'s>(&self, store: &'s ShellStore) -> Chain<'s> {
        let first = core::mem::replace(&mut *lock(&self.top), ShellRef::NONE);
        // SAFETY: under the lock the whole chain leaves the list.
        unsafe { Chain::assume(first, usize::MAX, store) }
    }

    fn refuses(&self) -> bool {
        false
    }
}
