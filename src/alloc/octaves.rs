//! Bins of lengths, 16 in each octave, and a bit for each that is not empty.
//!
//! This is the two-level index of TLSF (Masmano et al., 2004), with both levels in one number.

use core::cell::Cell;

/// Bins in an octave, that is from a length to its double.
const IN_OCTAVE: usize = 16;
const OCTAVE_BITS: u32 = IN_OCTAVE.trailing_zeros();
/// A bin below this one is for one length.
pub(super) const EXACT: usize = 2 * IN_OCTAVE;

/// A length is counted in granules of two words.
const MOST_GRANULES: usize = usize::MAX / (2 * size_of::<usize>());
const BITS: usize = u64::BITS as usize;
/// The words of the bits: enough for the last bin that [`above`] returns, and for [`NONE`] behind it.
const WORDS: usize = (above(MOST_GRANULES) + 1) / BITS + 1;
/// The last bin. The bin 0 and this one never have a range, and their bits are always set. So every search
/// for a bit finds one, and need not compare with the end of the words: a search that finds no range ends
/// at this bin, and a search for no granules at the bin 0.
pub(super) const NONE: usize = WORDS * BITS - 1;

/// The bin of a range of so many granules.
#[inline(always)]
pub(super) const fn of(granules: usize) -> usize {
    // Most lengths are so short, and what follows would say the same.
    if granules < EXACT {
        return granules;
    }
    let octave = (granules | IN_OCTAVE).ilog2() - OCTAVE_BITS;
    octave as usize * IN_OCTAVE + (granules >> octave)
}

/// The first bin in which every range has at least so many granules.
#[inline(always)]
pub(super) const fn above(granules: usize) -> usize {
    if granules < EXACT {
        return granules;
    }
    let octave = (granules | IN_OCTAVE).ilog2() - OCTAVE_BITS;
    of(granules + (1 << octave) - 1)
}

/// The bits of the bins that are not empty, and of the bin 0 and of `NONE`.
#[derive(Debug)]
pub(super) struct Filled([Cell<u64>; WORDS]);

impl Filled {
    pub(super) const fn new() -> Self {
        let words = [const { Cell::new(0) }; WORDS];
        words[0].replace(1);
        words[NONE / BITS].replace(1 << (NONE % BITS));
        Self(words)
    }

    #[inline(always)]
    fn word(&self, nth: usize) -> &Cell<u64> {
        debug_assert!(nth < WORDS, "no such bin");
        // SAFETY: the word of what `of` and `above` return, or of a bin whose bit is set, or one behind
        // a word that is not that of `NONE`.
        unsafe { self.0.get_unchecked(nth) }
    }

    /// The bin is no longer empty.
    #[inline(always)]
    pub(super) fn note(&self, bin: usize) {
        let word = self.word(bin / BITS);
        word.set(word.get() | 1 << (bin % BITS));
    }

    /// The bin is empty.
    #[inline(always)]
    pub(super) fn forget(&self, bin: usize) {
        let word = self.word(bin / BITS);
        word.set(word.get() & !(1 << (bin % BITS)));
    }

    /// The first bin from `bin` on that is not empty, or else `NONE`; the bin 0 if `bin` is that.
    #[inline(always)]
    pub(super) fn first_from(&self, bin: usize) -> usize {
        let mut first = bin / BITS;
        let mut word = self.word(first).get() & (!0 << (bin % BITS));
        while word == 0 {
            first += 1;
            word = self.word(first).get();
        }
        first * BITS + word.trailing_zeros() as usize
    }

    pub(super) fn clear(&self) {
        self.0.iter().zip(Self::new().0).for_each(|(own, word)| own.set(word.get()));
    }

    #[cfg(test)]
    pub(super) fn is_noted(&self, bin: usize) -> bool {
        self.word(bin / BITS).get() >> (bin % BITS) & 1 == 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bins_follow_each_other() {
        let (mut last, mut granules) = (0, 1_usize);
        while granules < MOST_GRANULES / 2 {
            let bin = of(granules);
            assert!(bin >= last && bin < NONE, "{granules}");
            assert!(above(granules) == bin || above(granules) == bin + 1, "{granules}");
            // All lengths of the bin behind one are as long as this one.
            assert!(of(granules - 1) < above(granules), "{granules}");
            last = bin;
            granules += 1 + granules / 100;
        }
        assert!(above(MOST_GRANULES) < NONE);
    }
}
