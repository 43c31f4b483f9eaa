//! What an allocator does that resizes no block in place: the only code that moves a block.

use core::alloc::Layout;
use core::ptr::NonNull;

use super::Allocator;
use crate::error::AllocError;

/// A block of no bytes (A5): aligned, and taken from nowhere.
#[inline(always)]
pub(crate) const fn empty(layout: Layout) -> NonNull<[u8]> {
    // An alignment is never zero, so the fallback is never taken.
    let align = match core::num::NonZero::new(layout.align()) {
        Some(align) => align,
        None => core::num::NonZero::<usize>::MIN,
    };
    NonNull::slice_from_raw_parts(NonNull::without_provenance(align), 0)
}

/// As [`Allocator::allocate_zeroed`].
#[inline]
pub(super) fn allocate_zeroed<A: Allocator + ?Sized>(
    allocator: &A,
    layout: Layout,
) -> Result<NonNull<[u8]>, AllocError> {
    let block = allocator.allocate(layout)?;
    // SAFETY: the block was just allocated, so all of it may be written (A1).
    unsafe { block.cast::<u8>().write_bytes(0, block.len()) };
    Ok(block)
}

/// As [`Allocator::grow`].
///
/// # Safety
///
/// As there.
#[inline]
pub(super) unsafe fn grow<A: Allocator + ?Sized>(
    allocator: &A,
    block: NonNull<u8>,
    old: Layout,
    new: Layout,
) -> Result<NonNull<[u8]>, AllocError> {
    debug_assert!(new.size() >= old.size(), "grow: the new size is smaller than the old one");
    // SAFETY: by the caller.
    match unsafe { allocator.grow_in_place(block, old, new) } {
        Err(AllocError::NotInPlace) => {}
        done => return done,
    }
    // SAFETY: by the caller; the old size is the smaller one.
    unsafe { move_block(allocator, block, old, new, old.size()) }
}

/// As [`Allocator::grow_zeroed`].
///
/// # Safety
///
/// As there.
#[inline]
pub(super) unsafe fn grow_zeroed<A: Allocator + ?Sized>(
    allocator: &A,
    block: NonNull<u8>,
    old: Layout,
    new: Layout,
) -> Result<NonNull<[u8]>, AllocError> {
    // SAFETY: by the caller.
    let grown = unsafe { allocator.grow(block, old, new) }?;
    // SAFETY: the block is at least `new.size()` bytes long, and that is not less than the old
    // size.
    let behind = unsafe { grown.cast::<u8>().add(old.size()) };
    // SAFETY: these bytes end where the block ends, and all of it may be written (A1).
    unsafe { behind.write_bytes(0, grown.len() - old.size()) };
    Ok(grown)
}

/// As [`Allocator::shrink`].
///
/// # Safety
///
/// As there.
#[inline]
pub(super) unsafe fn shrink<A: Allocator + ?Sized>(
    allocator: &A,
    block: NonNull<u8>,
    old: Layout,
    new: Layout,
) -> Result<NonNull<[u8]>, AllocError> {
    debug_assert!(new.size() <= old.size(), "shrink: the new size is larger than the old one");
    // SAFETY: by the caller.
    match unsafe { allocator.shrink_in_place(block, old, new) } {
        Err(AllocError::NotInPlace) => {}
        done => return done,
    }
    // SAFETY: by the caller; the new size is the smaller one.
    unsafe { move_block(allocator, block, old, new, new.size()) }
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
