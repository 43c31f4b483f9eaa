//! Atomic pointers.

use core::fmt;
use core::sync::atomic::Ordering;

use super::calls::calls;
use super::word::{Word, failed};

/// An atomic pointer.
pub struct AtomicPtr<T>(Word<*mut T>);

calls! { [T] AtomicPtr<T>, *mut T, default core::ptr::null_mut() }

impl<T> fmt::Debug for AtomicPtr<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
