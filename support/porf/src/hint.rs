//! `core::hint`.

use core::panic::Location;

/// [`thread::yield_now`](crate::thread::yield_now): the thread waits for others.
#[track_caller]
pub fn spin_loop() {
    crate::rt::spin::yield_now(Location::caller());
}

/// As `core::hint::unreachable_unchecked`, but it panics.
///
/// # Safety
/// It is never reached.
///
/// # Panics
/// If it is.
#[track_caller]
pub unsafe fn unreachable_unchecked() -> ! {
    unreachable!("unreachable_unchecked was reached");
}
