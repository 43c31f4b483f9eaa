//! The free pieces, in bins by their length.

use core::cell::Cell;

use super::tag::{GRANULE, Piece};
use crate::alloc::octaves::{EXACT, Filled, NONE, above, of};

/// How many pieces of a bin are looked at, where not all of the bin are long enough.
const PROBES: usize = 8;

/// The free pieces. I1: a piece of n granules is in the list of the bin `of(n)`, the newest first, and
/// `filled` has the lists that are not empty. I2: `next` leads from each piece to the one that came in
/// before it, and `previous` back; what the first one has as its previous means nothing.
pub(super) struct Bins {
    filled: Filled,
    lists: [Cell<Option<Piece>>; NONE + 1],
}

impl Bins {
    pub(super) const fn new() -> Self {
        Self { filled: Filled::new(), lists: [const { Cell::new(None) }; NONE + 1] }
    }

    #[inline(always)]
    fn list(&self, bin: usize) -> &Cell<Option<Piece>> {
        debug_assert!(bin <= NONE, "I1");
        // SAFETY: `of` and `Filled` return no larger number.
        unsafe { self.lists.get_unchecked(bin) }
    }

    /// Enters a piece.
    ///
    /// # Safety
    ///
    /// The piece is free, has so many bytes, and is in no list.
    #[inline(always)]
    pub(super) unsafe fn enter(&self, piece: Piece, bytes: usize) {
        let bin = of(bytes / GRANULE);
        let list = self.list(bin);
        let first = list.replace(Some(piece));
        // SAFETY: by the caller.
        unsafe { piece.put_next(first) };
        match first {
            // SAFETY: a piece of the list.
            Some(first) => unsafe { first.put_previous(piece) },
            None => self.filled.note(bin),
        }
    }

    /// Takes a piece out.
    ///
    /// # Safety
    ///
    /// The piece was entered with so many bytes.
    #[inline(always)]
    pub(super) unsafe fn leave(&self, piece: Piece, bytes: usize) {
        let bin = of(bytes / GRANULE);
        if self.list(bin).get() == Some(piece) {
            // SAFETY: it is the first one.
            return unsafe { self.pop(bin, piece) };
        }
        // SAFETY: by the caller.
        let next = unsafe { piece.next() };
        // SAFETY: by the caller, and it is not the first one.
        let previous = unsafe { piece.previous() };
        if let Some(next) = next {
            // SAFETY: a piece of the list.
            unsafe { next.put_previous(previous) };
        }
        // SAFETY: a piece of the list.
        unsafe { previous.put_next(next) };
    }

    /// Takes the first piece of a bin out.
    ///
    /// # Safety
    ///
    /// It is the first one.
    #[inline(always)]
    unsafe fn pop(&self, bin: usize, first: Piece) {
        // SAFETY: by the caller.
        let next = unsafe { first.next() };
        self.list(bin).set(next);
        if next.is_none() {
            self.filled.forget(bin);
        }
    }

    /// Takes a piece out that has at least so many bytes, of the first bin whose pieces all have.
    #[inline(always)]
    pub(super) fn take(&self, bytes: usize) -> Option<Piece> {
        let granules = bytes / GRANULE;
        let mut bin = granules;
        if granules >= EXACT || self.list(granules).get().is_none() {
            bin = self.filled.first_from(above(granules));
        }
        let piece = self.list(bin).get()?;
        // SAFETY: it is the first one.
        unsafe { self.pop(bin, piece) };
        Some(piece)
    }

    /// Takes a piece out of the request's own bin, of which some may be long enough.
    pub(super) fn take_probed(&self, bytes: usize) -> Option<Piece> {
        let bin = of(bytes / GRANULE);
        if bin >= NONE {
            return None;
        }
        // SAFETY: the pieces of a list have tags.
        let is_enough = |piece: &Piece| unsafe { piece.tag() }.length() >= bytes;
        let piece = self.pieces(bin).take(PROBES).find(is_enough)?;
        // SAFETY: the piece is in a list.
        let length = unsafe { piece.tag() }.length();
        // SAFETY: as above.
        unsafe { self.leave(piece, length) };
        Some(piece)
    }

    fn pieces(&self, bin: usize) -> impl Iterator<Item = Piece> {
        // SAFETY: the pieces are in a list, which stays as it is: a caller that changes it has
        // dropped the iterator.
        core::iter::successors(self.list(bin).get(), |piece| unsafe { piece.next() })
    }

    /// All pieces.
    pub(super) fn iter(&self) -> impl Iterator<Item = Piece> {
        let next = |bin: &usize| Some(self.filled.first_from(bin + 1)).filter(|bin| *bin != NONE);
        core::iter::successors(next(&0), next).flat_map(|bin| self.pieces(bin))
    }

    pub(super) fn clear(&self) {
        self.filled.clear();
        self.lists.iter().for_each(|list| list.set(None));
    }

    /// Whether I1 and I2 hold.
    #[cfg(test)]
    pub(super) fn is_sound(&self) -> bool {
        (1..NONE).all(|bin| {
            let mut before = None;
            self.filled.is_noted(bin) == self.list(bin).get().is_some()
                && self.pieces(bin).all(|piece| {
                    // SAFETY: a piece of a list.
                    let is_own = of(unsafe { piece.tag() }.length() / GRANULE) == bin;
                    // SAFETY: as above, and there is one in front of it.
                    is_own
                        && before
                            .replace(piece)
                            .is_none_or(|before| unsafe { piece.previous() } == before)
                })
        })
    }
}
