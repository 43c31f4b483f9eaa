//! Two sources, one after the other.

use core::alloc::Layout;
use core::ptr::NonNull;

use super::{DefaultSource, OwningSource, Source};

/// Asks one source, and a second one for what the first refuses.
///
/// A region goes back to the source that it came from. So the first source must be able to tell its
/// regions from others ([`OwningSource`]).
///
/// ```text
///  obtain --> first --- none ---> second
///  release --> first owns it? --- no ---> second
/// ```
///
/// # When to take it
///
/// Take it for memory that is better but scarce, such as a static buffer, with the system behind it. The
/// first source has to know its own regions: `BufferSource` and `Reserved` do,
/// `SystemSource`, `Mapped`, `ArenaSource` and `FromGlobal` do not. (For huge pages that may be used up,
/// `Mapped` has an option.) Do not take it to hide that the first source is too small: what comes from
/// the second stays there until it is released.
///
/// # Example
///
/// ```
/// use std::alloc::Layout;
/// use std::mem::MaybeUninit;
/// use stampool::source::FallbackSource;
/// use stampool::{BufferSource, Pool, SystemSource};
///
/// let memory = Box::leak(Box::new([MaybeUninit::uninit(); 4096]));
/// let source = FallbackSource::new(BufferSource::new(memory), SystemSource);
/// let pool = Pool::builder(Layout::new::<u64>()).source(source).build_exact()?;
/// pool.prefill(10_000).expect("memory of one or the other");
/// # Ok::<(), stampool::BuildError>(())
/// ```
#[derive(Debug)]
pub struct FallbackSource<A, B = DefaultSource> {
    first: A,
    second: B,
}

impl<A: OwningSource, B> FallbackSource<A, B> {
    /// Asks `first`, and then `second`.
    pub const fn new(first: A, second: B) -> Self {
        Self { first, second }
    }
}

/// Asks a source for a region, unless it does not serve the alignment.
fn ask(source: &mut impl Source, layout: Layout) -> Option<NonNull<u8>> {
    if layout.align() <= source.max_align() { source.obtain(layout) } else { None }
}

// SAFETY: regions are those of the two sources, which both keep the contract. A region is released
// to the source that gave it, because the first one knows its own.
unsafe impl<A: OwningSource, B: Source> Source for FallbackSource<A, B> {
    fn obtain(&mut self, layout: Layout) -> Option<NonNull<u8>> {
        ask(&mut self.first, layout).or_else(|| ask(&mut self.second, layout))
    }

    unsafe fn release(&mut self, region: NonNull<u8>, layout: Layout) {
        if self.first.owns(region) {
            // SAFETY: by the caller; the region is the first source's.
            unsafe { self.first.release(region, layout) }
        } else {
            // SAFETY: by the caller; the region is the second source's.
            unsafe { self.second.release(region, layout) }
        }
    }

    unsafe fn extend(&mut self, region: NonNull<u8>, old: Layout, new: Layout) -> bool {
        if self.first.owns(region) {
            // SAFETY: by the caller; the region is the first source's.
            unsafe { self.first.extend(region, old, new) }
        } else {
            // SAFETY: by the caller; the region is the second source's.
            unsafe { self.second.extend(region, old, new) }
        }
    }

    /// The larger one of the two. So an allocator rounds its requests up for both, and a first source that
    /// has fewer bytes than a granule of the second one serves nothing.
    fn granule(&self) -> usize {
        self.first.granule().max(self.second.granule())
    }

    fn reuses(&self) -> bool {
        self.first.reuses() && self.second.reuses()
    }

    /// The larger one of the two.
    fn max_align(&self) -> usize {
        self.first.max_align().max(self.second.max_align())
    }
}

// SAFETY: a region is of one of the two.
unsafe impl<A: OwningSource, B: OwningSource> OwningSource for FallbackSource<A, B> {
    fn owns(&self, address: NonNull<u8>) -> bool {
        self.first.owns(address) || self.second.owns(address)
    }
}

#[cfg(test)]
mod tests {
    use core::mem::MaybeUninit;

    use super::*;
    use crate::source::{BufferSource, CountingSource, LimitedSource};

    fn bytes(size: usize) -> Layout {
        Layout::from_size_align(size, 1).unwrap()
    }

    #[test]
    fn neither_is_asked_for_an_alignment_that_it_does_not_serve() {
        use crate::source::FailingSource;
        let low = FailingSource::default().max_align(8);
        let faults = low.faults();
        let mut source = FallbackSource::new(BufferSource::new(&mut []), low);
        assert!(source.max_align() > 8);
        assert_eq!(source.obtain(Layout::from_size_align(64, 16).unwrap()), None);
        assert_eq!(faults.calls(), 0);
        let region = source.obtain(Layout::from_size_align(64, 8).unwrap());
        assert_eq!((region.is_some(), faults.calls()), (true, 1));
        // SAFETY: obtained with this layout, and not used.
        unsafe { source.release(region.unwrap(), Layout::from_size_align(64, 8).unwrap()) };
    }

    #[test]
    fn it_reuses_what_both_reuse_and_has_the_larger_granule() {
        struct Paged;

        // SAFETY: it gives no region.
        unsafe impl Source for Paged {
            fn obtain(&mut self, _layout: Layout) -> Option<NonNull<u8>> {
                None
            }

            unsafe fn release(&mut self, _region: NonNull<u8>, _layout: Layout) {}

            fn granule(&self) -> usize {
                64
            }
        }

        // SAFETY: it has no region.
        unsafe impl OwningSource for Paged {
            fn owns(&self, _address: NonNull<u8>) -> bool {
                false
            }
        }

        let buffer = || BufferSource::new(&mut []);
        assert!(!FallbackSource::new(buffer(), Paged).reuses());
        assert!(!FallbackSource::new(Paged, buffer()).reuses());
        assert!(FallbackSource::new(Paged, Paged).reuses());
        assert_eq!(FallbackSource::new(Paged, buffer()).granule(), 64);
        assert_eq!(FallbackSource::new(buffer(), Paged).granule(), 64);
    }

    #[test]
    fn a_region_goes_back_where_it_came_from() {
        let mut memory = [MaybeUninit::<u8>::uninit(); 100];
        // SAFETY: the array outlives the source, and nobody else uses it.
        let buffer =
            unsafe { BufferSource::from_raw_parts(NonNull::from(&mut memory).cast(), 100) };
        let first = CountingSource::new(LimitedSource::new(buffer, 100));
        let second = CountingSource::default();
        let (of_first, of_second) = (first.counts(), second.counts());
        let mut source = FallbackSource::new(first, second);
        let (one, other) = (source.obtain(bytes(60)).unwrap(), source.obtain(bytes(60)).unwrap());
        assert_eq!((of_first.live_bytes(), of_second.live_bytes()), (60, 60));
        assert_eq!(of_first.refused(), 1);
        // SAFETY: live, and of this layout.
        assert!(unsafe { source.extend(one, bytes(60), bytes(70)) }, "the buffer has room");
        // SAFETY: the same.
        assert!(!unsafe { source.extend(other, bytes(60), bytes(70)) }, "the system has not");
        // SAFETY: the same; not used any more.
        unsafe { source.release(other, bytes(60)) };
        assert_eq!((of_first.live_bytes(), of_second.live_bytes()), (70, 0));
        // SAFETY: the same.
        unsafe { source.release(one, bytes(70)) };
        assert_eq!((of_first.live_bytes(), of_second.live_bytes()), (0, 0));
    }
}
