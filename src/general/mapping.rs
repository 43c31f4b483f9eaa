//! Memory from the system: private mappings of whole pages.

use core::ptr::{NonNull, null_mut};

use rustix::mm::{MapFlags, MremapFlags, ProtFlags};

/// The bytes of a page. A larger page of the system is a multiple of it, and `mmap` rounds up.
pub(super) const PAGE: usize = 4096;

/// Maps so many bytes, a multiple of a page, at a multiple of `align`. They are zero. `None` if the
/// system refuses.
pub(super) fn map(len: usize, align: usize) -> Option<NonNull<u8>> {
    if align <= PAGE {
        return map_anywhere(len);
    }
    // One of the places in a longer mapping is aligned. Both ends go back.
    let longer = len.checked_add(align - PAGE)?;
    let start = map_anywhere(longer)?;
    let front = start.addr().get().wrapping_neg() & (align - 1);
    // SAFETY: within the mapping, which is longer by at least `front`.
    let block = unsafe { start.add(front) };
    if front > 0 {
        // SAFETY: just mapped, and unused.
        unsafe { unmap(start, front) };
    }
    let behind = longer - front - len;
    if behind > 0 {
        // SAFETY: within the mapping.
        let end = unsafe { block.add(len) };
        // SAFETY: just mapped, and unused.
        unsafe { unmap(end, behind) };
    }
    Some(block)
}

fn map_anywhere(len: usize) -> Option<NonNull<u8>> {
    if len > isize::MAX as usize {
        return None;
    }
    let (access, flags) =
        (ProtFlags::READ | ProtFlags::WRITE, MapFlags::PRIVATE | MapFlags::NORESERVE);
    // SAFETY: new addresses, which nobody uses.
    let start = unsafe { rustix::mm::mmap_anonymous(null_mut(), len, access, flags) }.ok()?;
    NonNull::new(start.cast())
}

/// Gives pages back.
///
/// # Safety
///
/// They were mapped here, and nobody uses them any more.
pub(super) unsafe fn unmap(start: NonNull<u8>, len: usize) {
    // SAFETY: by the caller. It fails only if a mapping would have to be split, and there may be no more
    // of them. Then the pages stay mapped.
    _ = unsafe { rustix::mm::munmap(start.as_ptr().cast(), len) };
}

/// Makes a mapping longer or shorter. It may move. `None` if the system refuses; then it is as it was.
///
/// # Safety
///
/// `old` bytes were mapped here in one piece at `start`. If it moves, nobody uses the old addresses any
/// more.
pub(super) unsafe fn remap(start: NonNull<u8>, old: usize, new: usize) -> Option<NonNull<u8>> {
    if new > isize::MAX as usize {
        return None;
    }
    let start = start.as_ptr().cast();
    // SAFETY: by the caller.
    let moved = unsafe { rustix::mm::mremap(start, old, new, MremapFlags::MAYMOVE) }.ok()?;
    NonNull::new(moved.cast())
}
