//! One life of a thread in larson: random blocks of an array are renewed.

use core::hint::black_box;

use stampool::Block;

use super::random::Random;
use crate::{Handle, Take};

/// Blocks of each array.
pub(crate) const BLOCKS: usize = 1000;

/// Renewals in the life of a thread.
pub(crate) const RENEWALS: u64 = 10_000;

#[inline(never)]
pub(super) fn renew(handle: &mut impl Handle, blocks: &mut [Block], random: &mut Random) {
    for _ in 0..RENEWALS {
        let block = &mut blocks[random.next() % BLOCKS];
        // SAFETY: live, and replaced in the next line.
        unsafe { handle.deallocate(*block) };
        *block = black_box(handle.take());
    }
}
