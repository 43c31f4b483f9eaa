//! The free blocks of all orders, as nodes of a tree.
//!
//! Node 1 is a block of the highest order, and node `x` has the halves `2x` and `2x + 1`, so the
//! buddy of `x` is `x ^ 1`, and `x / 2` is what both become when they merge:
//!
//! ```text
//!                    1                    depth 0, order 3
//!            2               3            depth 1, order 2
//!        4       5       6       7        depth 2, order 1
//!      8   9  10  11  12  13  14  15      depth 3, order 0
//! ```
//!
//! One set has the free nodes. Those of depth `d` have the numbers from `2^d` on. In level `k` of the set,
//! depth `6k` to `6k + 5` lie together in word 0, and each of them has `2^(d - 6k)` bits there: bit 1, bits 2
//! and 3, bits 4 to 7, and so on. So the free nodes of a depth are found from that level downwards, and the
//! levels above are not kept for it.
//!
//! Of each order one word, the *lowest*, is left out of the levels above: nodes are taken from it and given
//! back to it without a look at them. What is halved, and what merges, mostly leaves one free node of an
//! order, and a program that frees a block and allocates the next one gets one near it again. So most calls
//! touch no level but the lowest.
//!
//! - OB1. A free node is in the set. It is a part of the region of which nothing is taken, and no node above
//!   or below it is in the set.
//! - OB2. Of two buddies, at most one is free.
//! - OB3. For each order, no word below the lowest has a free node of the order, the bit above the lowest is
//!   clear, and the bits above the others are as `BitSet` has them.
//! - OB4. The levels show no word of the order below `shown`, and none at all exactly if that is `NONE`.
//! - OB5. Bit `o` of `any` says whether a node of order `o` is free.

use core::cell::Cell;
use core::ptr::NonNull;

use crate::alloc::bit_set::{self, BitSet};

/// No word: behind all of them.
const NONE: usize = usize::MAX;
/// As many orders as there can be.
const ORDERS: usize = bit_set::MOST.ilog2() as usize;
/// The most blocks of order 0.
pub(super) const MOST_BLOCKS: usize = bit_set::MOST / 4;

/// Where the free nodes of an order are.
struct Order {
    lowest: Cell<usize>,
    shown: Cell<usize>,
    /// The order's bits in each of its words: all, but in word 0, which orders share.
    bits: u64,
}

/// The free blocks.
pub(super) struct Orders {
    any: Cell<u64>,
    /// The first node of order 0.
    bottom: usize,
    /// The order of node 1.
    highest: u32,
    /// The highest order of which there is a block when everything is free.
    largest: u32,
    /// How many blocks of order 0 there are.
    blocks: usize,
    orders: [Order; ORDERS],
    set: BitSet,
}

/// The depth of an order, if there are such nodes.
fn depth(highest: u32, order: usize) -> u32 {
    u32::try_from(order).map_or(0, |order| highest.saturating_sub(order))
}

/// The lowest level in which the nodes of a depth have less than a word, and their bits in its word 0.
const fn head(depth: u32) -> (usize, u64) {
    let width = 1 << (depth % 6);
    ((depth / 6) as usize, ((1_u64 << width) - 1) << width)
}

impl Order {
    /// The nodes of a depth, none of them free.
    fn at(depth: u32) -> Self {
        let bits = if depth < 6 { head(depth).1 } else { u64::MAX };
        let order = Self { lowest: Cell::new(0), shown: Cell::new(NONE), bits };
        order.clear(depth);
        order
    }

    fn clear(&self, depth: u32) {
        // The first word of the depth. It must be none of another depth's.
        self.lowest.set((1 << depth) / 64);
        self.shown.set(NONE);
    }
}

/// The order of the smallest power of two that is not less than `blocks`.
const fn highest(blocks: usize) -> u32 {
    usize::BITS - (blocks - 1).leading_zeros()
}

