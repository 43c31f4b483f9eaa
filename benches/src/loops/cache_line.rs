//! Blocks that are written many times between their allocation and their free.

use core::hint::black_box;

use stampool::Block;

use crate::{Handle, Take};

/// Writes to each block.
const WRITES: u64 = 100;

#[inline(never)]
pub(super) fn run(handle: &mut impl Handle, blocks: u64) {
    for _ in 0..blocks {
        let block = black_box(handle.take());
        write(block);
        // SAFETY: just allocated.
        unsafe { handle.deallocate(block) };
    }
}

#[inline]
fn write(block: Block) {
    for nth in 0..WRITES {
        // SAFETY: a block is aligned for a word, has one, and is ours.
        unsafe { block.cast::<u64>().write_volatile(nth) };
    }
}
