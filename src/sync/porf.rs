//! The porf backend: execution graphs of RC11.

pub(super) use portable_atomic::AtomicU64 as PlainU64;

pub use super::modelled::{is_lock_free_u64, is_lock_free_u128};
pub use porf::cell::UnsafeCell;
pub use porf::sync::atomic::{AtomicPtr, AtomicU32, AtomicU64, AtomicU128, AtomicUsize};
pub use porf::sync::{Mutex, MutexGuard, OnceLock};
pub use porf::{thread, thread_local};

use core::sync::atomic::Ordering;

/// The backend's name.
pub const BACKEND: &str = "porf";

/// A fence. A site that is weakened to `Relaxed` makes no fence; porf would refuse a Relaxed one.
#[track_caller]
pub fn fence(order: Ordering) {
    if order != Ordering::Relaxed {
        porf::sync::atomic::fence(order);
    }
}
