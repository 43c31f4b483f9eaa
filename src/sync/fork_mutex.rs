//! A mutex that a thread can keep over a fork. The handlers of `pthread_atfork` are three functions
//! that share no value, so there is no place for a guard: taking the mutex and giving it up are
//! calls of their own here.
//!
//! # Invariants
//!
//! - FM1. Only the thread that has the mutex touches `kept`.
//!
//! # Progress
//!
//! Blocking, as the mutex of the backend is. There is no other lock: this type only has a place for
//! the guard.

use core::cell::UnsafeCell;
use core::mem;
use core::ops::Deref;

use super::{Mutex, MutexGuard, const_when_shipped, lock, opaque};

/// A mutex that a thread can keep without a guard. Otherwise [`lock`] locks it, as any other mutex.
pub struct ForkMutex<T: 'static> {
    /// The guard of the mutex while a thread keeps it.
    kept: UnsafeCell<Option<MutexGuard<'static, T>>>,
    mutex: Mutex<T>,
}

opaque! { [T] ForkMutex<T>; }

// SAFETY: the guard is used by the thread that has locked the mutex alone (FM1), and is not there
// when the mutex is moved, by the contract of `keep`.
unsafe impl<T: Send> Send for ForkMutex<T> {}
// SAFETY: as above; threads share the data through the mutex.
unsafe impl<T: Send> Sync for ForkMutex<T> {}

impl<T> ForkMutex<T> {
    const_when_shipped! {
        /// A free mutex.
        #[track_caller]
        pub fn new(value: T) -> Self {
            Self { kept: UnsafeCell::new(None), mutex: Mutex::new(value) }
        }
    }

    /// Takes the mutex, and keeps it until [`give_up`](Self::give_up).
    ///
    /// # Safety
    ///
    /// The calling thread gives the mutex up before the mutex is moved or dropped.
    pub unsafe fn keep(&self) {
        let guard = lock(&self.mutex);
        // SAFETY: the mutex stays where it is until the guard is dropped, by the caller.
        let guard = unsafe { mem::transmute::<MutexGuard<'_, T>, MutexGuard<'static, T>>(guard) };
        // SAFETY: this thread has the mutex (FM1).
        let before = unsafe { self.kept.get().replace(Some(guard)) };
        debug_assert!(before.is_none(), "FM1: the mutex was free");
    }

    /// Gives the mutex up.
    ///
    /// # Safety
    ///
    /// The calling thread has [kept](Self::keep) the mutex, and not given it up since. In the child of
    /// a fork, the only thread counts as the thread that has forked.
    pub unsafe fn give_up(&self) {
        // SAFETY: this thread has the mutex (FM1).
        let guard = unsafe { self.kept.get().replace(None) };
        debug_assert!(guard.is_some(), "FM1: this thread keeps the mutex");
        drop(guard);
    }
}

impl<T> Deref for ForkMutex<T> {
    type Target = Mutex<T>;

    #[inline(always)]
    fn deref(&self) -> &Mutex<T> {
        &self.mutex
    }
}
