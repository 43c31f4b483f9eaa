//! The magazines that one removal took.

use core::marker::PhantomData;

use super::{MagazineRef, MagazineStore, OwnedMagazine, Reuse};
use crate::sync::opaque;

/// Magazines taken from a list in one removal, in list order.
///
/// The caller owns all of them. A magazine that it does not take out of the chain is lost until the
/// pool is dropped.
#[must_use = "magazines that are not taken out are lost to the pool"]
pub struct Chain<'s> {
    next: MagazineRef,
    /// How many magazines are left, or `usize::MAX` for all up to the end of the links.
    left: usize,
    /// What may happen to these magazines: [`Observed`](Reuse::Observed), or lock-only.
    reuse: Reuse,
    /// The first magazine of a second list that follows, up to the end of its links, and its reuse.
    then: (MagazineRef, Reuse),
    store: &'s MagazineStore,
    _owned: PhantomData<OwnedMagazine<'s>>,
}

opaque! { [] Chain<'_>; }

impl<'s> Chain<'s> {
    /// A chain without magazines.
    pub fn empty(store: &'s MagazineStore) -> Self {
        // SAFETY: no magazine.
        unsafe { Self::assume(MagazineRef::NONE, 0, store) }
    }

    /// The chain of `magazines` magazines that begins with `first` and follows the links;
    /// `usize::MAX` means all.
    ///
    /// # Safety
    ///
    /// The caller has removed all of them from one list, in one step. They are of `store`.
    #[inline]
    pub unsafe fn assume(first: MagazineRef, magazines: usize, store: &'s MagazineStore) -> Self {
        let reuse = Reuse::Observed;
        let then = (MagazineRef::NONE, reuse);
        Self { next: first, left: magazines, reuse, then, store, _owned: PhantomData }
    }

    /// The same magazines, marked as taken from behind a lock.
    #[inline]
    pub fn lock_only(mut self) -> Self {
        self.reuse = Reuse::LockOnly;
        self
    }

    /// This chain, followed by `rest`, which holds all of a list.
    ///
    /// # Panics
    ///
    /// If the two chains are of different stores.
    pub fn then(mut self, rest: Self) -> Self {
        assert!(core::ptr::eq(self.store, rest.store), "magazines of one store");
        debug_assert!(rest.left == 0 || rest.left == usize::MAX, "all of a list");
        debug_assert!(self.then.0.is_none() && rest.then.0.is_none(), "two lists, not three");
        self.then = (rest.next, rest.reuse);
        self
    }

    /// The name of the first magazine, or none, for a chain that holds all of a list.
    pub fn into_all(self) -> MagazineRef {
        debug_assert!(self.left == usize::MAX || self.next.is_none(), "all of a list");
        self.next
    }

    /// Whether no magazine is left.
    #[inline]
    pub fn is_empty(&self) -> bool {
        (self.left == 0 || self.next.is_none()) && self.then.0.is_none()
    }
}

impl<'s> Iterator for Chain<'s> {
    type Item = OwnedMagazine<'s>;

    #[inline]
    fn next(&mut self) -> Option<OwnedMagazine<'s>> {
        if self.left == 0 || self.next.is_none() {
            (self.next, self.reuse) = self.then;
            (self.then.0, self.left) = (MagazineRef::NONE, usize::MAX);
            if self.next.is_none() {
                return None;
            }
        }
        // SAFETY: `next` was the list's head or a link in it when the chain was removed from it.
        let magazine = unsafe { self.store.resolve(self.next) }?;
        // SAFETY: by `assume`, the caller of this chain owns the magazine, and it leaves the chain
        // here.
        let mut magazine = unsafe { OwnedMagazine::assume(magazine, self.store) };
        magazine.reuse = self.reuse;
        self.next = magazine.link();
        self.left = self.left.saturating_sub(1);
        Some(magazine)
    }
}
