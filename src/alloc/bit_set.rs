//! A set of numbers as bits, with levels above that say which words are not empty.
//!
//! ```text
//! level 2                       1                one bit for each word of level 1
//! level 1             0 1 0 .. 1                 one bit for each word of level 0
//! level 0   | 000..0 | 001..0 | .. | 100..0 |    one bit for each number
//! ```
//!
//! - SB1. Bit `i` of a level is set exactly if word `i` of the level below is not zero. A caller may put
//!   several sets into one. In the higher levels these sets share words, and there the caller may leave
//!   their bits as they are: then this holds for each set only in the levels below.

use core::cell::Cell;
use core::ops::RangeInclusive;
use core::ptr::NonNull;

/// As many levels as there can be.
const LEVELS: usize = 7;
/// The most numbers: 2^42, or as many as an address can have bytes.
pub(super) const MOST: usize = match 1_usize.checked_shl(42) {
    Some(most) => most,
    None => usize::MAX / 2,
};

/// The set of some of the numbers below `len`.
pub(super) struct BitSet {
    levels: [NonNull<Cell<u64>>; LEVELS],
    /// The number of the topmost level, which has one word.
    top: usize,
    len: usize,
}

/// The words that a set of numbers below `len` needs, all levels together.
pub(super) const fn words(len: usize) -> usize {
    let (mut total, mut level) = (0, len);
    loop {
        level = if level == 0 { 1 } else { level.div_ceil(64) };
        total += level;
        if level == 1 {
            return total;
        }
    }
}

impl BitSet {
    /// The empty set, in `words(len)` words.
    ///
    /// # Safety
    ///
    /// So many words at `first` are valid for reads and writes as long as the set is used, and nobody
    /// else uses them. `len` is not zero, and at most [`MOST`].
    pub(super) unsafe fn new(first: NonNull<u64>, len: usize) -> Self {
        // SAFETY: by the caller.
        unsafe { first.write_bytes(0, words(len)) };
        let (mut levels, mut top) = ([first.cast(); LEVELS], 0);
        let mut words = len.div_ceil(64);
        while words > 1 {
            // SAFETY: the words of the next level lie behind those of this one.
            levels[top + 1] = unsafe { levels[top].add(words) };
            top += 1;
            words = words.div_ceil(64);
        }
        Self { levels, top, len }
    }

    /// The topmost level.
    pub(super) const fn top(&self) -> usize {
        self.top
    }

    /// How many words a level has.
    const fn len_words(&self, level: usize) -> usize {
        ((self.len - 1) >> (6 * (level + 1))) + 1
    }

    /// A word of a level.
    #[inline(always)]
    pub(super) fn word(&self, level: usize, index: usize) -> &Cell<u64> {
        debug_assert!(level <= self.top && index < self.len_words(level), "a word of the set");
        // SAFETY: the callers in this folder pass words of the set, as the assertion says.
        let word = unsafe { self.levels[level].add(index) };
        // SAFETY: the words are valid for as long as the set is used, and are reached as cells only.
        unsafe { word.as_ref() }
    }

    /// Whether `number` is in the set.
    #[inline(always)]
    pub(super) fn contains(&self, number: usize) -> bool {
        self.word(0, number / 64).get() >> (number % 64) & 1 != 0
    }

    /// Adds a number, and keeps the levels up to `top`.
    #[inline(always)]
    pub(super) fn insert(&self, number: usize, top: usize) {
        self.raise(0..=top, number);
    }

    /// Removes a number, and keeps the levels up to `top`.
    #[inline(always)]
    pub(super) fn remove(&self, number: usize, top: usize) {
        self.lower(0..=top, number);
    }

    /// Sets the bit above a word, and the bits above that up to the level `top`.
    #[inline(never)]
    pub(super) fn show(&self, index: usize, top: usize) {
        self.raise(1..=top, index);
    }

    /// Clears the bit above a word, and the bits above that up to the level `top`, as far as nothing
    /// else is there.
    #[inline(never)]
    pub(super) fn hide(&self, index: usize, top: usize) {
        self.lower(1..=top, index);
    }

    /// Sets the bit `at` of the first level, and those above it, up to one whose word has others.
    #[inline(always)]
    fn raise(&self, levels: RangeInclusive<usize>, mut at: usize) {
        for level in levels {
            let word = self.word(level, at / 64);
            let before = word.get();
            word.set(before | 1 << (at % 64));
            if before != 0 {
                return;
            }
            at /= 64;
        }
    }

    /// Clears the bit `at` of the first level, and those above it, up to one whose word has others.
    #[inline(always)]
    fn lower(&self, levels: RangeInclusive<usize>, mut at: usize) {
        for level in levels {
            let word = self.word(level, at / 64);
            let after = word.get() & !(1 << (at % 64));
            word.set(after);
            if after != 0 {
                return;
            }
            at /= 64;
        }
    }

    /// The lowest word that the levels above show.
    pub(super) fn first_word(&self) -> Option<usize> {
        // If there is but one word, it is never shown.
        let head = if self.top == 0 { 0 } else { self.word(self.top, 0).get() };
        let at = head.trailing_zeros() as usize;
        (head != 0).then(|| self.lowest_word_below(at, self.top))
    }

    /// The lowest word that is shown below bit `at` of `level`, which is set and above the words.
    pub(super) fn lowest_word_below(&self, at: usize, level: usize) -> usize {
        let mut at = at;
        for below in (1..level).rev() {
            at = at * 64 + self.word(below, at).get().trailing_zeros() as usize;
        }
        at
    }

    /// The lowest number below bit `at` of `level`, which is set.
    #[inline(always)]
    pub(super) fn lowest_below(&self, at: usize, level: usize) -> usize {
        let mut at = at;
        for below in (0..level).rev() {
            at = at * 64 + self.word(below, at).get().trailing_zeros() as usize;
        }
        at
    }

    /// The lowest number.
    #[inline(always)]
    pub(super) fn first(&self) -> Option<usize> {
        let word = self.word(self.top, 0).get();
        (word != 0).then(|| self.lowest_below(word.trailing_zeros() as usize, self.top))
    }

    /// The lowest number that is not less than `from`.
    pub(super) fn next(&self, from: usize) -> Option<usize> {
        let mut at = from;
        for level in 0..=self.top {
            if at / 64 >= self.len_words(level) {
                return None;
            }
            let rest = self.word(level, at / 64).get() & u64::MAX << (at % 64);
            if rest != 0 {
                let found = at / 64 * 64 + rest.trailing_zeros() as usize;
                return Some(self.lowest_below(found, level));
            }
            at = at / 64 + 1;
        }
        None
    }

    /// Removes all numbers.
    pub(super) fn clear(&self) {
        for level in 0..=self.top {
            for index in 0..self.len_words(level) {
                self.word(level, index).set(0);
            }
        }
    }
}
