//! Classes of sizes: a request is rounded up to the size of its class, so that few sizes are kept apart.
//!
//! ```text
//! size    8  16  24 ..  120  128 | 136 144 ..  256 | 272 288 ..  512 | ..
//! class   0   1   2      14   15 |  16  17      31 |  32  33      47 |
//!         steps of STEP          | PER_OCTAVE equal steps in each octave
//! ```
//!
//! - SZ1. [`size`](SizeClasses::size) of [`of`](SizeClasses::of) a size is at least that size, and no
//!   smaller class is.
//! - SZ2. Above the linear part, less than one part in `PER_OCTAVE` of a block is lost.
//! - SZ3. If a size is a multiple of an alignment, so is the size of its class: either the steps there
//!   are multiples of the alignment, or the alignment is a multiple of the step, and then the size is a
//!   class itself.

/// Steps of `STEP` bytes up to `STEP * PER_OCTAVE`, and then `PER_OCTAVE` steps in each octave. Both are
/// powers of two.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SizeClasses<const STEP: usize, const PER_OCTAVE: usize>;

impl<const STEP: usize, const PER_OCTAVE: usize> SizeClasses<STEP, PER_OCTAVE> {
    const LINEAR: usize = STEP * PER_OCTAVE;
    const BITS: u32 = PER_OCTAVE.ilog2();

    /// The class of a size that is not zero.
    #[inline(always)]
    pub(crate) const fn of(size: usize) -> usize {
        debug_assert!(size != 0, "no class");
        let last = size - 1;
        if last < Self::LINEAR {
            return last / STEP;
        }
        let octave = last.ilog2() - Self::BITS;
        // The leading one counts the octaves on, so that they follow each other.
        let octaves = (octave - STEP.ilog2()) as usize;
        octaves * PER_OCTAVE + (last >> octave)
    }

    /// The size of a class.
    #[inline(always)]
    pub(crate) const fn size(class: usize) -> usize {
        if class < PER_OCTAVE {
            return (class + 1) * STEP;
        }
        let (octave, nth) = (class / PER_OCTAVE - 1, class % PER_OCTAVE);
        (PER_OCTAVE + nth + 1) << octave << STEP.ilog2()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Arena = SizeClasses<8, 16>;

    #[test]
    fn classes_follow_each_other() {
        let mut least = 1;
        for class in 0..400 {
            let size = Arena::size(class);
            assert_eq!(Arena::of(least), class, "the least size of class {class}");
            assert_eq!(Arena::of(size), class, "the size of class {class}");
            // SZ2. The least size loses the most.
            assert!(size <= 128 || (size - least) * 16 < size, "{least} of {size}");
            least = size + 1;
        }
    }

    #[test]
    #[cfg(target_pointer_width = "64")]
    fn a_terabyte_has_544_classes() {
        assert_eq!((Arena::of(1 << 40), Arena::size(543)), (543, 1 << 40));
    }

    #[test]
    fn a_class_is_aligned_as_its_sizes_are() {
        for align in (0..17).map(|bits| 1_usize << bits) {
            for multiple in 1..if cfg!(miri) { 40 } else { 3000 } {
                let class = Arena::size(Arena::of(align * multiple));
                assert!(class.is_multiple_of(align), "{class} for {align}");
            }
        }
    }

    #[test]
    fn other_steps() {
        type Coarse = SizeClasses<16, 4>;
        let sizes: Vec<_> = (0..12).map(Coarse::size).collect();
        assert_eq!(sizes, [16, 32, 48, 64, 80, 96, 112, 128, 160, 192, 224, 256]);
        assert!((0..12).all(|class| Coarse::of(Coarse::size(class)) == class));
    }
}
