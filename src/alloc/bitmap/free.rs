//! Which blocks are free, one bit each, and the lowest word with a free block at hand.
//!
//! Levels of bits above the words say which of them are not empty. One word, the *lowest*, is left out of
//! them: blocks are taken from it and given back to it without a look at the levels, also when it becomes
//! empty. That is what programs do that ask for one block at a time.
//!
//! - LW1. All words below the lowest are empty.
//! - LW2. The bit above the lowest word is clear, and the bits above all other words are as `BitSet` has them.
//! - LW3. The levels show no word below `shown`.

use core::cell::Cell;
use core::ptr::NonNull;

use crate::alloc::bit_set::BitSet;

/// The free blocks.
pub(super) struct Free {
    set: BitSet,
    lowest: Cell<usize>,
    shown: Cell<usize>,
}

impl Free {
    /// No block is free.
    ///
    /// # Safety
    ///
    /// As [`BitSet::new`].
    pub(super) unsafe fn new(first: NonNull<u64>, len: usize) -> Self {
        // SAFETY: by the caller.
        let set = unsafe { BitSet::new(first, len) };
        Self { set, lowest: Cell::new(0), shown: Cell::new(usize::MAX) }
    }

    /// Makes no block free.
    pub(super) fn clear(&self) {
        self.set.clear();
        self.lowest.set(0);
        self.shown.set(usize::MAX);
    }

    /// The bits of 64 blocks.
    #[inline(always)]
    pub(super) fn word(&self, index: usize) -> u64 {
        self.set.word(0, index).get()
    }

    /// Takes the lowest free block.
    #[inline(always)]
    pub(super) fn take_lowest(&self) -> Option<usize> {
        let mut index = self.lowest.get();
        if self.word(index) == 0 {
            index = self.raise_lowest()?;
        }
        let word = self.word(index);
        self.set.word(0, index).set(word & (word - 1));
        Some(index * 64 + word.trailing_zeros() as usize)
    }

    /// Makes the next word that is not empty the lowest.
    #[cold]
    #[inline(never)]
    fn raise_lowest(&self) -> Option<usize> {
        let index = self.set.first_word()?;
        self.set.hide(index, self.set.top());
        self.lowest.set(index);
        self.shown.set(index + 1);
        Some(index)
    }

    /// Takes the blocks whose bits are set in `mask`. They are free.
    #[inline]
    pub(super) fn take(&self, index: usize, mask: u64) {
        let rest = self.word(index) & !mask;
        self.set.word(0, index).set(rest);
        if rest == 0 && index != self.lowest.get() {
            self.set.hide(index, self.set.top());
        }
    }

    /// Gives the blocks back whose bits are set in `mask`.
    #[inline(always)]
    pub(super) fn give(&self, index: usize, mask: u64) {
        let before = self.word(index);
        debug_assert!(before & mask == 0, "a block of the bitmap was freed twice");
        self.set.word(0, index).set(before | mask);
        if before == 0 && index != self.lowest.get() {
            self.fill(index);
        }
    }

    /// A word is no longer empty, and is not the lowest.
    #[inline(always)]
    fn fill(&self, index: usize) {
        let lowest = self.lowest.get();
        let is_empty = self.word(lowest) == 0;
        if is_empty && index < self.shown.get() {
            // The only word that is not empty, of those up to the first that is shown.
            self.lowest.set(index);
        } else if index < lowest {
            self.lowest.set(index);
            self.show(lowest);
        } else {
            self.show(index);
        }
    }

    #[cold]
    #[inline(never)]
    fn show(&self, index: usize) {
        self.set.show(index, self.set.top());
        self.shown.set(self.shown.get().min(index));
    }

    /// The lowest free block that is not below `from`.
    pub(super) fn next(&self, from: usize) -> Option<usize> {
        let lowest = self.lowest.get();
        if from / 64 <= lowest {
            let word = self.word(lowest);
            let rest = if from / 64 == lowest { word & u64::MAX << (from % 64) } else { word };
            if rest != 0 {
                return Some(lowest * 64 + rest.trailing_zeros() as usize);
            }
        }
        self.set.next(from)
    }
}
