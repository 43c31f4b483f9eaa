//! Exact division of offsets by a stride, by one multiplication.
//!
//! # Source
//!
//! Granlund & Montgomery 1994, section 9; Warren, Hacker's Delight, 10-17. With stride = odd * 2^k
//! and `inverse` the odd part's inverse modulo 2^w, `rotate(offset * inverse, k)` is a bijection of
//! words that maps each multiple of the stride to its quotient. So if the result is below the
//! number of blocks of a chunk, the offset is a multiple of the stride and the result is its
//! quotient. One comparison therefore tells whether a pointer points to the start of a block of the
//! chunk. Negative offsets wrap to large words, whose results are larger than the number of blocks
//! of any chunk.

/// A divisor: a stride in the form in which the division needs it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Exact {
    inverse: usize,
    shift: u32,
}

impl Exact {
    /// Division by `stride`, which is not 0.
    pub(super) const fn by(stride: usize) -> Self {
        let shift = stride.trailing_zeros();
        let odd = stride >> shift;
        // The lowest 3 bits are right at the beginning, and each step of Newton's iteration doubles
        // their number.
        let mut inverse = odd;
        let mut bits = 3;
        while bits < usize::BITS {
            inverse = inverse.wrapping_mul(2_usize.wrapping_sub(odd.wrapping_mul(inverse)));
            bits *= 2;
        }
        Self { inverse, shift }
    }

    /// Makes the divisor from what [`parts`](Self::parts) returned.
    #[inline(always)]
    pub(super) const fn new(inverse: usize, shift: u32) -> Self {
        Self { inverse, shift }
    }

    /// The inverse of the odd part, and the exponent of the power of two.
    pub(super) const fn parts(self) -> (usize, u32) {
        (self.inverse, self.shift)
    }

    /// `offset / stride` if the division leaves no remainder, and otherwise a number above
    /// `usize::MAX / stride`.
    #[inline(always)]
    pub(super) const fn divide(self, offset: usize) -> usize {
        offset.wrapping_mul(self.inverse).rotate_right(self.shift)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The number of the block at `address` in a chunk, as a handle computes it.
    fn of(stride: usize, first: usize, blocks: usize, address: usize) -> Option<usize> {
        let nth = Exact::by(stride).divide(address.wrapping_sub(first));
        (nth < blocks).then_some(nth)
    }

    /// Addresses of a program, far from both ends of the address space.
    const NEAR: usize = 1 << (usize::BITS - 24);
    /// How many of the largest blocks fit into an address space, 100,000 at most.
    const MOST_BLOCKS: usize = match usize::MAX / 100_000 {
        fit if fit < 100_000 => fit,
        _ => 100_000,
    };

    #[test]
    fn every_stride_divides_its_multiples_and_nothing_beside_them() {
        const STRIDES: usize = if cfg!(miri) { 200 } else { 100_000 };
        for stride in 1..=STRIDES {
            let exact = Exact::by(stride);
            let last = isize::MAX as usize / stride;
            for nth in [0, 1, 2, 63, 64, 1000, last - 1, last] {
                let offset = nth.wrapping_mul(stride);
                if nth <= last {
                    assert_eq!(exact.divide(offset), nth, "{nth} blocks of {stride} bytes");
                }
                for beside in [1, stride / 2, stride - 1] {
                    if beside % stride != 0 {
                        let found = exact.divide(offset.wrapping_add(beside));
                        assert!(found > usize::MAX / stride, "{beside} bytes into {stride}");
                    }
                }
            }
        }
    }

    proptest! {
        #[test]
        fn only_starts_of_blocks_are_found(
            stride in 1_usize..100_000, blocks in 0..MOST_BLOCKS, first: usize, address: usize,
        ) {
            // A chunk that exists does not wrap.
            let first = first % (usize::MAX - stride * blocks);
            let inside = address.checked_sub(first).filter(|offset| offset % stride == 0);
            let expected = inside.map(|offset| offset / stride).filter(|nth| *nth < blocks);
            prop_assert_eq!(of(stride, first, blocks, address), expected);
        }

        #[test]
        fn near_a_chunk_too(
            stride in 1_usize..100_000, blocks in 1_usize..1000, first in NEAR..NEAR << 6,
            off in -200_000_isize..200_000_000,
        ) {
            let address = first.wrapping_add_signed(off);
            let inside = address.checked_sub(first).filter(|offset| offset % stride == 0);
            let expected = inside.map(|offset| offset / stride).filter(|nth| *nth < blocks);
            prop_assert_eq!(of(stride, first, blocks, address), expected);
        }
    }
}
