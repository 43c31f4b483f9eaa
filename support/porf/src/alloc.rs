//! Allocations that must be given back before an execution ends.

use core::panic::Location;

use crate::rt::{is_running, is_unwinding, objects};

pub use core::alloc::Layout;

/// Allocates.
///
/// # Safety
/// As `std::alloc::alloc`.
#[track_caller]
pub unsafe fn alloc(layout: Layout) -> *mut u8 {
    // SAFETY: passed on to the caller.
    let pointer = unsafe { std::alloc::alloc(layout) };
    objects::allocated(pointer.addr(), Location::caller());
    pointer
}

/// Allocates zeroed memory.
///
/// # Safety
/// As `std::alloc::alloc_zeroed`.
#[track_caller]
pub unsafe fn alloc_zeroed(layout: Layout) -> *mut u8 {
    // SAFETY: passed on to the caller.
    let pointer = unsafe { std::alloc::alloc_zeroed(layout) };
    objects::allocated(pointer.addr(), Location::caller());
    pointer
}

/// Frees.
///
/// # Safety
/// As `std::alloc::dealloc`, and the memory comes from this module.
///
/// # Panics
/// If it does not, or was freed before.
#[track_caller]
pub unsafe fn dealloc(pointer: *mut u8, layout: Layout) {
    if !is_unwinding() {
        assert!(objects::freed(pointer.addr()), "freed, and not allocated: {pointer:p}");
    }
    // SAFETY: passed on to the caller.
    unsafe { std::alloc::dealloc(pointer, layout) };
}

/// A value that is reported as a leak if it is not dropped.
#[derive(Debug)]
pub struct Track<T> {
    value: T,
    _object: Object,
}

#[derive(Debug)]
struct Object(u64);

impl Drop for Object {
    fn drop(&mut self) {
        if is_running() && !is_unwinding() {
            objects::gone(self.0);
        }
    }
}

impl<T> Track<T> {
    /// Wraps a value.
    #[track_caller]
    pub fn new(value: T) -> Self {
        Self { value, _object: Object(objects::made("Track", Location::caller())) }
    }

    /// The value.
    pub fn get_ref(&self) -> &T {
        &self.value
    }

    /// The value.
    pub fn get_mut(&mut self) -> &mut T {
        &mut self.value
    }

    /// The value.
    pub fn into_inner(self) -> T {
        self.value
    }
}
