//! What all prototypes share: an arena of blocks, and magazines of them in two stacks.
//!
//! # Never short
//!
//! Everything is made in the beginning. Magazines in a stack are either full or empty, so `n`
//! batches of blocks fill at most `n` magazines; beside these there are as many as all handles
//! together hold, and one on its way to each. So who has a batch to give away finds an empty one.
//! In the same way there are batches for what is live, for what handles hold, and for what is left
//! over: so who needs blocks finds a full one.

use core::alloc::Layout;
use core::array;
use std::sync::Mutex;

use stampool::Block;

use super::name::{Arena, Name};
use super::stack::{Magazine, Owned, Stack};
use crate::subjects::{free_block, new_block};

/// Full and empty magazines of `B` blocks. Only the designs get at them, and each gives back what
/// it took from the same depot.
pub struct Depot<N, const B: usize> {
    full: Stack<N, B>,
    empty: Stack<N, B>,
    pub(super) arena: Arena,
    layout: Layout,
    /// Of handles that left: less than a batch.
    rest: Mutex<Vec<Block>>,
    /// All there are. Looked at through the stacks alone.
    _magazines: Vec<Magazine<N, B>>,
}

impl<N: Name, const B: usize> Depot<N, B> {
    /// For so many `live` blocks, twice over, and `handles` that hold `batches` each at most, in
    /// arrays and magazines.
    ///
    /// # Panics
    ///
    /// Where memory is out, or there are more blocks than an index can tell apart.
    pub(super) fn new(block: Layout, live: usize, handles: usize, batches: usize) -> Self {
        let in_handles = handles * (batches + 1);
        let full = (2 * live).div_ceil(B) + in_handles + 1;
        let stride = block.pad_to_align().size().next_power_of_two();
        let count = full * B;
        assert!(
            u32::try_from(count).is_ok(),
            "{count} blocks are more than an index can tell apart"
        );
        let layout =
            Layout::from_size_align(count * stride, stride).expect("an arena fits into memory");
        let arena = Arena { base: new_block(layout).as_non_null(), shift: stride.trailing_zeros() };
        // SAFETY: `nth` is below the number of blocks.
        let nth_block = |nth: usize| unsafe { arena.base.add(nth * stride) };
        let magazine = |nth: usize| {
            Magazine::new(array::from_fn(|place| {
                // What stands in an empty one does not matter.
                let block = nth_block((nth * B + place) % count);
                // SAFETY: of this arena.
                unsafe { N::of(Block(block), arena) }
            }))
        };
        let mut magazines: Vec<_> = (0..full + in_handles).map(magazine).collect();
        let (stack_of_full, stack_of_empty) = (Stack::new(), Stack::new());
        for (nth, magazine) in magazines.iter_mut().enumerate() {
            let stack = if nth < full { &stack_of_full } else { &stack_of_empty };
            // SAFETY: the depot keeps the magazines as long as the stacks.
            unsafe { stack.push(Owned::new(magazine)) };
        }
        Self {
            full: stack_of_full,
            empty: stack_of_empty,
            arena,
            layout,
            rest: Mutex::default(),
            _magazines: magazines,
        }
    }

    /// Takes a full magazine.
    #[inline]
    pub(super) fn take_full(&self) -> Owned<'_, N, B> {
        // SAFETY: the depot keeps the magazines as long as the stacks.
        unsafe { self.full.pop() }.expect("more blocks than the workload has live")
    }

    /// Takes an empty one.
    #[inline]
    pub(super) fn take_empty(&self) -> Owned<'_, N, B> {
        // SAFETY: as above.
        unsafe { self.empty.pop() }.expect("a magazine for each batch")
    }

    /// Gives a full one, of this depot.
    #[inline]
    pub(super) fn give_full(&self, magazine: Owned<'_, N, B>) {
        // SAFETY: as above.
        unsafe { self.full.push(magazine) };
    }

    /// Gives an empty one, of this depot.
    #[inline]
    pub(super) fn give_empty(&self, magazine: Owned<'_, N, B>) {
        // SAFETY: as above.
        unsafe { self.empty.push(magazine) };
    }

    /// Takes in what a handle that leaves has beside full magazines.
    ///
    /// # Panics
    ///
    /// Where another one did meanwhile.
    pub(super) fn take_in(&self, blocks: impl Iterator<Item = Block>) {
        let mut rest = self.rest.lock().expect("nobody panics with it");
        rest.extend(blocks);
        while let Some(first) = rest.len().checked_sub(B) {
            let mut magazine = self.take_empty();
            for (name, block) in magazine.names().iter_mut().zip(rest.drain(first..)) {
                // SAFETY: of this arena, as all that handles have.
                *name = unsafe { N::of(block, self.arena) };
            }
            self.give_full(magazine);
        }
    }

    /// Blocks that there are.
    #[cfg(test)]
    pub(super) fn len_blocks(&self) -> usize {
        self.layout.size() >> self.arena.shift
    }

    /// Takes out all blocks that are free.
    #[cfg(test)]
    pub(super) fn drain(&mut self) -> Vec<Block> {
        let rest = self.rest.get_mut().expect("nobody panics with it").drain(..);
        let mut free: Vec<_> = rest.collect();
        // SAFETY: the depot keeps the magazines as long as the stacks.
        while let Some(mut magazine) = unsafe { self.full.pop() } {
            // SAFETY: names of this arena.
            free.extend(magazine.names().iter().map(|name| unsafe { name.block(self.arena) }));
        }
        free
    }
}

impl<N, const B: usize> Drop for Depot<N, B> {
    fn drop(&mut self) {
        // SAFETY: allocated with this layout, and no handle is left.
        unsafe { free_block(Block(self.arena.base), self.layout) };
    }
}
