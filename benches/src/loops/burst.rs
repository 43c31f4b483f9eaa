//! Bursts: many blocks are allocated, then freed in a given order.

use core::hint::black_box;

use stampool::Block;

use crate::{Handle, Take};

#[inline(never)]
pub(super) fn run(handle: &mut impl Handle, order: &[u32], blocks: &mut [Block], bursts: u64) {
    for _ in 0..bursts {
        for block in &mut *blocks {
            *block = handle.take();
        }
        let blocks = black_box(&*blocks);
        for &nth in order {
            // SAFETY: allocated just now, and each place comes once in the order.
            unsafe { handle.deallocate(blocks[nth as usize]) };
        }
    }
}
