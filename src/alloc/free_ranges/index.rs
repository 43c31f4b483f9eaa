//! What finds a free range that is long enough.

use core::ptr::NonNull;

use super::range::FreeRange;

/// How [`FreeRanges`](super::FreeRanges) finds a free range for a block: [`Bins`](super::Bins) or
/// [`Trees`](super::Trees). Nothing else implements it.
pub trait Index: Ranges {}

/// The calls of an index. Its records lie in the free ranges themselves. I1: it holds each free range
/// of the allocator's regions once, and nothing else, and writes to no other memory.
pub trait Ranges {
    /// An index of nothing.
    const EMPTY: Self;

    /// Enters a range. Nobody reads its length from its bytes before that.
    ///
    /// # Safety
    ///
    /// The range is free, is not in the index, and touches no free range.
    unsafe fn insert(&self, range: FreeRange);

    /// Takes a range out.
    ///
    /// # Safety
    ///
    /// The range is in the index.
    unsafe fn remove(&self, range: FreeRange);

    /// Takes the first `bytes` of a range out that has at least so many, which are whole granules.
    /// There is no such range for no bytes. What is left of the range stays. Returns where it began.
    fn take(&self, bytes: usize) -> Option<NonNull<u8>>;

    /// Looks for a range that has at least so many bytes and for which `fits` holds, among the first
    /// few.
    fn find(&self, bytes: usize, fits: impl Fn(FreeRange) -> bool) -> Option<FreeRange>;

    /// Forgets all ranges.
    fn clear(&self);

    /// Calls `each` with every range.
    fn visit(&self, each: impl FnMut(FreeRange));

    /// Whether the index's own records are as its invariants say.
    #[cfg(test)]
    fn is_sound(&self) -> bool;
}
