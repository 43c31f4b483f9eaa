//! [`Mutex`].

use core::cell::UnsafeCell;
use core::fmt;
use core::marker::PhantomData;
use core::ops::{Deref, DerefMut};
use core::panic::Location;
use std::sync::{LockResult, TryLockError, TryLockResult};

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
pub struct MutexGuard<'a, T: ?Sized> {
    pub(super) mutex: &'a Mutex<T>,
    pub(super) entry: Id,
    /// As std's, it cannot be sent to another thread.
    pub(super) not_send: PhantomData<*const ()>,
}

// SAFETY: a shared guard gives shared access to the data.
unsafe impl<T: ?Sized + Sync> Sync for MutexGuard<'_, T> {}

impl<T> Mutex<T> {
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

impl<T: ?Sized> Mutex<T> {
    /// Takes the lock.
    ///
    /// # Errors
    /// Never.
    #[track_caller]
    pub fn lock(&self) -> LockResult<MutexGuard<'_, T>> {
        let entry = queue::lock(self.queue, Entry::Exclusive, Location::caller());
        Ok(MutexGuard { mutex: self, entry, not_send: PhantomData })
    }

    /// Takes the lock, if it is free.
    ///
    /// # Errors
    /// It is held.
    #[track_caller]
    pub fn try_lock(&self) -> TryLockResult<MutexGuard<'_, T>> {
        let entry = queue::try_lock(self.queue, Entry::Exclusive, Location::caller());
        let guard = entry.map(|entry| MutexGuard { mutex: self, entry, not_send: PhantomData });
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

impl<T: Default> Default for Mutex<T> {
    #[track_caller]
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T> From<T> for Mutex<T> {
    #[track_caller]
    fn from(data: T) -> Self {
        Self::new(data)
    }
}

impl<T: ?Sized> fmt::Debug for Mutex<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Mutex { .. }")
    }
}

impl<T: ?Sized> Deref for MutexGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: the guard's thread holds the lock.
        unsafe { &*self.mutex.data.get() }
    }
}

impl<T: ?Sized> DerefMut for MutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: the guard's thread holds the lock, and the guard is borrowed alone.
        unsafe { &mut *self.mutex.data.get() }
    }
}

impl<T: ?Sized> Drop for MutexGuard<'_, T> {
    #[track_caller]
    fn drop(&mut self) {
        queue::unlock(self.entry, Location::caller());
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for MutexGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
