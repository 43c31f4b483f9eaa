//! A generator of numbers for the generator of programs.

/// SplitMix64 (Steele, Lea and Flood 2014): each seed gives another sequence, always the same.
pub(super) struct Random(u64);

impl Random {
    pub(super) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(super) const fn word(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        word ^ (word >> 31)
    }

    /// A number below `bound`, which is not zero. The tiny bias of a remainder does not matter here.
    pub(super) fn below(&mut self, bound: usize) -> usize {
        let bound = u64::try_from(bound).unwrap_or(u64::MAX);
        usize::try_from(self.word() % bound).unwrap_or(usize::MAX)
    }

    /// True in `one` of `of` cases.
    pub(super) fn chance(&mut self, one: usize, of: usize) -> bool {
        self.below(of) < one
    }
}