/// The numbers of nodes that blocks of order 0 need: the last one may have a buddy that is none.
const fn nodes(blocks: usize) -> usize {
    (1 << highest(blocks)) + blocks.next_multiple_of(2)
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
        let highest = highest(blocks);
        let orders = Self {
            any: Cell::new(0),
            bottom: 1 << highest,
            highest,
            largest: blocks.ilog2(),
            blocks,
            orders: core::array::from_fn(|order| Order::at(depth(highest, order))),
            // SAFETY: by the caller.
            set: unsafe { BitSet::new(first, nodes(blocks)) },
        };
        orders.cut();
        orders
    }

    /// Makes all blocks free.
    pub(super) fn reset(&self) {
        self.set.clear();
        self.any.set(0);
        for (number, order) in self.orders.iter().enumerate() {
            order.clear(depth(self.highest, number));
        }
        self.cut();
    }

    /// Cuts the region into blocks, each as large as the bits of its length allow: from the front on,
    /// one block for each bit of the number of blocks, so the largest comes first.
    fn cut(&self) {
        let mut first = 0;
        for order in (0..=self.largest).rev() {
            if self.blocks >> order & 1 != 0 {
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

    /// The node of an order whose first block of order 0 is `first`, or has it.
    #[inline(always)]
    const fn node(&self, first: usize, order: u32) -> usize {
        (self.bottom + first) >> order
    }

    #[inline(always)]
    const fn order(&self, order: u32) -> &Order {
        &self.orders[order as usize]
    }

    /// The bits of an order's nodes in a word.
    #[inline(always)]
    fn word(&self, index: usize, order: &Order) -> u64 {
        self.set.word(0, index).get() & order.bits
    }

    #[inline(always)]
    fn note(&self, order: u32) {
        self.any.set(self.any.get() | 1 << order);
    }

    #[inline(always)]
    fn note_none(&self, order: u32) {
        self.any.set(self.any.get() & !(1 << order));
    }

    /// Makes a node free that does not merge.
    #[inline(always)]
    fn put(&self, node: usize, order: u32) {
        let (index, this) = (node / 64, self.order(order));
        let before = self.set.word(0, index).get();
        self.set.word(0, index).set(before | 1 << (node % 64));
        self.note(order);
        if before & this.bits == 0 && index != this.lowest.get() {
            self.fill(index, order);
        }
    }

    /// A word is no longer empty, and is not the order's lowest.
    #[inline]
    fn fill(&self, index: usize, order: u32) {
        let this = self.order(order);
        let lowest = this.lowest.get();
        let is_empty = self.word(lowest, this) == 0;
        let hidden = if is_empty && index < this.shown.get() {
            this.lowest.set(index);
            return;
        } else if index < lowest {
            this.lowest.replace(index)
        } else {
            index
        };
        this.shown.set(this.shown.get().min(hidden));
        self.set.show(hidden, head(self.highest - order).0);
    }

    /// Makes a node that is free part of something else.
    #[inline(always)]
    fn remove(&self, node: usize, order: u32) {
        let (index, this) = (node / 64, self.order(order));
        let word = self.set.word(0, index);
        word.set(word.get() & !(1 << (node % 64)));
        if word.get() & this.bits == 0 {
            self.is_empty(index, order);
        }
    }

    /// A word has become empty.
    #[inline]
    fn is_empty(&self, index: usize, order: u32) {
        let this = self.order(order);
        if index != this.lowest.get() {
            self.hide(index, order);
        }
        if this.shown.get() == NONE && self.word(this.lowest.get(), this) == 0 {
            self.note_none(order);
        }
    }

    /// Leaves a word out of the levels above.
    #[inline(never)]
    fn hide(&self, index: usize, order: u32) {
        let (level, bits) = head(self.highest - order);
        self.set.hide(index, level);
        if self.set.word(level, 0).get() & bits == 0 {
            self.order(order).shown.set(NONE);
        }
    }

    /// Makes the next word that is not empty the lowest of its order. There is one.
    #[inline(never)]
    fn raise_lowest(&self, order: u32) -> usize {
        let (level, bits) = head(self.highest - order);
        let at = (self.set.word(level, 0).get() & bits).trailing_zeros() as usize;
        let index = self.set.lowest_word_below(at, level);
        let this = self.order(order);
        this.lowest.set(index);
        this.shown.set(index + 1);
        self.hide(index, order);
        index
    }

    /// Takes the lowest free block of the smallest order that is large enough, and gives back what
    /// of it is not needed. Answers where it begins, in blocks of order 0.
    #[inline(always)]
    pub(super) fn take(&self, order: u32) -> Option<usize> {
        let large_enough = self.any.get() >> order;
        if large_enough == 0 {
            return None;
        }
        let mut from = order + large_enough.trailing_zeros();
        let this = self.order(from);
        let mut index = this.lowest.get();
        if self.word(index, this) == 0 {
            index = self.raise_lowest(from);
        }
        let word = self.word(index, this);
        let mut node = index * 64 + word.trailing_zeros() as usize;
        self.set.word(0, index).set(self.set.word(0, index).get() & !(1 << (node % 64)));
        // Without a branch: whether it was the order's last is hard to foresee.
        let is_last = word & (word - 1) == 0 && this.shown.get() == NONE;
        self.any.set(self.any.get() & !(u64::from(is_last) << from));
        while from > order {
            node *= 2;
            from -= 1;
            self.put(node + 1, from);
        }
        Some((node << order) - self.bottom)
    }

    /// Takes a block back, and merges it with its buddy as long as that is free.
    #[inline(always)]
    pub(super) fn give(&self, first: usize, order: u32) {
        let (mut node, mut order) = (self.node(first, order), order);
        debug_assert!(!self.is_in_free(node), "a block of the buddy allocator was freed twice");
        // Node 1 has no buddy: node 0 is never free.
        while self.set.contains(node ^ 1) {
            self.remove(node ^ 1, order);
            node /= 2;
            order += 1;
        }
        self.put(node, order);
    }

    /// Whether a node, or one above it, is free.
    fn is_in_free(&self, node: usize) -> bool {
        (0..=self.highest).any(|above| self.set.contains(node >> above))
    }

    /// Makes a block larger where it is, if it is the first half of each larger block on the way and
    /// the other halves are free. Answers whether it has done so; if not, everything is as it was.
    pub(super) fn grow(&self, first: usize, old: u32, new: u32) -> bool {
        let halves = || (old..new).map(|order| (self.node(first, order) + 1, order));
        let is_first = first & ((1 << new) - 1) == 0;
        if !is_first || !halves().all(|(node, _)| self.set.contains(node)) {
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
