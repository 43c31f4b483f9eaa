//! The types that the structures here share between threads, in real programs. The model checks
//! replace this module with the checkers' types.

#![allow(dead_code, unused_imports, reason = "each structure uses its part")]

pub(crate) use core::sync::atomic::AtomicU64;

/// [`core::cell::UnsafeCell`], in a shape that a checker can watch.
pub(crate) struct UnsafeCell<T>(core::cell::UnsafeCell<T>);

impl<T> UnsafeCell<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self(core::cell::UnsafeCell::new(value))
    }

    /// Runs `f` on a pointer for writing.
    pub(crate) fn with_mut<R>(&self, f: impl FnOnce(*mut T) -> R) -> R {
        f(self.0.get())
    }
}
