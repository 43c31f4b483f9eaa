//! Tagged words: the name of a magazine and a tag, in one word that a single CAS exchanges.
//!
//! | word | bits 0.. | upper bits |
//! |---|---|---|
//! | [`WideWord`], 128 bits | address or 0, 64 bits | tag, 64 bits |
//! | [`PackedWord`], 64 bits | index + 1 or 0, 32 bits | tag, 32 bits |
//!
//! Every removal advances the tag, which wraps at its declared [`TagWidth`].

/// How many bits a tag uses before it wraps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TagWidth(u32);

impl TagWidth {
    /// A tag of `bits` bits. `bits` above 64 are taken as 64.
    pub const fn new(bits: u32) -> Self {
        Self(if bits > 64 { 64 } else { bits })
    }

    /// The number of bits.
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// The largest tag.
    pub const fn max(self) -> u64 {
        match self.0 {
            0 => 0,
            bits => u64::MAX >> (64 - bits),
        }
    }

    /// The tag after `tag`, wrapping at the width.
    #[inline]
    pub const fn advance(self, tag: u64) -> u64 {
        tag.wrapping_add(1) & self.max()
    }
}

/// A 64-bit address and a 64-bit tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WideWord {
    /// Exposed address, or 0 for no magazine.
    pub address: usize,
    /// The tag.
    pub tag: u64,
}

impl WideWord {
    /// The word as bits.
    #[inline]
    pub const fn to_bits(self) -> u128 {
        (self.tag as u128) << 64 | self.address as u128
    }

    /// The word that these bits encode.
    #[inline]
    #[allow(clippy::cast_possible_truncation, reason = "takes the two halves apart")]
    pub const fn from_bits(bits: u128) -> Self {
        Self { address: bits as usize, tag: (bits >> 64) as u64 }
    }
}

/// A 32-bit index, stored as index + 1, and a 32-bit tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PackedWord {
    /// Index + 1, or 0 for no magazine.
    pub index_plus_1: u32,
    /// The tag.
    pub tag: u32,
}

impl PackedWord {
    /// The word as bits.
    #[inline]
    pub const fn to_bits(self) -> u64 {
        (self.tag as u64) << 32 | self.index_plus_1 as u64
    }

    /// The word that these bits encode.
    #[inline]
    #[allow(clippy::cast_possible_truncation, reason = "takes the two halves apart")]
    pub const fn from_bits(bits: u64) -> Self {
        Self { index_plus_1: bits as u32, tag: (bits >> 32) as u32 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn wide_words_keep_both_halves(address: usize, tag: u64) {
            let word = WideWord { address, tag };
            prop_assert_eq!(WideWord::from_bits(word.to_bits()), word);
        }

        #[test]
        fn packed_words_keep_both_halves(index_plus_1: u32, tag: u32) {
            let word = PackedWord { index_plus_1, tag };
            prop_assert_eq!(PackedWord::from_bits(word.to_bits()), word);
        }

        #[test]
        fn a_tag_of_k_bits_comes_back_after_2_to_the_k_steps(bits in 0_u32..12, start: u64) {
            let width = TagWidth::new(bits);
            let start = start & width.max();
            let mut tag = start;
            let mut steps = 0_u64;
            loop {
                tag = width.advance(tag);
                steps += 1;
                if tag == start {
                    break;
                }
            }
            prop_assert_eq!(steps, 1 << bits);
        }
    }

    #[test]
    fn widths_have_their_largest_tag() {
        assert_eq!(TagWidth::new(0).max(), 0);
        assert_eq!(TagWidth::new(32).max(), u64::from(u32::MAX));
        assert_eq!(TagWidth::new(64).max(), u64::MAX);
        assert_eq!(TagWidth::new(99).bits(), 64);
        assert_eq!(TagWidth::new(64).advance(u64::MAX), 0);
    }
}
