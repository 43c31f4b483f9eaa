//! The shipped backend: core's atomics, portable-atomic's double-width word, std's mutex.

pub(super) use portable_atomic::AtomicU64 as PlainU64;

pub use core::sync::atomic::{AtomicPtr, AtomicU32, AtomicUsize, fence};
pub use portable_atomic::{AtomicU64, AtomicU128};
pub use std::sync::{Mutex, MutexGuard, OnceLock};
pub use std::{thread, thread_local};

/// The backend's name.
pub const BACKEND: &str = "real";

/// Whether a 64-bit CAS is lock-free on this machine.
pub fn is_lock_free_u64() -> bool {
    AtomicU64::is_lock_free()
}

/// Whether a 128-bit CAS is lock-free on this machine; detected at run time if necessary.
pub fn is_lock_free_u128() -> bool {
    AtomicU128::is_lock_free()
}

/// [`core::cell::UnsafeCell`] with loom's interface.
#[derive(Debug, Default)]
pub struct UnsafeCell<T>(core::cell::UnsafeCell<T>);

impl<T> UnsafeCell<T> {
    /// Wraps a value.
    #[inline]
    pub const fn new(value: T) -> Self {
        Self(core::cell::UnsafeCell::new(value))
    }

    /// Runs `f` on a pointer for reading.
    #[inline(always)]
    pub fn with<R>(&self, f: impl FnOnce(*const T) -> R) -> R {
        f(self.0.get().cast_const())
    }

    /// Runs `f` on a pointer for writing.
    #[inline(always)]
    pub fn with_mut<R>(&self, f: impl FnOnce(*mut T) -> R) -> R {
        f(self.0.get())
    }
}
