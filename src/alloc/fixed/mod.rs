//! Members that bump a mark through one buffer of the caller's.

#[cfg(feature = "std")]
mod concurrent;
mod local;

#[cfg(feature = "std")]
pub use concurrent::AsyncStatic;
pub use local::Static;

use core::alloc::Layout;
use core::ops::Range;
use core::ptr::NonNull;

use super::bump::fit;
use crate::error::AllocError;

/// Why a buffer of which some bytes are left does not serve `layout`.
#[cold]
fn refusal(buffer: Range<NonNull<u8>>, layout: Layout) -> AllocError {
    match fit(buffer.start, buffer.end, layout) {
        Some(_) => AllocError::Capacity,
        None => AllocError::Unsupported,
    }
}
