//! Blocks that are exactly as long as they were asked for.

use core::alloc::Layout;
use core::ptr::NonNull;

/// The block, no longer than was asked for. So one size alone fits it (A4), and a wrapper that counts
/// bytes subtracts at the free what it added at the allocation.
#[inline(always)]
pub(super) fn exactly(block: NonNull<[u8]>, layout: Layout) -> NonNull<[u8]> {
    NonNull::slice_from_raw_parts(block.cast(), layout.size())
}
