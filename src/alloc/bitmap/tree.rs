//! Which blocks are free, and the summaries above.
//!
//! ```text
//! top                      | s m e |   | s m e | .. 8              at most 8 nodes, or nodes of 2^20 blocks
//! ..                     /        \
//! leaves      | s m e | s m e | .. 8 |   ..                        s free at the start, m the longest run,
//! bits        | 4 words       | ..                                 e free at the end
//! ```
//!
//! A summary may say that more is free than there is, but never less. An allocation leaves the
//! summaries as they are, and a free only notes that the leaf is *stale*. The next search counts stale
//! leaves anew before it begins. If a search is sent to blocks that are not all free, it counts the leaf
//! anew that was to blame, and searches again. So each allocation and each free pays for the leaves that
//! it touches at most once, and a program that asks for single blocks alone, which needs no summary, never
//! pays.
//!
//! - ST1. A bit is set exactly if its block is free; bits of no block are clear.
//! - ST2. In a leaf that is not stale, the three numbers of the summary are at least the true ones.
//! - ST3. The summary of a node is that of its children's summaries.

use core::cell::Cell;
use core::ptr::NonNull;

use super::free::Free;
use super::summary::{CHILDREN, LEAF, LEAF_WORDS, Summary};
use super::word::{ones, runs};
use crate::alloc::bit_set::{self, BitSet};

/// Levels of summaries: nodes of 2^8, 2^11, 2^14, 2^17 and 2^20 blocks.
const LEVELS: usize = 5;
/// The most blocks.
pub(super) const MOST_BLOCKS: usize = bit_set::MOST;

/// The bits and their summaries.
pub(in crate::alloc) struct Tree {
    pub(super) free: Free,
    stale: BitSet,
    levels: [NonNull<Cell<Summary>>; LEVELS],
    counts: [usize; LEVELS],
    top: usize,
    blocks: usize,
}

/// The number of nodes of each level, and the topmost level.
const fn counts(blocks: usize) -> ([usize; LEVELS], usize) {
    let (mut counts, mut top) = ([0; LEVELS], 0);
    counts[0] = blocks.div_ceil(LEAF);
    while counts[top] > CHILDREN && top + 1 < LEVELS {
        counts[top + 1] = counts[top].div_ceil(CHILDREN);
        top += 1;
    }
    (counts, top)
}

/// The words for so many blocks.
pub(in crate::alloc) const fn words(blocks: usize) -> usize {
    if blocks == 0 {
        return 0;
    }
    let (counts, top) = counts(blocks);
    let (mut total, mut level) = (0, 0);
    while level <= top {
        total += counts[level];
        level += 1;
    }
    total + bit_set::words(counts[0] * LEAF) + bit_set::words(counts[0])
}

/// How far a run reaches.
enum Scan {
    /// A run that is long enough begins here.
    Found(usize),
    /// So many blocks are free at the end.
    Tail(usize),
}

/// What a search by the summaries has found.
enum Found {
    /// A run begins here, if the summaries are right.
    At(usize),
    /// This leaf has less than its summary says.
    Less(usize),
    Nothing,
}

impl Tree {
    /// All blocks free, in `words(blocks)` words.
    ///
    /// # Safety
    ///
    /// So many words at `first` are valid for reads and writes as long as this is used, and nobody
    /// else uses them. `blocks` is not zero, and at most [`MOST_BLOCKS`].
    pub(in crate::alloc) unsafe fn new(first: NonNull<u64>, blocks: usize) -> Self {
        let (counts, top) = counts(blocks);
        // SAFETY: by the caller; the parts lie one behind the other.
        let free = unsafe { Free::new(first, counts[0] * LEAF) };
        // SAFETY: as above.
        let first = unsafe { first.add(bit_set::words(counts[0] * LEAF)) };
        // SAFETY: as above.
        let stale = unsafe { BitSet::new(first, counts[0]) };
        // SAFETY: as above.
        let mut first = unsafe { first.add(bit_set::words(counts[0])) };
        let mut levels = [first.cast(); LEVELS];
        for level in 0..=top {
            levels[level] = first.cast();
            // SAFETY: as above. A summary of zeros says that nothing is free.
            unsafe { first.write_bytes(0, counts[level]) };
            // SAFETY: as above.
            first = unsafe { first.add(counts[level]) };
        }
        let tree = Self { free, stale, levels, counts, top, blocks };
        tree.reset();
        tree
    }

    /// Makes all blocks free.
    pub(super) fn reset(&self) {
        self.free.clear();
        self.give(0, self.blocks);
    }

    pub(in crate::alloc) const fn blocks(&self) -> usize {
        self.blocks
    }

    /// The summaries of a level.
    fn level(&self, level: usize) -> &[Cell<Summary>] {
        // SAFETY: so many summaries are there, and are reached as cells only.
        unsafe { core::slice::from_raw_parts(self.levels[level].as_ptr(), self.counts[level]) }
    }

    /// The logarithm of the blocks of a node.
    const fn shift(level: usize) -> usize {
        LEAF.ilog2() as usize + level * CHILDREN.ilog2() as usize
    }

    /// Takes blocks that are all free.
    pub(in crate::alloc) fn take(&self, first: usize, n: usize) {
        each_word(first, n, |index, mask| self.free.take(index, mask));
    }

    /// Gives blocks back.
    pub(in crate::alloc) fn give(&self, first: usize, n: usize) {
        each_word(first, n, |index, mask| self.give_in(index, mask));
    }

