//! Atomic variables and fences, in the shape of `core::sync::atomic`.

mod bits;
mod calls;
mod flag;
mod int;
mod pointer;
mod word;

pub use core::sync::atomic::Ordering;
pub use flag::AtomicBool;
pub use int::{
    AtomicI8, AtomicI16, AtomicI32, AtomicI64, AtomicI128, AtomicIsize, AtomicU8, AtomicU16,
    AtomicU32, AtomicU64, AtomicU128, AtomicUsize,
};
pub use pointer::AtomicPtr;

use core::panic::Location;

/// A fence.
///
/// # Panics
/// If the ordering is `Relaxed`.
#[track_caller]
pub fn fence(order: Ordering) {
    crate::rt::memory::fence(order, Location::caller());
}

/// [`thread::yield_now`](crate::thread::yield_now), by its old name.
#[track_caller]
pub fn spin_loop_hint() {
    crate::rt::spin::yield_now(Location::caller());
}
