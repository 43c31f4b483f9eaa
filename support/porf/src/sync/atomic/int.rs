//! Atomic integers.

use core::sync::atomic::Ordering;

use super::word::{Word, failed};

macro_rules! atomic_int {
    ($($(#[$doc:meta])* $name:ident $int:ident;)*) => { $(
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $name(Word<$int>);

        impl $name {
            /// Creates a variable.
            #[track_caller]
            pub fn new(value: $int) -> Self {
                Self(Word::new(value))
            }

            /// Reads a variable that no other thread uses at the time.
            ///
            /// # Safety
            /// No other thread writes it meanwhile. The model reports a write that is not ordered
            /// before.
            #[track_caller]
            pub unsafe fn unsync_load(&self) -> $int {
                self.0.unsync_load()
            }

            /// Changes a variable that no other thread uses at the time.
            #[track_caller]
            pub fn with_mut<R>(&mut self, change: impl FnOnce(&mut $int) -> R) -> R {
                self.0.with_mut(change)
            }

            /// The value.
            #[track_caller]
            pub fn into_inner(self) -> $int {
                self.0.unsync_load()
            }

            /// Loads.
            #[track_caller]
            pub fn load(&self, order: Ordering) -> $int {
                self.0.load(order)
            }

            /// Stores.
            #[track_caller]
            pub fn store(&self, value: $int, order: Ordering) {
                self.0.store(value, order);
            }

            /// Stores, and returns the value from before.
            #[track_caller]
            pub fn swap(&self, value: $int, order: Ordering) -> $int {
                self.0.update(order, |_| value)
            }

            /// The old form of [`compare_exchange`](Self::compare_exchange).
            #[track_caller]
            pub fn compare_and_swap(&self, current: $int, new: $int, order: Ordering) -> $int {
                self.compare_exchange(current, new, order, failed(order)).unwrap_or_else(|found| found)
            }

            /// Stores `new` if the value is `current`.
            ///
            /// # Errors
            /// The value that was found, which may be any that a load may read.
            #[track_caller]
            pub fn compare_exchange(
                &self,
                current: $int,
                new: $int,
                success: Ordering,
                failure: Ordering,
            ) -> Result<$int, $int> {
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
                current: $int,
                new: $int,
                success: Ordering,
                failure: Ordering,
            ) -> Result<$int, $int> {
                self.0.compare_exchange((current, new), success, failure, true)
            }

            /// Adds, and returns the value from before.
            #[track_caller]
            pub fn fetch_add(&self, value: $int, order: Ordering) -> $int {
                self.0.update(order, |old| old.wrapping_add(value))
            }

            /// Subtracts, and returns the value from before.
            #[track_caller]
            pub fn fetch_sub(&self, value: $int, order: Ordering) -> $int {
                self.0.update(order, |old| old.wrapping_sub(value))
            }

            /// Bitwise and; returns the value from before.
            #[track_caller]
            pub fn fetch_and(&self, value: $int, order: Ordering) -> $int {
                self.0.update(order, |old| old & value)
            }

            /// Bitwise nand; returns the value from before.
            #[track_caller]
            pub fn fetch_nand(&self, value: $int, order: Ordering) -> $int {
                self.0.update(order, |old| !(old & value))
            }

            /// Bitwise or; returns the value from before.
            #[track_caller]
            pub fn fetch_or(&self, value: $int, order: Ordering) -> $int {
                self.0.update(order, |old| old | value)
            }

            /// Bitwise exclusive or; returns the value from before.
            #[track_caller]
            pub fn fetch_xor(&self, value: $int, order: Ordering) -> $int {
                self.0.update(order, |old| old ^ value)
            }

            /// The greater one; returns the value from before.
            #[track_caller]
            pub fn fetch_max(&self, value: $int, order: Ordering) -> $int {
                self.0.update(order, |old| old.max(value))
            }

            /// The lesser one; returns the value from before.
            #[track_caller]
            pub fn fetch_min(&self, value: $int, order: Ordering) -> $int {
                self.0.update(order, |old| old.min(value))
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
                new: impl FnMut($int) -> Option<$int>,
            ) -> Result<$int, $int> {
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
                new: impl FnMut($int) -> Option<$int>,
            ) -> Result<$int, $int> {
                self.0.try_update(set_order, fetch_order, new)
            }

            /// [`fetch_update`](Self::fetch_update) that cannot fail.
            #[track_caller]
            pub fn update(
                &self,
                set_order: Ordering,
                fetch_order: Ordering,
                mut new: impl FnMut($int) -> $int,
            ) -> $int {
                let new = |value| Some(new(value));
                self.0.try_update(set_order, fetch_order, new).unwrap_or_else(|value| value)
            }
        }

        impl Default for $name {
            #[track_caller]
            fn default() -> Self {
                Self::new(0)
            }
        }

        impl From<$int> for $name {
            #[track_caller]
            fn from(value: $int) -> Self {
                Self::new(value)
            }
        }
    )* };
}

atomic_int! {
    /// An atomic `i8`.
    AtomicI8 i8;
    /// An atomic `i16`.
    AtomicI16 i16;
    /// An atomic `i32`.
    AtomicI32 i32;
    /// An atomic `i64`.
    AtomicI64 i64;
    /// An atomic `i128`.
    AtomicI128 i128;
    /// An atomic `isize`.
    AtomicIsize isize;
    /// An atomic `u8`.
    AtomicU8 u8;
    /// An atomic `u16`.
    AtomicU16 u16;
    /// An atomic `u32`.
    AtomicU32 u32;
    /// An atomic `u64`.
    AtomicU64 u64;
    /// An atomic `u128`.
    AtomicU128 u128;
    /// An atomic `usize`.
    AtomicUsize usize;
}
