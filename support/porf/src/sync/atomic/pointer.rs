//! Atomic pointers.

use core::fmt;
use core::sync::atomic::Ordering;

use super::word::{Word, failed};

/// An atomic pointer.
pub struct AtomicPtr<T>(Word<*mut T>);

impl<T> AtomicPtr<T> {
    /// Creates a variable.
    #[track_caller]
    pub fn new(value: *mut T) -> Self {
        Self(Word::new(value))
    }

    /// Reads a variable that no other thread uses at the time.
    ///
    /// # Safety
    /// No other thread writes it meanwhile. The model reports a write that is not ordered
    /// before.
    #[track_caller]
    pub unsafe fn unsync_load(&self) -> *mut T {
        self.0.unsync_load()
    }

    /// Changes a variable that no other thread uses at the time.
    #[track_caller]
    pub fn with_mut<R>(&mut self, change: impl FnOnce(&mut *mut T) -> R) -> R {
        self.0.with_mut(change)
    }

    /// The value.
    #[track_caller]
    pub fn into_inner(self) -> *mut T {
        self.0.unsync_load()
    }

    /// Loads.
    #[track_caller]
    pub fn load(&self, order: Ordering) -> *mut T {
        self.0.load(order)
    }

    /// Stores.
    #[track_caller]
    pub fn store(&self, value: *mut T, order: Ordering) {
        self.0.store(value, order);
    }

    /// Stores, and returns the value from before.
    #[track_caller]
    pub fn swap(&self, value: *mut T, order: Ordering) -> *mut T {
        self.0.update(order, |_| value)
    }

    /// The old form of [`compare_exchange`](Self::compare_exchange).
    #[track_caller]
    pub fn compare_and_swap(&self, current: *mut T, new: *mut T, order: Ordering) -> *mut T {
        self.compare_exchange(current, new, order, failed(order)).unwrap_or_else(|found| found)
    }

    /// Stores `new` if the value is `current`.
    ///
    /// # Errors
    /// The value that was found, which may be any that a load may read.
    #[track_caller]
    pub fn compare_exchange(
        &self,
        current: *mut T,
        new: *mut T,
        success: Ordering,
        failure: Ordering,
    ) -> Result<*mut T, *mut T> {
        self.0.compare_exchange((current, new), success, failure, false)
    }

    /// The same. It fails spuriously if the
    /// [`Builder`](crate::model::Builder::spurious_failures) says so.
    ///
    /// # Errors
    /// The value that was found.
    #[track_caller]
    pub fn compare_exchange_weak(
        &self,
        current: *mut T,
        new: *mut T,
        success: Ordering,
        failure: Ordering,
    ) -> Result<*mut T, *mut T> {
        self.0.compare_exchange((current, new), success, failure, true)
    }

    /// Loads, and stores what `new` makes of it, until nothing came in between.
    ///
    /// # Errors
    /// The value of which `new` made nothing.
    #[track_caller]
    pub fn fetch_update(
        &self,
        set_order: Ordering,
        fetch_order: Ordering,
        new: impl FnMut(*mut T) -> Option<*mut T>,
    ) -> Result<*mut T, *mut T> {
        self.0.try_update(set_order, fetch_order, new)
    }

    /// The same as [`fetch_update`](Self::fetch_update).
    ///
    /// # Errors
    /// The value of which `new` made nothing.
    #[track_caller]
    pub fn try_update(
        &self,
        set_order: Ordering,
        fetch_order: Ordering,
        new: impl FnMut(*mut T) -> Option<*mut T>,
    ) -> Result<*mut T, *mut T> {
        self.0.try_update(set_order, fetch_order, new)
    }

    /// [`fetch_update`](Self::fetch_update) that cannot fail.
    #[track_caller]
    pub fn update(
        &self,
        set_order: Ordering,
        fetch_order: Ordering,
        mut new: impl FnMut(*mut T) -> *mut T,
    ) -> *mut T {
        let new = |value| Some(new(value));
        self.0.try_update(set_order, fetch_order, new).unwrap_or_else(|value| value)
    }
}

impl<T> fmt::Debug for AtomicPtr<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<T> Default for AtomicPtr<T> {
    #[track_caller]
    fn default() -> Self {
        Self::new(core::ptr::null_mut())
    }
}

impl<T> From<*mut T> for AtomicPtr<T> {
    #[track_caller]
    fn from(value: *mut T) -> Self {
        Self::new(value)
    }
}
