//! Atomic flags.

use core::sync::atomic::Ordering;

use super::word::{Word, failed};

/// An atomic `bool`.
#[derive(Debug)]
pub struct AtomicBool(Word<bool>);

impl AtomicBool {
    /// Creates a variable.
    #[track_caller]
    pub fn new(value: bool) -> Self {
        Self(Word::new(value))
    }

    /// Reads a variable that no other thread uses at the time.
    ///
    /// # Safety
    /// No other thread writes it meanwhile. The model reports a write that is not ordered
    /// before.
    #[track_caller]
    pub unsafe fn unsync_load(&self) -> bool {
        self.0.unsync_load()
    }

    /// Changes a variable that no other thread uses at the time.
    #[track_caller]
    pub fn with_mut<R>(&mut self, change: impl FnOnce(&mut bool) -> R) -> R {
        self.0.with_mut(change)
    }

    /// The value.
    #[track_caller]
    pub fn into_inner(self) -> bool {
        self.0.unsync_load()
    }

    /// Loads.
    #[track_caller]
    pub fn load(&self, order: Ordering) -> bool {
        self.0.load(order)
    }

    /// Stores.
    #[track_caller]
    pub fn store(&self, value: bool, order: Ordering) {
        self.0.store(value, order);
    }

    /// Stores, and returns the value from before.
    #[track_caller]
    pub fn swap(&self, value: bool, order: Ordering) -> bool {
        self.0.update(order, |_| value)
    }

    /// The old form of [`compare_exchange`](Self::compare_exchange).
    #[track_caller]
    pub fn compare_and_swap(&self, current: bool, new: bool, order: Ordering) -> bool {
        self.compare_exchange(current, new, order, failed(order)).unwrap_or_else(|found| found)
    }

    /// Stores `new` if the value is `current`.
    ///
    /// # Errors
    /// The value that was found, which may be any that a load may read.
    #[track_caller]
    pub fn compare_exchange(
        &self,
        current: bool,
        new: bool,
        success: Ordering,
        failure: Ordering,
    ) -> Result<bool, bool> {
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
        current: bool,
        new: bool,
        success: Ordering,
        failure: Ordering,
    ) -> Result<bool, bool> {
        self.0.compare_exchange((current, new), success, failure, true)
    }

    /// Bitwise and; returns the value from before.
    #[track_caller]
    pub fn fetch_and(&self, value: bool, order: Ordering) -> bool {
        self.0.update(order, |old| old & value)
    }

    /// Bitwise nand; returns the value from before.
    #[track_caller]
    pub fn fetch_nand(&self, value: bool, order: Ordering) -> bool {
        self.0.update(order, |old| !(old & value))
    }

    /// Bitwise or; returns the value from before.
    #[track_caller]
    pub fn fetch_or(&self, value: bool, order: Ordering) -> bool {
        self.0.update(order, |old| old | value)
    }

    /// Bitwise exclusive or; returns the value from before.
    #[track_caller]
    pub fn fetch_xor(&self, value: bool, order: Ordering) -> bool {
        self.0.update(order, |old| old ^ value)
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
        new: impl FnMut(bool) -> Option<bool>,
    ) -> Result<bool, bool> {
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
        new: impl FnMut(bool) -> Option<bool>,
    ) -> Result<bool, bool> {
        self.0.try_update(set_order, fetch_order, new)
    }

    /// [`fetch_update`](Self::fetch_update) that cannot fail.
    #[track_caller]
    pub fn update(
        &self,
        set_order: Ordering,
        fetch_order: Ordering,
        mut new: impl FnMut(bool) -> bool,
    ) -> bool {
        let new = |value| Some(new(value));
        self.0.try_update(set_order, fetch_order, new).unwrap_or_else(|value| value)
    }

    /// Negates, and returns the value from before.
    #[track_caller]
    pub fn fetch_not(&self, order: Ordering) -> bool {
        self.0.update(order, |old| !old)
    }
}

impl Default for AtomicBool {
    #[track_caller]
    fn default() -> Self {
        Self::new(false)
    }
}

impl From<bool> for AtomicBool {
    #[track_caller]
    fn from(value: bool) -> Self {
        Self::new(value)
    }
}
