//! [`RwLock`].

use core::cell::UnsafeCell;
use core::fmt;
use core::marker::PhantomData;
use core::ops::{Deref, DerefMut};
use core::panic::Location;
use std::sync::{LockResult, TryLockError, TryLockResult};

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

/// Gives the lock back when it is dropped.
pub struct RwLockReadGuard<'a, T: ?Sized> {
    lock: &'a RwLock<T>,
    entry: Id,
    /// As std's, it cannot be sent to another thread.
    not_send: PhantomData<*const ()>,
}

// SAFETY: a shared guard gives shared access to the data.
unsafe impl<T: ?Sized + Sync> Sync for RwLockReadGuard<'_, T> {}

/// Gives the lock back when it is dropped.
pub struct RwLockWriteGuard<'a, T: ?Sized> {
    lock: &'a RwLock<T>,
    entry: Id,
    /// As std's, it cannot be sent to another thread.
    not_send: PhantomData<*const ()>,
}

// SAFETY: a shared guard gives shared access to the data.
unsafe impl<T: ?Sized + Sync> Sync for RwLockWriteGuard<'_, T> {}

impl<T> RwLock<T> {
    /// Wraps a value.
    #[track_caller]
    pub fn new(data: T) -> Self {
        Self { queue: queue::new(Location::caller()), data: UnsafeCell::new(data) }
    }

    /// The value.
    ///
    /// # Errors
    /// Never.
    pub fn into_inner(self) -> LockResult<T> {
        Ok(self.data.into_inner())
    }
}

impl<T: ?Sized> RwLock<T> {
    /// Takes the lock for reading.
    ///
    /// # Errors
    /// Never.
    #[track_caller]
    pub fn read(&self) -> LockResult<RwLockReadGuard<'_, T>> {
        let entry = queue::lock(self.queue, Entry::Shared, Location::caller());
        Ok(RwLockReadGuard { lock: self, entry, not_send: PhantomData })
    }

    /// Takes the lock for reading, if it is free.
    ///
    /// # Errors
    /// A writer holds it.
    #[track_caller]
    pub fn try_read(&self) -> TryLockResult<RwLockReadGuard<'_, T>> {
        let entry = queue::try_lock(self.queue, Entry::Shared, Location::caller());
        let guard = entry.map(|entry| RwLockReadGuard { lock: self, entry, not_send: PhantomData });
        guard.ok_or(TryLockError::WouldBlock)
    }

    /// Takes the lock for writing.
    ///
    /// # Errors
    /// Never.
    #[track_caller]
    pub fn write(&self) -> LockResult<RwLockWriteGuard<'_, T>> {
        let entry = queue::lock(self.queue, Entry::Exclusive, Location::caller());
        Ok(RwLockWriteGuard { lock: self, entry, not_send: PhantomData })
    }

    /// Takes the lock for writing, if it is free.
    ///
    /// # Errors
    /// It is held.
    #[track_caller]
    pub fn try_write(&self) -> TryLockResult<RwLockWriteGuard<'_, T>> {
        let entry = queue::try_lock(self.queue, Entry::Exclusive, Location::caller());
        let guard =
            entry.map(|entry| RwLockWriteGuard { lock: self, entry, not_send: PhantomData });
        guard.ok_or(TryLockError::WouldBlock)
    }

    /// The value.
    ///
    /// # Errors
    /// Never.
    pub fn get_mut(&mut self) -> LockResult<&mut T> {
        Ok(self.data.get_mut())
    }
}

impl<T: Default> Default for RwLock<T> {
    #[track_caller]
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T> From<T> for RwLock<T> {
    #[track_caller]
    fn from(data: T) -> Self {
        Self::new(data)
    }
}

impl<T: ?Sized> fmt::Debug for RwLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RwLock { .. }")
    }
}

impl<T: ?Sized> Deref for RwLockReadGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: the guard's thread holds the lock for reading.
        unsafe { &*self.lock.data.get() }
    }
}

impl<T: ?Sized> Deref for RwLockWriteGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: the guard's thread holds the lock for writing.
        unsafe { &*self.lock.data.get() }
    }
}

impl<T: ?Sized> DerefMut for RwLockWriteGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: the guard's thread holds the lock for writing, and the guard is borrowed alone.
        unsafe { &mut *self.lock.data.get() }
    }
}

impl<T: ?Sized> Drop for RwLockReadGuard<'_, T> {
    #[track_caller]
    fn drop(&mut self) {
        queue::unlock(self.entry, Location::caller());
    }
}

impl<T: ?Sized> Drop for RwLockWriteGuard<'_, T> {
    #[track_caller]
    fn drop(&mut self) {
        queue::unlock(self.entry, Location::caller());
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for RwLockReadGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for RwLockWriteGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
