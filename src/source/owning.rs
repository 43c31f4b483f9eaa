//! Sources that know their own regions.

use core::ptr::NonNull;

use super::Source;

/// A source that can tell its regions from others.
///
/// # Safety
///
/// [`owns`](Self::owns) is true for every address in a region of this source that has not been
/// released, and false for every address in a region of another source. That includes a source that
/// gets its own memory from this one by another handle. So a source whose handles can be cloned,
/// such as [`ArenaSource`](crate::ArenaSource), had better not implement this trait:
///
/// ```compile_fail,E0277
/// use std::alloc::Layout;
/// use stampool::source::FallbackSource;
/// use stampool::{ArenaSource, Pool, SystemSource};
///
/// let page = Layout::new::<[u8; 4096]>();
/// let outer = <ArenaSource>::new(page, 3, SystemSource)?;
/// // Its regions lie within those of `outer`.
/// let inner = <ArenaSource>::new(Layout::new::<[u8; 512]>(), 4, outer.clone())?;
/// let source = FallbackSource::new(outer, inner);
/// let pool = Pool::builder(Layout::new::<u64>()).source(source).build()?;
/// # Ok::<(), stampool::BuildError>(())
/// ```
pub unsafe trait OwningSource: Source {
    /// Whether `address` lies in the memory that this source serves from.
    fn owns(&self, address: NonNull<u8>) -> bool;
}
