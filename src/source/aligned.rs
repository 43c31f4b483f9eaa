//! Regions that are known to be aligned.

use core::alloc::Layout;
use core::ptr::NonNull;

use super::Source;
use crate::error::AllocError;

/// Returns a region of `layout`, or `None` if the source has none.
///
/// # Errors
///
/// [`AllocError::MisalignedSource`] if the source returned a misaligned region, which has gone back.
pub(crate) fn obtain_aligned(
    source: &mut (impl Source + ?Sized),
    layout: Layout,
) -> Result<Option<NonNull<u8>>, AllocError> {
    let Some(region) = source.obtain(layout) else { return Ok(None) };
    if !region.addr().get().is_multiple_of(layout.align()) {
        // SAFETY: just obtained with this layout, and not used.
        unsafe { source.release(region, layout) };
        return Err(AllocError::MisalignedSource);
    }
    Ok(Some(region))
}
