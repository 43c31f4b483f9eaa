//! A list of free ranges, linked through their words.

use core::cell::Cell;
use core::ptr::NonNull;

use super::range::{next, previous, put_next, put_previous};

/// All of its ranges are crumbs, or none is. I1: `next` leads from each range to the one that came in
/// before it, and `previous` back. What the first one has as its previous means nothing.
#[derive(Debug)]
pub(super) struct List(Cell<Option<NonNull<u8>>>);

impl List {
    pub(super) const fn new() -> Self {
        Self(Cell::new(None))
    }

    /// The range that came in last.
    #[inline(always)]
    pub(super) fn first(&self) -> Option<NonNull<u8>> {
        self.0.get()
    }

    /// Whether the range that came in last begins at `start`.
    #[inline(always)]
    fn is_first(&self, start: NonNull<u8>) -> bool {
        // One comparison; that of the two options would be two.
        self.0.get().map_or(core::ptr::null_mut(), NonNull::as_ptr) == start.as_ptr()
    }

    /// Forgets all ranges.
    pub(super) fn clear(&self) {
        self.0.set(None);
    }

    /// Enters a range, and answers whether the list was empty.
    ///
    /// # Safety
    ///
    /// The range at `start` is free, in no list, and has its length in its words. It is a crumb if
    /// `crumbs`.
    #[inline(always)]
    pub(super) unsafe fn push(&self, start: NonNull<u8>, crumbs: bool) -> bool {
        let first = self.0.get();
        // SAFETY: by the caller.
        unsafe { put_next(start, first) };
        self.0.set(Some(start));
        let Some(first) = first else { return true };
        // SAFETY: a range of the list (I1).
        unsafe { put_previous(first, start, crumbs) };
        false
    }

    /// Takes the first range out, and answers whether the list is empty then.
    ///
    /// # Safety
    ///
    /// The first range begins at `start`.
    #[inline(always)]
    pub(super) unsafe fn pop(&self, start: NonNull<u8>) -> bool {
        // SAFETY: a range of the list (I1).
        let next = unsafe { next(start) };
        self.0.set(next);
        next.is_none()
    }

    /// Takes a range out, and answers whether the list is empty then.
    ///
    /// # Safety
    ///
    /// The range at `start` is in this list, which has crumbs if `crumbs`.
    #[inline(always)]
    pub(super) unsafe fn remove(&self, start: NonNull<u8>, crumbs: bool) -> bool {
        if self.is_first(start) {
            // SAFETY: it is the first one.
            return unsafe { self.pop(start) };
        }
        // SAFETY: by the caller; it is not the first one.
        let next = unsafe { next(start) };
        // SAFETY: as above.
        let previous = unsafe { previous(start, crumbs) };
        if let Some(next) = next {
            // SAFETY: a range of the list (I1).
            unsafe { put_previous(next, previous, crumbs) };
        }
        // SAFETY: as above.
        unsafe { put_next(previous, next) };
        false
    }

    /// Puts the range at `new` where that at `old` is, which is the first one. Neither is a crumb.
    ///
    /// # Safety
    ///
    /// The first range begins at `old`. That at `new` is free and in no list. They may overlap, and the
    /// links of `old` are as they were.
    #[inline(always)]
    pub(super) unsafe fn replace_first(&self, old: NonNull<u8>, new: NonNull<u8>) {
        // SAFETY: by the caller.
        let next = unsafe { next(old) };
        self.0.set(Some(new));
        // SAFETY: by the caller.
        unsafe { put_next(new, next) };
        if let Some(next) = next {
            // SAFETY: a range of the list (I1).
            unsafe { put_previous(next, new, false) };
        }
    }

    /// All ranges, the last one that came in first.
    ///
    /// # Safety
    ///
    /// The list stays as it is while the iterator is used.
    pub(super) unsafe fn iter(&self) -> impl Iterator<Item = NonNull<u8>> {
        // SAFETY: the ranges are in the list, by the caller.
        core::iter::successors(self.0.get(), |start| unsafe { next(*start) })
    }

    /// Whether the links back are those forth, reversed.
    #[cfg(test)]
    pub(super) fn is_sound(&self, crumbs: bool) -> bool {
        let mut before = None;
        // SAFETY: nothing changes the list.
        unsafe { self.iter() }.all(|start| match before.replace(start) {
            None => true,
            // SAFETY: a range of the list, and not the first one.
            Some(before) => unsafe { previous(start, crumbs) == before },
        })
    }
}
