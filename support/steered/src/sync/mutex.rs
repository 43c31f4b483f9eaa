//! The lock.

use std::sync::{LockResult, MutexGuard, TryLockError};

use crate::count::{Kind, note_aside};
use crate::{give_way, is_led, point};

/// std's mutex. A thread that a relay leads waits for the lock by giving the token away: otherwise
/// the lock's holder would never move, and never let go of it.
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
