//! The program's own allocator, as a source.

use core::alloc::Layout;
use core::ptr::NonNull;

use super::Source;

/// Bytes of a huge page, on most machines that have huge pages.
const HUGE_PAGE: usize = 2 << 20;

/// Regions from the program's global allocator. The default source.
///
/// # When to take it
///
/// Take it for everything that needs nothing special. Leave it under an allocator that is the program's
/// own (`adapt::Global`): that would call itself.
///
/// # Shape
///
/// A region of 2 MiB or more begins at a multiple of 2 MiB. If the system backs large regions by
/// huge pages, it can then do so from the region's first byte on.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemSource;

// SAFETY: the global allocator's contract is the source's.
unsafe impl Source for SystemSource {
    fn obtain(&mut self, layout: Layout) -> Option<NonNull<u8>> {
        if layout.size() == 0 {
            return None;
        }
        // SAFETY: the size is not zero.
        NonNull::new(unsafe { std::alloc::alloc(placed(layout)) })
    }

    unsafe fn release(&mut self, region: NonNull<u8>, layout: Layout) {
        // SAFETY: by the caller, `region` came from `alloc` with this layout.
        unsafe { std::alloc::dealloc(region.as_ptr(), placed(layout)) }
    }
}

/// The layout that is requested for `layout`: regions of a huge page or more are aligned to one.
fn placed(layout: Layout) -> Layout {
    if layout.size() < HUGE_PAGE {
        return layout;
    }
    layout.align_to(HUGE_PAGE).unwrap_or(layout)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gives_aligned_regions_and_refuses_empty_ones() {
        let mut source = SystemSource;
        assert!(source.obtain(Layout::from_size_align(0, 1).unwrap()).is_none());
        let layout = Layout::from_size_align(100, 4096).unwrap();
        let region = source.obtain(layout).unwrap();
        assert_eq!(region.addr().get() % 4096, 0);
        // SAFETY: just obtained with this layout.
        unsafe { source.release(region, layout) };
    }

    #[test]
    fn large_regions_begin_with_a_huge_page() {
        let mut source = SystemSource;
        for (size, is_large) in [(HUGE_PAGE - 1, false), (HUGE_PAGE, true), (5 << 20, true)] {
            let layout = Layout::from_size_align(size, 64).unwrap();
            assert_eq!(placed(layout).align() == HUGE_PAGE, is_large);
            let region = source.obtain(layout).unwrap();
            assert!(!is_large || region.addr().get().is_multiple_of(HUGE_PAGE));
            // SAFETY: just obtained with this layout.
            unsafe { source.release(region, layout) };
        }
        let most = Layout::from_size_align(isize::MAX as usize, 1).unwrap();
        assert_eq!(placed(most), most, "too large to be aligned");
    }
}
