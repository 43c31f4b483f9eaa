//! [`RwLock`].

use core::cell::UnsafeCell;
use core::marker::PhantomData;
use core::panic::Location;
use std::sync::{LockResult, TryLockError, TryLockResult};

use super::lock::{guard, lock};
use crate::graph::Id;
use crate::rt::queue::{self, Entry};

/// A lock that many readers or one writer hold. It is fair: a reader behind a waiting writer waits.
pub struct RwLock<T: ?Sized> {
    queue: Id,
    data: UnsafeCell<T>,
}

// SAFETY: the queue lets one writer or many readers at a time reach the data.
unsafe impl<T: ?Sized + Send> Send for RwLock<T> {}
// SAFETY: as above.
unsafe impl<T: ?Sized + Send + Sync> Sync for RwLock<T> {}

lock! { RwLock }

guard! {
    /// Gives the lock back when it is dropped.
    RwLockReadGuard of RwLock, Shared;

    /// Takes the lock for reading.
    ///
    /// # Errors
    /// Never.
    read;

    /// Takes the lock for reading, if it is free.
    ///
    /// # Errors
    /// A writer holds it.
    try_read;
}

guard! {
    /// Gives the lock back when it is dropped.
    RwLockWriteGuard of RwLock, Exclusive;

    /// Takes the lock for writing.
    ///
    /// # Errors
    /// Never.
    write;

    /// Takes the lock for writing, if it is free.
    ///
    /// # Errors
    /// It is held.
    try_write;
}
