//! Shells that one removal brought.

use core::marker::PhantomData;

use super::{OwnedShell, Ripeness, ShellRef, ShellStore};

/// Shells taken from a list in one removal, in list order.
///
/// The caller owns all of them; what it does not take out is lost until the pool is dropped.
#[must_use = "shells that are not taken out are lost to the pool"]
pub struct Chain<'s> {
    next: ShellRef,
    /// Shells left, or `usize::MAX` for all up to the end of the links.
    left: usize,
    /// Theirs: [`Spent`](Ripeness::Spent), or confined.
    ripeness: Ripeness,
    /// What comes after these, up to the end of the links, and its ripeness.
    then: (ShellRef, Ripeness),
    store: &'s ShellStore,
    _owned: PhantomData<OwnedShell<'s>>,
}

impl<'s> Chain<'s> {
    /// Nothing.
    pub fn empty(store: &'s ShellStore) -> Self {
        // SAFETY: no shell.
        unsafe { Self::assume(ShellRef::NONE, 0, store) }
    }

    /// `shells` shells from `first` on, by their links; `usize::MAX` for all.
    ///
    /// # Safety
    ///
    /// They were all removed from one list by the caller, in one step.
    #[inline]
    pub unsafe fn assume(first: ShellRef, shells: usize, store: &'s ShellStore) -> Self {
        let ripeness = Ripeness::Spent;
        let then = (ShellRef::NONE, ripeness);
        Self { next: first, left: shells, ripeness, then, store, _owned: PhantomData }
    }

    /// The same shells, from behind a lock.
    #[inline]
    pub fn confined(mut self) -> Self {
        self.ripeness = Ripeness::Confined;
        self
    }

    /// These, and after them the shells of `rest`, which is all of a list.
    pub fn then(mut self, rest: Self) -> Self {
        debug_assert!(rest.left == 0 || rest.left == usize::MAX, "all of a list");
        debug_assert!(self.then.0.is_none() && rest.then.0.is_none(), "two lists, not three");
        self.then = (rest.next, rest.ripeness);
        self
    }

    /// The name of the first shell, or none; `all` of a list can be named so.
    pub fn into_all(self) -> ShellRef {
        debug_assert!(self.left == usize::MAX || self.next.is_none(), "all of a list");
        self.next
    }

    /// Whether no shell is left.
    #[inline]
    pub fn is_empty(&self) -> bool {
        (self.left == 0 || self.next.is_none()) && self.then.0.is_none()
    }
}

impl<'s> Iterator for Chain<'s> {
    type Item = OwnedShell<'s>;

    #[inline]
    fn next(&mut self) -> Option<OwnedShell<'s>> {
        if self.left == 0 || self.next.is_none() {
            let nothing = (ShellRef::NONE, self.ripeness);
            (self.next, self.ripeness) = core::mem::replace(&mut self.then, nothing);
            self.left = usize::MAX;
            if self.next.is_none() {
                return None;
            }
        }
        // SAFETY: `next` was the list's head or a link in it when the chain was removed from it.
        let shell = unsafe { self.store.resolve(self.next) }?;
        // SAFETY: by `assume`, the caller of this chain owns the shell, and it leaves the chain
        // here.
        let mut shell = unsafe { OwnedShell::assume(shell, self.store) };
        shell.ripeness = self.ripeness;
        self.next = shell.link();
        self.left = self.left.saturating_sub(1);
        Some(shell)
    }
}
