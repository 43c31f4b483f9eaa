//! The trait of all allocators, and the only code that moves a block.

use core::alloc::Layout;
use core::ptr::NonNull;

use super::forward;
use crate::error::AllocError;

/// Hands out blocks of memory and takes them back.
///
/// # Safety
///
/// An implementation keeps the rules A1 to A7 in the [module's documentation](super), and what each
/// method here says.
pub unsafe trait Allocator {
    /// Returns a block that is at least as long as `layout` says and aligned as it says. Its bytes
    /// are not initialised. The returned length may be more than was asked for, and all of it is
    /// the caller's.
    ///
    /// # Errors
    ///
    /// The reason, as A7 has it.
    fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError>;

    /// Takes a block back.
    ///
    /// # Safety
    ///
    /// `block` is a live block of this allocator, and `layout` fits it (A4).
    unsafe fn deallocate(&self, block: NonNull<u8>, layout: Layout);

    /// Makes a block longer without moving it.
    ///
    /// # Errors
    ///
    /// [`NotInPlace`](AllocError::NotInPlace), and the block is as it was. That is the answer of
    /// an allocator that never resizes in place, and the default.
    ///
    /// # Safety
    ///
    /// `block` is a live block of this allocator, `old` fits it (A4), and `new` is not smaller.
    unsafe fn grow_in_place(
        &self,
        block: NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        _ = (block, old, new);
        Err(AllocError::NotInPlace)
    }

    /// Makes a block shorter without moving it.
    ///
    /// # Errors
    ///
    /// As [`grow_in_place`](Self::grow_in_place).
    ///
    /// # Safety
    ///
    /// `block` is a live block of this allocator, `old` fits it (A4), and `new` is not larger.
    unsafe fn shrink_in_place(
        &self,
        block: NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        _ = (block, old, new);
        Err(AllocError::NotInPlace)
    }

    /// As [`allocate`](Self::allocate), and the whole block is zero.
    ///
    /// # Errors
    ///
    /// As there.
    #[inline]
    fn allocate_zeroed(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        let block = self.allocate(layout)?;
        // SAFETY: the block was just allocated, so all of it may be written (A1).
        unsafe { block.cast::<u8>().write_bytes(0, block.len()) };
        Ok(block)
    }

    /// Makes a block longer, in place or by moving it. The bytes up to `old.size()` stay.
    ///
    /// # Errors
    ///
    /// The reason; the block is then as it was, and still live.
    ///
    /// # Safety
    ///
    /// As for [`grow_in_place`](Self::grow_in_place).
    #[inline]
    unsafe fn grow(
        &self,
        block: NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        debug_assert!(new.size() >= old.size(), "grow: the new size is smaller than the old one");
        // SAFETY: by the caller.
        match unsafe { self.grow_in_place(block, old, new) } {
            Err(AllocError::NotInPlace) => {}
            done => return done,
        }
        // SAFETY: by the caller; the old size is the smaller one.
        unsafe { move_block(self, block, old, new, old.size()) }
    }

    /// As [`grow`](Self::grow), and all bytes behind `old.size()` are zero.
    ///
    /// # Errors
    ///
    /// As there.
    ///
    /// # Safety
    ///
    /// As there.
    #[inline]
    unsafe fn grow_zeroed(
        &self,
        block: NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        // SAFETY: by the caller.
        let grown = unsafe { self.grow(block, old, new) }?;
        // SAFETY: the block is at least `new.size()` bytes long, and that is not less than the old
        // size.
        let behind = unsafe { grown.cast::<u8>().add(old.size()) };
        // SAFETY: these bytes end where the block ends, and all of it may be written (A1).
        unsafe { behind.write_bytes(0, grown.len() - old.size()) };
        Ok(grown)
    }

    /// Makes a block shorter, in place or by moving it. The bytes up to `new.size()` stay.
    ///
    /// # Errors
    ///
    /// The reason; the block is then as it was, and still live.
    ///
    /// # Safety
    ///
    /// As for [`shrink_in_place`](Self::shrink_in_place).
    #[inline]
    unsafe fn shrink(
        &self,
        block: NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        debug_assert!(new.size() <= old.size(), "shrink: the new size is larger than the old one");
        // SAFETY: by the caller.
        match unsafe { self.shrink_in_place(block, old, new) } {
            Err(AllocError::NotInPlace) => {}
            done => return done,
        }
        // SAFETY: by the caller; the new size is the smaller one.
        unsafe { move_block(self, block, old, new, new.size()) }
    }
}

// SAFETY: all calls go to the allocator behind the reference, which keeps the rules. Blocks do not
// become invalid when the reference is moved or dropped.
unsafe impl<A: Allocator + ?Sized> Allocator for &A {
    forward::to_inner!(self => (**self));
}

/// Allocates a block of layout `new`, copies `common` bytes into it, and frees the old one. An
/// `Err` leaves the old block as it was, because the new block is allocated first.
///
/// # Safety
///
/// `block` is live and `old` fits it; `common` is at most the size of `old` and of `new`.
unsafe fn move_block<A: Allocator + ?Sized>(
    allocator: &A,
    block: NonNull<u8>,
    old: Layout,
    new: Layout,
    common: usize,
) -> Result<NonNull<[u8]>, AllocError> {
    let moved = allocator.allocate(new)?;
    // SAFETY: both blocks are live, so they are disjoint, and both hold `common` bytes (A1).
    unsafe { moved.cast::<u8>().copy_from_nonoverlapping(block, common) };
    // SAFETY: by the caller; nobody uses the block from here on.
    unsafe { allocator.deallocate(block, old) };
    Ok(moved)
}
