//! What is free in a part of the bitmap, in one word.

use core::cell::Cell;

use super::word::longest;

/// The words of a leaf.
pub(super) const LEAF_WORDS: usize = 4;
/// The blocks of a leaf.
pub(super) const LEAF: usize = 64 * LEAF_WORDS;
/// The children of a node: their summaries are a cache line.
pub(super) const CHILDREN: usize = 8;
/// The bits of each number: a node has at most 2^20 blocks.
const BITS: u32 = 21;

/// How many blocks are free at the start of a part, how many in the longest free run, and how many at
/// the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Summary(u64);

impl Summary {
    pub(super) const fn new(start: usize, longest: usize, end: usize) -> Self {
        Self(start as u64 | (longest as u64) << BITS | (end as u64) << (2 * BITS))
    }

    const fn part(self, number: u32) -> usize {
        ((self.0 >> (number * BITS)) & ((1 << BITS) - 1)) as usize
    }

    /// Free blocks at the start.
    pub(super) const fn start(self) -> usize {
        self.part(0)
    }

    /// The longest run of free blocks.
    pub(super) const fn longest(self) -> usize {
        self.part(1)
    }

    /// Free blocks at the end.
    pub(super) const fn end(self) -> usize {
        self.part(2)
    }

    /// The summary of a leaf. A bit that is set is a free block.
    pub(super) fn of_words(words: [u64; LEAF_WORDS]) -> Self {
        let (mut start, mut most, mut run) = (None, 0, 0);
        for word in words {
            if word == u64::MAX {
                run += 64;
                continue;
            }
            run += word.trailing_ones() as usize;
            start = start.or(Some(run));
            most = longest(word, most.max(run));
            run = word.leading_ones() as usize;
        }
        Self::new(start.unwrap_or(run), most.max(run), run)
    }

    /// The summary of a node, from those of its children, each of which has `size` blocks.
    pub(super) fn of_children(children: &[Cell<Self>], size: usize) -> Self {
        let (mut start, mut most, mut run) = (None, 0, 0);
        for child in children {
            let child = child.get();
            if child.start() == size {
                run += size;
                continue;
            }
            run += child.start();
            start = start.or(Some(run));
            most = most.max(run).max(child.longest());
            run = child.end();
        }
        Self::new(start.unwrap_or(run), most.max(run), run)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// First block, number of blocks.
    type Ranges = &'static [(usize, usize)];

    fn slow(bits: &[bool]) -> Summary {
        let run = |bits: &mut dyn Iterator<Item = &bool>| bits.take_while(|free| **free).count();
        let free = bits.chunk_by(|one, other| one == other).filter(|run| run[0]);
        let longest = free.map(<[bool]>::len).max().unwrap_or(0);
        Summary::new(run(&mut bits.iter()), longest, run(&mut bits.iter().rev()))
    }

    fn words(bits: &[bool]) -> [u64; LEAF_WORDS] {
        let word = |at: usize| {
            let bit = |bit: usize| u64::from(bits[at * 64 + bit]) << bit;
            (0..64).map(bit).fold(0, |word, bit| word | bit)
        };
        core::array::from_fn(word)
    }

    /// After the cases of Go's page allocator (`TestPallocBitsSummarize`), for a leaf of 256 blocks.
    #[test]
    fn a_leaf_with_known_free_ranges() {
        let cases: [(&str, Ranges, Summary); 9] = [
            ("NoneFree", &[], Summary::new(0, 0, 0)),
            ("OnlyStart", &[(0, 10)], Summary::new(10, 10, 0)),
            ("OnlyEnd", &[(LEAF - 40, 40)], Summary::new(0, 40, 40)),
            ("StartAndEnd", &[(0, 11), (LEAF - 23, 23)], Summary::new(11, 23, 23)),
            ("StartMaxEnd", &[(0, 4), (50, 100), (LEAF - 4, 4)], Summary::new(4, 100, 4)),
            ("OnlyMax", &[(1, 20), (35, 121), (LEAF - 50, 30)], Summary::new(0, 121, 0)),
            ("MultiMax", &[(35, 2), (40, 5), (100, 5)], Summary::new(0, 5, 0)),
            ("One", &[(2, 1)], Summary::new(0, 1, 0)),
            ("AllFree", &[(0, LEAF)], Summary::new(LEAF, LEAF, LEAF)),
        ];
        for (name, free, summary) in cases {
            let mut bits = [false; LEAF];
            free.iter().for_each(|(first, len)| bits[*first..first + len].fill(true));
            assert_eq!(Summary::of_words(words(&bits)), summary, "{name}");
        }
    }

    fn any_bits(len: usize) -> impl Strategy<Value = Vec<bool>> {
        // Runs of random lengths: single bits at random would hardly ever make a long one.
        prop::collection::vec((any::<bool>(), 1_usize..150), 1..40).prop_map(move |runs| {
            let bits = runs.iter().flat_map(|(free, run)| core::iter::repeat_n(*free, *run));
            bits.chain(core::iter::repeat(true)).take(len).collect()
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(if cfg!(miri) { 2 } else { 64 }))]

        #[test]
        fn a_leaf_and_a_node_are_as_slow_counting_says(bits in any_bits(LEAF * CHILDREN)) {
            let leaves = bits.chunks(LEAF).map(|bits| {
                prop_assert_eq!(Summary::of_words(words(bits)), slow(bits));
                Ok(Cell::new(slow(bits)))
            });
            let leaves: Vec<_> = leaves.collect::<Result<_, TestCaseError>>()?;
            prop_assert_eq!(Summary::of_children(&leaves, LEAF), slow(&bits));
        }
    }
}
