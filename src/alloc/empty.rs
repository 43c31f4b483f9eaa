//! Blocks without bytes.

use core::alloc::Layout;
use core::ptr::NonNull;

/// A block of no bytes (A5): aligned, and taken from nowhere.
#[inline(always)]
pub(crate) const fn empty(layout: Layout) -> NonNull<[u8]> {
    // An alignment is never zero, so the fallback is never taken.
    let align = match core::num::NonZero::new(layout.align()) {
        Some(align) => align,
        None => core::num::NonZero::<usize>::MIN,
    };
    NonNull::slice_from_raw_parts(NonNull::without_provenance(align), 0)
}
