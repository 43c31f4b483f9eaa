//! The system calls that map memory, with pointers that are not null.

use core::ffi::c_int;
use core::ptr::{NonNull, null_mut};

use rustix::io::Errno;
use rustix::mm::{MapFlags, ProtFlags};

use super::MapError;

/// Bytes of a page.
pub(crate) fn page_bytes() -> usize {
    rustix::param::page_size()
}

/// What the call that has just failed through libc answered.
pub(super) fn errno() -> c_int {
    std::io::Error::last_os_error().raw_os_error().unwrap_or(0)
}

/// Address space that nobody can access, and that costs no memory.
pub(crate) fn reserve(len: usize) -> Result<NonNull<u8>, Errno> {
    let flags = MapFlags::PRIVATE | MapFlags::NORESERVE;
    // SAFETY: a new mapping, at an address that the kernel chooses.
    let start = unsafe { rustix::mm::mmap_anonymous(null_mut(), len, ProtFlags::empty(), flags) }?;
    NonNull::new(start.cast()).ok_or(Errno::INVAL)
}

/// Gives mapped memory back.
///
/// # Safety
///
/// The range is the caller's, and nobody uses it any more.
pub(crate) unsafe fn unmap(start: NonNull<u8>, len: usize) -> Result<(), Errno> {
    if len == 0 {
        return Ok(());
    }
    // SAFETY: by the caller.
    unsafe { rustix::mm::munmap(start.as_ptr().cast(), len) }
}

/// Maps fresh memory over a range.
///
/// # Safety
///
/// The range is mapped and the caller's, and nobody uses it.
pub(crate) unsafe fn replace(
    start: NonNull<u8>,
    len: usize,
    prot: ProtFlags,
    flags: MapFlags,
) -> Result<(), Errno> {
    let flags = flags | MapFlags::PRIVATE | MapFlags::FIXED;
    // SAFETY: by the caller.
    unsafe { rustix::mm::mmap_anonymous(start.as_ptr().cast(), len, prot, flags) }.map(drop)
}

/// More bytes than a process of this architecture has addresses, which the kernel refuses by the
/// same error as too little memory. Where the number differs from machine to machine, the largest.
const TOO_LARGE_BYTES: usize = if cfg!(target_arch = "x86_64") {
    (usize::MAX >> 17) + 1
} else if cfg!(target_arch = "aarch64") {
    (usize::MAX >> 16) + 1
} else {
    usize::MAX
};

/// Why a mapping of `bytes` bytes was refused.
pub(crate) const fn refused(errno: Errno, bytes: usize) -> MapError {
    match errno {
        Errno::NOMEM if bytes >= TOO_LARGE_BYTES => MapError::TooLarge { bytes },
        Errno::NOMEM | Errno::AGAIN => MapError::Refused { bytes },
        Errno::INVAL | Errno::OVERFLOW => MapError::TooLarge { bytes },
        _ => MapError::Other { call: "mmap", errno: errno.raw_os_error() },
    }
}
