//! Runs of ones in a word of 64 bits.

/// Ones at the lowest `n` places, `n` from 0 to 64.
pub(super) const fn ones(n: usize) -> u64 {
    // A shift by 64 is not a shift to zero.
    if n == 0 { 0 } else { u64::MAX >> (64 - n) }
}

/// The places at which a run of at least `n` ones begins, `n` from 1 to 64.
///
/// After a step the ones are the places where a run of `have` ones begins. Two such runs that begin at
/// most `have` places apart are one run, so the length doubles with each step.
pub(super) const fn runs(word: u64, n: usize) -> u64 {
    let (mut word, mut have) = (word, 1);
    while have < n && word != 0 {
        let step = if have < n - have { have } else { n - have };
        word &= word >> step;
        have += step;
    }
    word
}

/// The length of the longest run of ones, if it is more than `least`; otherwise `least`.
pub(super) const fn longest(word: u64, least: usize) -> usize {
    if least >= 64 {
        return least;
    }
    let (mut starts, mut length) = (runs(word, least + 1), least);
    while starts != 0 {
        length += 1;
        // A longer run begins where one begins, and another one at the next place.
        starts &= starts >> 1;
    }
    length
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn run_at(word: u64, at: usize) -> usize {
        (word >> at).trailing_ones() as usize
    }

    /// Cases after those of Go's page allocator (`TestFindBitRange64`).
    #[test]
    fn the_lowest_run_in_a_word() {
        for n in 1..=64 {
            assert_eq!(runs(u64::MAX, n).trailing_zeros(), 0);
            assert_eq!(runs(0, n), 0);
        }
        let cases = [
            (0x8000_0000_0000_0000, 1, 63),
            (0xc000_0100_0101_0000, 2, 62),
            (0xc000_0100_0103_0000, 2, 16),
            (0xe000_0300_0103_0000, 3, 61),
            (0xe000_0300_0107_0000, 3, 16),
            (0xffff_03ff_0107_0000, 16, 48),
            (0xffff_03ff_0107_ffff, 16, 0),
            (0x0fff_03ff_0107_9fff, 16, 64),
        ];
        for (word, n, place) in cases {
            assert_eq!(runs(word, n).trailing_zeros(), place, "{word:016x}, {n}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(if cfg!(miri) { 2 } else { 64 }))]

        #[test]
        fn runs_begin_where_so_many_ones_follow(word: u64, sparse: u64, n in 1_usize..=64) {
            for word in [word, word | sparse, word & sparse, !(word & sparse & word.rotate_left(9))] {
                let starts = runs(word, n);
                for at in 0..64 {
                    prop_assert_eq!(starts >> at & 1 != 0, run_at(word, at) >= n);
                }
            }
        }

        #[test]
        fn the_longest_run(word: u64, sparse: u64, least in 0_usize..=64) {
            for word in [word, word | sparse, word & sparse, 0, u64::MAX, !(sparse & word >> 7)] {
                let slow = (0..64).map(|at| run_at(word, at)).max().unwrap_or(0);
                prop_assert_eq!(longest(word, least), slow.max(least));
            }
        }
    }

    #[test]
    fn as_many_ones() {
        assert_eq!([ones(0), ones(1), ones(63), ones(64)], [0, 1, u64::MAX >> 1, u64::MAX]);
    }
}
