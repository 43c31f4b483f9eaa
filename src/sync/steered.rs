//! The steered backend: the shipped one, each access behind a [point](super::steer::point) where
//! the thread may be held up, and [counted](super::count). It sees interleavings; the orderings are
//! the machine's.

pub use std::sync::MutexGuard;

use core::sync::atomic::Ordering;
use std::sync::{LockResult, TryLockError};

use super::count::{Kind, note, note_aside};
use super::steer::{give_way, is_led, point};

/// The backend's name.
pub const BACKEND: &str = "steered";

/// Threads are std's; who yields gives the token away.
pub mod thread {
    pub use super::super::steer::give_way as yield_now;
    pub use std::thread::*;
}

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

/// std's mutex. Whoever is led waits for it by giving the token away, or its holder would never
/// get it.
#[derive(Debug, Default)]
pub struct Mutex<T>(std::sync::Mutex<T>);

impl<T> Mutex<T> {
    /// Wraps a value.
    pub const fn new(value: T) -> Self {
        Self(std::sync::Mutex::new(value))
    }

    /// Takes the lock.
    ///
    /// # Errors
    ///
    /// As std's.
    pub fn lock(&self) -> LockResult<MutexGuard<'_, T>> {
        point();
        note_aside(Kind::Lock);
        while is_led() {
            match self.0.try_lock() {
                Ok(guard) => return Ok(guard),
                Err(TryLockError::Poisoned(poisoned)) => return Err(poisoned),
                Err(TryLockError::WouldBlock) => give_way(),
            }
        }
        self.0.lock()
    }

    /// The value, without a lock: nobody else is here.
    ///
    /// # Errors
    ///
    /// As std's.
    pub fn get_mut(&mut self) -> LockResult<&mut T> {
        self.0.get_mut()
    }
}

/// [`core::cell::UnsafeCell`] in loom's shape. Writing is a point: what goes on between a cell's
/// write and the exchange that publishes it can so be interrupted.
#[derive(Debug, Default)]
pub struct UnsafeCell<T>(core::cell::UnsafeCell<T>);

impl<T> UnsafeCell<T> {
    /// Wraps a value.
    pub const fn new(value: T) -> Self {
        Self(core::cell::UnsafeCell::new(value))
    }

    /// Runs `f` on a pointer for reading.
    pub fn with<R>(&self, f: impl FnOnce(*const T) -> R) -> R {
        f(self.0.get().cast_const())
    }

    /// Runs `f` on a pointer for writing.
    pub fn with_mut<R>(&self, f: impl FnOnce(*mut T) -> R) -> R {
        point();
        f(self.0.get())
    }
}
