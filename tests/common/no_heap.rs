//! An allocator that notices what a thread asks of it while the thread must do without it.

use core::alloc::{GlobalAlloc, Layout};
use core::cell::Cell;
use std::alloc::System;

/// The system's allocator. It serves every call, so that a test can say which step has made it.
pub struct Noticing;

thread_local! {
    /// The calls of the thread since it must do without; `None` if it may call.
    static CALLS: Cell<Option<usize>> = const { Cell::new(None) };
}

fn notice() {
    CALLS.set(CALLS.get().map(|calls| calls + 1));
}

// SAFETY: the system's allocator does it all.
unsafe impl GlobalAlloc for Noticing {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        notice();
        // SAFETY: the caller's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        notice();
        // SAFETY: the caller's.
        unsafe { System.dealloc(block, layout) };
    }
}

/// Runs `step`, which neither takes memory from the program's allocator nor gives any back.
///
/// # Panics
///
/// With the name of the step, if it does.
pub fn without_heap<R>(name: &str, step: impl FnOnce() -> R) -> R {
    CALLS.set(Some(0));
    let result = step();
    let calls = CALLS.replace(None);
    assert_eq!(calls, Some(0), "calls of the program's allocator: {name}");
    result
}
