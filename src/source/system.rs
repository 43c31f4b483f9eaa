//! The program's own allocator.

use core::alloc::Layout;
use core::ptr::NonNull;

use super::Source;

/// Regions from the program's global allocator. The default source.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemSource;

// SAFETY: the global allocator's contract is the source's.
unsafe impl Source for SystemSource {
    fn obtain(&mut self, layout: Layout) -> Option<NonNull<u8>> {
        if layout.size() == 0 {
            return None;
        }
        // SAFETY: the size is not zero.
        NonNull::new(unsafe { std::alloc::alloc(layout) })
    }

    unsafe fn release(&mut self, region: NonNull<u8>, layout: Layout) {
        // SAFETY: by the caller, `region` came from `alloc` with this layout.
        unsafe { std::alloc::dealloc(region.as_ptr(), layout) }
    }
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
}
