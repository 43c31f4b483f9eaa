//! The free blocks of all orders, as nodes of a tree.
//!
//! Node 1 is a block of the highest order, and node `x` has the halves `2x` and `2x + 1`, so the
//! buddy of `x` is `x ^ 1`, and `x / 2` is what both become when they merge. One set has all free
//! nodes:
//!
//! ```text
//!                    1                    depth 0, order 3
//!            2               3            depth 1, order 2
//!        4       5       6       7        depth 2, order 1
//!      8   9  10  11  12  13  14  15      depth 3, order 0
//! ```
//!
//! Nodes of depth `d` have the numbers from `2^d` on. In level `k` of the set, depth `6k` to `6k + 5`
//! lie together in word 0, and each of them has `2^(d - 6k)` bits there: bits 1, 2 to 3, 4 to 7, and so
//! on. So the free nodes of a depth are found from that level downwards, and the levels above are not
//! kept for it.
//!
//! I1: a node in the set is a free block of the region, and no node above or below it is in the set.
//! I2: of two buddies, at most one is in the set. I3: bit `o` of `any` says whether a block of order
//! `o` is in the set.

use core::cell::Cell;
use core::ptr::NonNull;

use crate::alloc::bit_set::{self, BitSet};

/// The free blocks.
pub(super) struct Orders {
    free: BitSet,
    any: Cell<u64>,
    /// The order of node 1.
    highest: u32,
    /// The highest order of which there is a block when everything is free.
    largest: u32,
    /// The number behind that of the last node.
    end: usize,
}

/// The most blocks of order 0.
pub(super) const MOST_BLOCKS: usize = bit_set::MOST / 2;

/// The order of the smallest power of two that is not less than `blocks`.
const fn highest(blocks: usize) -> u32 {
    usize::BITS - (blocks - 1).leading_zeros()
}

/// The numbers of nodes that blocks of order 0 need: the node behind the last one's.
const fn nodes(blocks: usize) -> usize {
    (1 << highest(blocks)) + blocks
}

/// The words for so many blocks.
pub(super) const fn words(blocks: usize) -> usize {
    if blocks == 0 { 0 } else { bit_set::words(nodes(blocks)) }
}

impl Orders {
    /// All blocks free, in `words(blocks)` words.
    ///
    /// # Safety
    ///
    /// So many words at `first` are valid for reads and writes as long as this is used, and nobody
    /// else uses them. `blocks` is not zero, and at most [`MOST_BLOCKS`].
    pub(super) unsafe fn new(first: NonNull<u64>, blocks: usize) -> Self {
        // SAFETY: by the caller.
        let free = unsafe { BitSet::new(first, nodes(blocks)) };
        let (highest, largest, end) = (highest(blocks), blocks.ilog2(), nodes(blocks));
        let orders = Self { free, any: Cell::new(0), highest, largest, end };
        orders.fill();
        orders
    }

    /// Makes all blocks free.
    pub(super) fn reset(&self) {
        self.free.clear();
        self.any.set(0);
        self.fill();
    }

    /// Cuts the region into blocks, each as large as the bits of its length allow: from the front on,
    /// one block for each bit of the number of blocks, so the largest comes first.
    fn fill(&self) {
        let (mut first, blocks) = (0, self.first(self.end, 0));
        for order in (0..=self.highest).rev() {
            if blocks >> order & 1 != 0 {
                self.put(self.node(first, order), order);
                first += 1 << order;
            }
        }
    }

    /// The highest order of which there is a block when everything is free.
    #[inline(always)]
    pub(super) const fn largest(&self) -> u32 {
        self.largest
    }

    #[inline(always)]
    const fn node(&self, first: usize, order: u32) -> usize {
        (first >> order) + (1 << (self.highest - order))
    }

    /// The first block of order 0 in a node.
    #[inline(always)]
    const fn first(&self, node: usize, order: u32) -> usize {
        (node << order) - (1 << self.highest)
    }

    /// The level from which the nodes of an order are found, and their bits in its word 0.
    #[inline(always)]
    const fn head(&self, order: u32) -> (usize, u64) {
        let depth = self.highest - order;
        let (level, width) = (depth / 6, 1 << (depth % 6));
        (level as usize, ((1_u64 << width) - 1) << width)
    }

    #[inline(always)]
    fn put(&self, node: usize, order: u32) {
        self.free.insert(node, self.head(order).0);
        self.any.set(self.any.get() | 1 << order);
    }

    #[inline(always)]
    fn remove(&self, node: usize, order: u32) {
        let (level, bits) = self.head(order);
        if self.free.remove(node, level) && self.free.word(level, 0).get() & bits == 0 {
            self.any.set(self.any.get() & !(1 << order));
        }
    }

    /// Takes the lowest free block of the smallest order that is large enough, and gives back what
    /// of it is not needed. Answers where it begins, in blocks of order 0.
    #[inline]
    pub(super) fn take(&self, order: u32) -> Option<usize> {
        let large_enough = self.any.get() & u64::MAX << order;
        if large_enough == 0 {
            return None;
        }
        let mut from = large_enough.trailing_zeros();
        let (level, bits) = self.head(from);
        let at = (self.free.word(level, 0).get() & bits).trailing_zeros() as usize;
        let mut node = self.free.lowest_below(at, level);
        self.remove(node, from);
        while from > order {
            node *= 2;
            from -= 1;
            self.put(node + 1, from);
        }
        Some(self.first(node, order))
    }

    /// Takes a block back, and merges it with its buddy as long as that is free.
    #[inline]
    pub(super) fn give(&self, first: usize, order: u32) {
        let (mut node, mut order) = (self.node(first, order), order);
        debug_assert!(!self.is_free(node), "a block of the buddy allocator was freed twice");
        // Node 1 has no buddy: number 0 is never in the set.
        while self.is_within(node ^ 1) && self.free.contains(node ^ 1) {
            self.remove(node ^ 1, order);
            node /= 2;
            order += 1;
        }
        self.put(node, order);
    }

    /// Whether the set has room for the node. The last block has no buddy if it has an even number.
    #[inline(always)]
    const fn is_within(&self, node: usize) -> bool {
        node < self.end
    }

    /// Whether a node, or one above it, is in the set.
    fn is_free(&self, node: usize) -> bool {
        core::iter::successors(Some(node), |node| Some(node / 2).filter(|node| *node > 0))
            .any(|node| self.free.contains(node))
    }

    /// Makes a block larger where it is, if it is the first half of each larger block on the way and
    /// the other halves are free. Answers whether it has done so; if not, everything is as it was.
    pub(super) fn grow(&self, first: usize, old: u32, new: u32) -> bool {
        if new > self.largest || first & ((1 << new) - 1) != 0 {
            return false;
        }
        let halves = || (old..new).map(|order| (self.node(first, order) + 1, order));
        if !halves().all(|(node, _)| self.is_within(node) && self.free.contains(node)) {
            return false;
        }
        halves().for_each(|(node, order)| self.remove(node, order));
        true
    }

    /// Makes a block smaller where it is: the second halves become free. None of them can merge,
    /// since its buddy has the rest of the block.
    pub(super) fn shrink(&self, first: usize, old: u32, new: u32) {
        for order in new..old {
            self.put(self.node(first, order) + 1, order);
        }
    }
}
