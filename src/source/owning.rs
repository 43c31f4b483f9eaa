//! Sources that know their own regions.

use core::ptr::NonNull;

use super::Source;

/// A source that can tell its regions from others.
///
/// # Safety
///
/// [`owns`](Self::owns) is true for every address in a region of this source that has not been
/// released, and false for every address in a region of another source.
pub unsafe trait OwningSource: Source {
    /// Whether `address` lies in the memory that this source serves from.
    fn owns(&self, address: NonNull<u8>) -> bool;
}
