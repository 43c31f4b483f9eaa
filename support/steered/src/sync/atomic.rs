//! The machine's atomics: each access is a [point](crate::point()) and is [counted](crate::count).

pub use core::sync::atomic::Ordering;

use crate::count::{Kind, note};
use crate::point;

/// Whether a 64-bit CAS is lock-free on this machine.
pub fn is_lock_free_u64() -> bool {
    portable_atomic::AtomicU64::is_lock_free()
}

/// Whether a 128-bit CAS is lock-free on this machine; detected at run time where it must be.
pub fn is_lock_free_u128() -> bool {
    portable_atomic::AtomicU128::is_lock_free()
}

/// A fence. No step of its own: it changes nothing that another thread could see.
pub fn fence(order: Ordering) {
    note(Kind::Fence);
    core::sync::atomic::fence(order);
}

/// Wraps an atomic: each access is a point, and then done and counted.
macro_rules! steered {
    ($(#[$doc:meta])* $name:ident $(<$parameter:ident>)?, $real:ty, $value:ty) => {
        $(#[$doc])*
        #[derive(Debug, Default)]
        pub struct $name $(<$parameter>)? ($real);

        impl $(<$parameter>)? $name $(<$parameter>)? {
            /// Starts at `value`.
            pub const fn new(value: $value) -> Self {
                Self(<$real>::new(value))
            }

            /// Loads the word.
            pub fn load(&self, order: Ordering) -> $value {
                point();
                note(Kind::Load);
                self.0.load(order)
            }

            /// Stores the word.
            pub fn store(&self, value: $value, order: Ordering) {
                point();
                note(Kind::Store);
                self.0.store(value, order);
            }

            /// Swaps the word.
            pub fn swap(&self, value: $value, order: Ordering) -> $value {
                point();
                note(Kind::Fetch);
                self.0.swap(value, order)
            }

            /// Compares and exchanges the word.
            ///
            /// # Errors
            ///
            /// The value found, where it is not `current`.
            pub fn compare_exchange(
                &self,
                current: $value,
                new: $value,
                success: Ordering,
                failure: Ordering,
            ) -> Result<$value, $value> {
                point();
                let found = self.0.compare_exchange(current, new, success, failure);
                note(if found.is_ok() { Kind::Cas } else { Kind::FailedCas });
                found
            }
        }
    };
}

/// Adds arithmetic to a wrapped atomic.
macro_rules! arithmetic {
    ($name:ident, $value:ty, $($operation:ident),*) => {
        impl $name {
            $(
                /// As the atomic that it wraps.
                pub fn $operation(&self, value: $value, order: Ordering) -> $value {
                    point();
                    note(Kind::Fetch);
                    self.0.$operation(value, order)
                }
            )*
        }
    };
}

steered!(
    /// A steered 32-bit word.
    AtomicU32, core::sync::atomic::AtomicU32, u32
);
steered!(
    /// A steered 64-bit word.
    AtomicU64, portable_atomic::AtomicU64, u64
);
steered!(
    /// A steered 128-bit word.
    AtomicU128, portable_atomic::AtomicU128, u128
);
steered!(
    /// A steered word of an address's size.
    AtomicUsize, core::sync::atomic::AtomicUsize, usize
);
steered!(
    /// A steered pointer.
    AtomicPtr<T>, core::sync::atomic::AtomicPtr<T>, *mut T
);
arithmetic!(AtomicU32, u32, fetch_add, fetch_sub, fetch_or);
arithmetic!(AtomicU64, u64, fetch_add, fetch_sub, fetch_or);
arithmetic!(AtomicUsize, usize, fetch_add, fetch_sub, fetch_or);
