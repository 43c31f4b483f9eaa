//! [`Mutex`].

use core::cell::UnsafeCell;
use core::marker::PhantomData;
use core::panic::Location;
use std::sync::{LockResult, TryLockError, TryLockResult};

use super::lock::{guard, lock};
use crate::graph::Id;
use crate::rt::queue::{self, Entry};

/// A lock that one thread holds at a time.
pub struct Mutex<T: ?Sized> {
    queue: Id,
    data: UnsafeCell<T>,
}

// SAFETY: the queue lets one thread at a time reach the data.
unsafe impl<T: ?Sized + Send> Send for Mutex<T> {}
// SAFETY: as above.
unsafe impl<T: ?Sized + Send> Sync for Mutex<T> {}

lock! { Mutex }

guard! {
    /// Gives the lock back when it is dropped.
    ///
    /// As std's, it is shared between threads only if the value is, and it is not sent:
    ///
    /// ```compile_fail,E0277
    /// fn is_sync<T: Sync>() {}
    /// is_sync::<porf::sync::MutexGuard<'static, std::cell::Cell<u32>>>();
    /// ```
    ///
    /// ```compile_fail,E0277
    /// fn is_send<T: Send>() {}
    /// is_send::<porf::sync::MutexGuard<'static, u32>>();
    /// ```
    MutexGuard of Mutex, Exclusive;

    /// Takes the lock.
    ///
    /// # Errors
    /// Never.
    lock;

    /// Takes the lock, if it is free.
    ///
    /// # Errors
    /// It is held.
    try_lock;
}
