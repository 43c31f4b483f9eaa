//! The regions that a source has for records, as a source.

use core::alloc::Layout;
use core::ptr::NonNull;

use super::Source;

/// A source whose regions are those that another source has for records.
pub(crate) struct Records<'s, S: ?Sized>(pub(crate) &'s mut S);

// SAFETY: the regions for records keep the promises of a source.
unsafe impl<S: Source + ?Sized> Source for Records<'_, S> {
    fn obtain(&mut self, layout: Layout) -> Option<NonNull<u8>> {
        self.0.obtain_records(layout)
    }

    unsafe fn release(&mut self, region: NonNull<u8>, layout: Layout) {
        // SAFETY: by the caller.
        unsafe { self.0.release_records(region, layout) }
    }
}
