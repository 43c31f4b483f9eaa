//! The loom backend.

pub(super) use loom::thread::LocalKey as ModelKey;
pub(super) use portable_atomic::AtomicU64 as PlainU64;

pub use super::interned::AtomicU128;
pub use super::modelled::{is_lock_free_u64, is_lock_free_u128};
pub use loom::cell::UnsafeCell;
pub use loom::sync::atomic::{AtomicPtr, AtomicU32, AtomicU64, AtomicUsize};
pub use loom::sync::{Mutex, MutexGuard};
pub use loom::{thread, thread_local as model_thread_local};
pub use std::sync::OnceLock;

use core::sync::atomic::Ordering;

/// The backend's name.
pub const BACKEND: &str = "loom";

/// A fence. A site that is weakened to `Relaxed` makes no fence; loom would refuse a Relaxed one.
pub fn fence(order: Ordering) {
    if order != Ordering::Relaxed {
        loom::sync::atomic::fence(order);
    }
}
