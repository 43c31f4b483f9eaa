//! The C functions of malloc and its relatives: each passes its call on and records it.

use core::ffi::{c_int, c_void};
use core::ptr;

use crate::log::{self, Place};
use crate::next;

/// What `malloc` aligns to at least.
const MALLOC_ALIGN: usize = 2 * size_of::<usize>();
/// What `valloc` aligns to at least.
const PAGE: usize = 4096;

fn whole_pages(size: usize) -> usize {
    size.checked_next_multiple_of(PAGE).unwrap_or(size)
}

/// Writes down an allocation, if there is one.
fn allocated(block: *mut c_void, size: usize, align: usize) -> *mut c_void {
    if !block.is_null()
        && let Some(place) = log::claim()
    {
        place.allocated(block, size, align);
    }
    block
}

/// Serves what is asked for while the next allocator is being looked for.
fn meanwhile(size: usize, align: usize) -> *mut c_void {
    let block = next::from_room(size.max(1), align.max(MALLOC_ALIGN));
    if block.is_null() {
        no_memory();
    }
    block
}

fn no_memory() {
    // SAFETY: no obligations.
    let errno = unsafe { libc::__errno_location() };
    // SAFETY: this thread's own.
    unsafe { errno.write(libc::ENOMEM) };
}

/// The functions that give a new block: each calls the next allocator's, and writes down a block of
/// `$bytes` bytes at a multiple of `$align`.
macro_rules! allocating {
    ($($name:ident($($argument:ident),*) = $next:ident, $bytes:expr, $align:expr;)*) => {$(
        /// As in the C library.
        ///
        /// # Safety
        /// As in the C library.
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $name($($argument: usize),*) -> *mut c_void {
            match next::$next.get() {
                // SAFETY: the caller's.
                Some(next) => allocated(unsafe { next($($argument),*) }, $bytes, $align),
                None => meanwhile($bytes, $align),
            }
        }
    )*};
}

allocating! {
    malloc(size) = MALLOC, size, MALLOC_ALIGN;
    calloc(count, each) = CALLOC, count.saturating_mul(each), MALLOC_ALIGN;
    aligned_alloc(align, size) = ALIGNED_ALLOC, size, align;
    memalign(align, size) = MEMALIGN, size, align;
    valloc(size) = VALLOC, size, PAGE;
    pvalloc(size) = PVALLOC, whole_pages(size), PAGE;
}

/// As in C.
///
/// # Safety
/// As in C.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn free(block: *mut c_void) {
    // The room takes nothing back.
    if block.is_null() || next::left_in_room(block).is_some() {
        return;
    }
    if let Some(place) = log::claim() {
        place.freed(block);
    }
    // There is a block of the next allocator, so its functions are known.
    if let Some(next) = next::FREE.get() {
        // SAFETY: the caller's; the block is the next allocator's.
        unsafe { next(block) };
    }
}

/// As in C.
///
/// # Safety
/// As in C.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn realloc(block: *mut c_void, size: usize) -> *mut c_void {
    // SAFETY: the caller's.
    unsafe { reallocate(block, size) }
}

/// As in C.
///
/// # Safety
/// As in C.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reallocarray(
    block: *mut c_void,
    count: usize,
    each: usize,
) -> *mut c_void {
    match count.checked_mul(each) {
        // SAFETY: the caller's.
        Some(size) => unsafe { reallocate(block, size) },
        None => {
            no_memory();
            ptr::null_mut()
        }
    }
}

/// # Safety
/// As in C.
unsafe fn reallocate(block: *mut c_void, size: usize) -> *mut c_void {
    if let Some(left) = next::left_in_room(block) {
        // SAFETY: any size will do.
        let moved = unsafe { malloc(size) };
        if !moved.is_null() {
            // How much of it was asked for is not known; the rest of the room is as good.
            // SAFETY: `moved` has `size` bytes and the room `left`; no block is in both.
            unsafe { ptr::copy_nonoverlapping(block.cast::<u8>(), moved.cast(), size.min(left)) };
        }
        return moved;
    }
    let Some(next) = next::REALLOC.get() else {
        return meanwhile(size, MALLOC_ALIGN);
    };
    // Inside the call the old block may already be another thread's: its place is claimed before.
    // It is written only when the call has succeeded.
    let place = if block.is_null() { None } else { log::claim() };
    let address = block.expose_provenance();
    // SAFETY: the caller's; the block is the next allocator's, or null.
    let moved = unsafe { next(block, size) };
    // Size 0 frees in some allocators, and gives null.
    if (!moved.is_null() || size == 0)
        && let Some(place) = place
    {
        Place::freed(place, ptr::without_provenance_mut(address));
    }
    allocated(moved, size, MALLOC_ALIGN)
}

/// As in POSIX.
///
/// # Safety
/// As in POSIX.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn posix_memalign(
    block: *mut *mut c_void,
    align: usize,
    size: usize,
) -> c_int {
    let Some(next) = next::POSIX_MEMALIGN.get() else {
        let found = next::from_room(size.max(1), align);
        if found.is_null() {
            return libc::ENOMEM;
        }
        // SAFETY: the caller's.
        unsafe { block.write(found) };
        return 0;
    };
    // SAFETY: the caller's.
    let result = unsafe { next(block, align, size) };
    if result == 0 {
        // SAFETY: written by the call, as it succeeded.
        allocated(unsafe { block.read() }, size, align);
    }
    result
}

// The types in `next` are those of the functions here.
const _: next::Malloc = malloc;
const _: next::Calloc = calloc;
const _: next::Realloc = realloc;
const _: next::Free = free;
const _: next::Memalign = posix_memalign;
