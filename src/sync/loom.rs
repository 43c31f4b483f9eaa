//! The loom backend.

pub use super::interned::{AtomicU128, is_lock_free_u64, is_lock_free_u128};
pub use loom::cell::UnsafeCell;
pub use loom::sync::atomic::{AtomicPtr, AtomicU32, AtomicU64, AtomicUsize};
pub use loom::sync::{Mutex, MutexGuard};
pub use loom::thread;

/// The backend's name.
pub const BACKEND: &str = "loom";
