//! Swaps of new blocks for those in a bucket that all threads share.

use core::hint::black_box;
use core::ptr::NonNull;
use core::sync::atomic::{AtomicPtr, Ordering};

use crossbeam_utils::CachePadded;
use stampool::Block;

use super::random::Random;
use crate::{Handle, Take};

/// Places that are renewed together: those of a cache line.
pub(crate) const RUN: usize = 8;

pub(crate) type Line = CachePadded<[AtomicPtr<u8>; RUN]>;

#[inline(never)]
pub(super) fn swaps(handle: &mut impl Handle, bucket: &[Line], random: &mut Random, runs: u64) {
    for _ in 0..runs {
        for slot in &*bucket[random.next() % bucket.len()] {
            let block = black_box(handle.take());
            // AcqRel: hands one block over, with its bytes, and takes over another one.
            put_back(handle, slot.swap(block.as_ptr(), Ordering::AcqRel));
        }
    }
}

/// Frees what was in a slot.
#[inline]
fn put_back(handle: &mut impl Handle, block: *mut u8) {
    if let Some(block) = NonNull::new(block).map(Block) {
        // SAFETY: allocated from the same subject, and the swap gave it to this thread alone.
        unsafe { handle.deallocate(block) };
    }
}
