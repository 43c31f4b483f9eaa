//! What the members that serve blocks of one layout have in common.

use core::alloc::Layout;
use core::ptr::NonNull;

use super::empty_block;
use super::provenance::recover;
use super::served::Served;
use crate::error::AllocError;

/// The layout of each block. A request that fits into it gets a whole block.
#[derive(Clone, Copy, Debug)]
pub(super) struct OneLayout(pub(super) Layout);

impl OneLayout {
    #[inline(always)]
    fn fits(self, layout: Layout) -> bool {
        layout.size() <= self.0.size() && layout.align() <= self.0.align()
    }

    fn whole(self, block: NonNull<u8>) -> NonNull<[u8]> {
        NonNull::slice_from_raw_parts(block, self.0.size())
    }

    /// Returns the block that `take` takes, whole, if `layout` fits into one.
    ///
    /// # Errors
    ///
    /// [`AllocError::Unsupported`] if it does not fit; otherwise as `take`.
    #[inline(always)]
    pub(super) fn allocate(
        self,
        layout: Layout,
        take: impl FnOnce() -> Result<NonNull<u8>, AllocError>,
    ) -> Served {
        if layout.size() == 0 {
            return Ok(empty_block(layout));
        }
        if !self.fits(layout) {
            return Err(AllocError::Unsupported);
        }
        take().map(|block| self.whole(block))
    }

    /// Returns the block as it is, if `new` fits into it.
    ///
    /// # Errors
    ///
    /// [`AllocError::NotInPlace`] if it does not.
    ///
    /// # Safety
    ///
    /// `block` is live and has this layout, unless the size of `old` is zero.
    #[inline(always)]
    pub(super) unsafe fn grow_in_place(
        self,
        block: NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Served {
        if old.size() == 0 || !self.fits(new) {
            return Err(AllocError::NotInPlace);
        }
        Ok(self.whole(recover(block)))
    }

    /// Returns the block as it is, unless `new` has no bytes.
    ///
    /// # Errors
    ///
    /// [`AllocError::NotInPlace`] if `new` has no bytes, so that the block can be freed, or is
    /// aligned as no block is.
    ///
    /// # Safety
    ///
    /// As [`grow_in_place`](Self::grow_in_place).
    #[inline(always)]
    pub(super) unsafe fn shrink_in_place(
        self,
        block: NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Served {
        if old.size() == 0 && block.addr().get().is_multiple_of(new.align()) {
            return Ok(NonNull::slice_from_raw_parts(block, 0));
        }
        if new.size() == 0 || !self.fits(new) {
            return Err(AllocError::NotInPlace);
        }
        Ok(self.whole(recover(block)))
    }
}
