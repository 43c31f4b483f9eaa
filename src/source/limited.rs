//! A source with a limit.

use core::alloc::Layout;
use core::ptr::NonNull;

use super::{DefaultSource, OwningSource, Source};

/// Limits the bytes that are out at one time. What goes back may be obtained again.
///
/// It counts what regions take: their sizes, rounded up to the [granule](Source::granule). A request
/// above the rest is refused, and the allocator above reports
/// [`OutOfMemory`](crate::AllocError::OutOfMemory).
///
/// # When to take it
///
/// Take it to give one allocator a share of the memory. Several allocators that share one limit take an
/// [`ArenaSource`](crate::ArenaSource). Where the blocks of one pool are to be limited,
/// [`capacity`](crate::PoolBuilder::capacity) is exact for those in use and
/// [`max_carved_blocks`](crate::PoolBuilder::max_carved_blocks) for all of them, and this is not: a pool
/// also obtains thread caches and magazines.
///
/// # Example
///
/// ```
/// use std::alloc::Layout;
/// use stampool::SystemSource;
/// use stampool::source::{LimitedSource, Source};
///
/// let mut source = LimitedSource::new(SystemSource, 100);
/// let layout = Layout::new::<[u8; 60]>();
/// let region = source.obtain(layout).expect("memory");
/// assert!(source.obtain(layout).is_none(), "40 bytes are left");
/// // SAFETY: obtained with this layout, and not used any more.
/// unsafe { source.release(region, layout) };
/// assert_eq!(source.taken_bytes(), 0);
/// ```
#[derive(Debug)]
pub struct LimitedSource<S = DefaultSource> {
    source: S,
    limit: usize,
    taken: usize,
}

impl<S> LimitedSource<S> {
    /// Limits the bytes of `source` that are out at one time to `limit_bytes`.
    pub const fn new(source: S, limit_bytes: usize) -> Self {
        Self { source, limit: limit_bytes, taken: 0 }
    }

    /// The most bytes.
    pub const fn limit_bytes(&self) -> usize {
        self.limit
    }

    /// Bytes that are out: those of the regions that have not come back.
    pub const fn taken_bytes(&self) -> usize {
        self.taken
    }
}

impl<S: Source> LimitedSource<S> {
    /// What a region of this layout takes, if a number can say that.
    fn takes(&self, layout: Layout) -> Option<usize> {
        layout.size().checked_next_multiple_of(self.source.granule().max(1))
    }
}

// SAFETY: regions are those of the source inside.
unsafe impl<S: Source> Source for LimitedSource<S> {
    fn obtain(&mut self, layout: Layout) -> Option<NonNull<u8>> {
        let takes = self.takes(layout)?;
        if takes > self.limit - self.taken {
            return None;
        }
        let region = self.source.obtain(layout)?;
        self.taken += takes;
        Some(region)
    }

    unsafe fn release(&mut self, region: NonNull<u8>, layout: Layout) {
        // The region counts as released even if the source inside panics.
        self.taken -= self.takes(layout).unwrap_or(0);
        // SAFETY: by the caller.
        unsafe { self.source.release(region, layout) };
    }

    unsafe fn extend(&mut self, region: NonNull<u8>, old: Layout, new: Layout) -> bool {
        let (Some(takes), Some(took)) = (self.takes(new), self.takes(old)) else { return false };
        let more = takes - took;
        if more > self.limit - self.taken {
            return false;
        }
        // SAFETY: by the caller.
        let is_extended = unsafe { self.source.extend(region, old, new) };
        self.taken += if is_extended { more } else { 0 };
        is_extended
    }

    fn granule(&self) -> usize {
        self.source.granule()
    }

    fn reuses(&self) -> bool {
        self.source.reuses()
    }

    fn max_align(&self) -> usize {
        self.source.max_align()
    }
}

// SAFETY: regions are those of the source inside.
unsafe impl<S: OwningSource> OwningSource for LimitedSource<S> {
    fn owns(&self, address: NonNull<u8>) -> bool {
        self.source.owns(address)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{FailingSource, SystemSource};

    fn bytes(size: usize) -> Layout {
        Layout::from_size_align(size, 1).unwrap()
    }

    #[test]
    fn a_region_counts_as_released_although_the_source_inside_panics() {
        let mut source = LimitedSource::new(FailingSource::default().panic_at_release(0), 100);
        let region = source.obtain(bytes(100)).expect("the limit");
        let release = core::panic::AssertUnwindSafe(|| {
            // SAFETY: obtained with this layout, and not used.
            unsafe { source.release(region, bytes(100)) }
        });
        std::panic::catch_unwind(release).expect_err("the source panics");
        assert_eq!(source.taken_bytes(), 0);
    }

    #[test]
    fn it_reuses_what_the_source_inside_reuses() {
        let buffer = crate::source::BufferSource::new(&mut []);
        assert!(!LimitedSource::new(buffer, 100).reuses());
        assert!(LimitedSource::new(SystemSource, 100).reuses());
    }

    #[test]
    fn what_goes_back_may_be_obtained_again() {
        let mut source = LimitedSource::new(SystemSource, 100);
        for _ in 0..3 {
            let all = source.obtain(bytes(100)).expect("the limit");
            assert!(source.obtain(bytes(1)).is_none());
            assert_eq!(source.taken_bytes(), 100);
            // SAFETY: just obtained with this layout.
            unsafe { source.release(all, bytes(100)) };
        }
        assert!(source.obtain(bytes(101)).is_none());
        assert!(source.obtain(bytes(isize::MAX.unsigned_abs())).is_none());
        assert_eq!((source.taken_bytes(), source.limit_bytes()), (0, 100));
    }

    #[test]
    fn a_refusal_of_the_source_inside_takes_nothing() {
        let mut source = LimitedSource::new(FailingSource::default().refuse_at(0), 100);
        assert!(source.obtain(bytes(10)).is_none());
        assert_eq!(source.taken_bytes(), 0);
    }
}