    /// Gives one block back.
    #[inline(always)]
    pub(super) fn give_one(&self, first: usize) {
        self.give_in(first / 64, 1 << (first % 64));
    }

    #[inline(always)]
    fn give_in(&self, index: usize, mask: u64) {
        self.free.give(index, mask);
        if !self.stale.contains(index / LEAF_WORDS) {
            self.stale.insert(index / LEAF_WORDS, self.stale.top());
        }
    }

    /// The first block from `from` on, and below `end`, that is taken.
    pub(in crate::alloc) fn first_taken(&self, from: usize, end: usize) -> Option<usize> {
        let mut at = from;
        while at < end {
            let taken = !self.free.word(at / 64) & u64::MAX << (at % 64);
            at = at / 64 * 64;
            if taken != 0 {
                let found = at + taken.trailing_zeros() as usize;
                return (found < end).then_some(found);
            }
            at += 64;
        }
        None
    }

    /// The maximal runs of free blocks from `from` on: where each begins, and where it ends.
    pub(in crate::alloc) fn runs(&self, from: usize) -> impl Iterator<Item = (usize, usize)> {
        let mut at = from;
        core::iter::from_fn(move || {
            let first = if at < self.blocks { self.free.next(at)? } else { return None };
            let end = self.first_taken(first, self.blocks).unwrap_or(self.blocks);
            at = end;
            Some((first, end))
        })
    }

    /// The lowest run of `n` free blocks that begins at `from` or behind it.
    pub(super) fn find(&self, n: usize, from: usize) -> Option<usize> {
        if n == 1 {
            return self.free.next(from);
        }
        while let Some(leaf) = self.stale.first() {
            self.stale.remove(leaf, self.stale.top());
            self.count(leaf);
        }
        loop {
            let lower = match self.search(n, from) {
                Found::Nothing => return None,
                Found::Less(leaf) => leaf,
                Found::At(first) => match self.first_taken(first, first + n) {
                    None => return Some(first),
                    Some(taken) => taken / LEAF,
                },
            };
            let is_lower = self.count(lower);
            debug_assert!(is_lower, "ST2: the summary of a leaf that was to blame gets lower");
        }
    }

    /// Counts a leaf anew, and the nodes above as far as they change. Answers whether the leaf's
    /// summary has changed.
    fn count(&self, leaf: usize) -> bool {
        let word = |word: usize| self.free.word(leaf * LEAF_WORDS + word);
        let mut summary = Summary::of_words(core::array::from_fn(word));
        let mut at = leaf;
        for level in 0..=self.top {
            let nodes = self.level(level);
            if nodes[at].replace(summary) == summary {
                return level > 0;
            }
            if level < self.top {
                at /= CHILDREN;
                let first = at * CHILDREN;
                // The last node may have fewer: nothing lies behind it.
                let children = &nodes[first..nodes.len().min(first + CHILDREN)];
                summary = Summary::of_children(children, 1 << Self::shift(level));
            }
        }
        true
    }

    /// Looks for `n` blocks by the summaries, from left to right: a node that cannot have them is
    /// passed over as a whole.
    fn search(&self, n: usize, from: usize) -> Found {
        let (mut level, mut at, mut run) = (0, from, 0);
        if !from.is_multiple_of(LEAF) {
            match self.scan(n, from, 0) {
                Scan::Found(first) => return Found::At(first),
                Scan::Tail(tail) => run = tail,
            }
            at = (from / LEAF + 1) * LEAF;
        }
        let mut may_climb = true;
        while at < self.counts[0] * LEAF {
            while may_climb && level < self.top && at % (1 << Self::shift(level + 1)) == 0 {
                level += 1;
            }
            let node = self.level(level)[at >> Self::shift(level)].get();
            if run + node.start() >= n {
                return Found::At(at - run);
            }
            if node.longest() >= n {
                if level > 0 {
                    (level, may_climb) = (level - 1, false);
                    continue;
                }
                return match self.scan(n, at, run) {
                    Scan::Found(first) => Found::At(first),
                    Scan::Tail(_) => Found::Less(at / LEAF),
                };
            }
            let size = 1 << Self::shift(level);
            run = if node.start() == size { run + size } else { node.end() };
            at += size;
            may_climb = true;
        }
        Found::Nothing
    }

    /// Looks for `n` blocks in the rest of a leaf, from `from` on, before which `run` blocks are free.
    fn scan(&self, n: usize, from: usize, run: usize) -> Scan {
        let (mut run, mut at) = (run, from / 64 * 64);
        let mut word = self.free.word(from / 64) & u64::MAX << (from % 64);
        let end = (from / LEAF + 1) * LEAF;
        loop {
            if run + word.trailing_ones() as usize >= n {
                return Scan::Found(at - run);
            }
            if word == u64::MAX {
                run += 64;
            } else {
                let starts = if n <= 64 { runs(word, n) } else { 0 };
                if starts != 0 {
                    return Scan::Found(at + starts.trailing_zeros() as usize);
                }
                run = word.leading_ones() as usize;
            }
            at += 64;
            if at == end {
                return Scan::Tail(run);
            }
            word = self.free.word(at / 64);
        }
    }
}

/// Calls `f` with each word that has some of the `n` bits from `first` on, and with these bits.
#[inline(always)]
fn each_word(first: usize, n: usize, mut f: impl FnMut(usize, u64)) {
    let (mut at, end) = (first, first + n);
    while at < end {
        let bit = at % 64;
        let here = (64 - bit).min(end - at);
        f(at / 64, ones(here) << bit);
        at += here;
    }
}
