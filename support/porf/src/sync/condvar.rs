//! [`Condvar`].

use core::mem;
use core::panic::Location;
use core::time::Duration;
use std::sync::LockResult;

use super::MutexGuard;
use crate::graph::Id;
use crate::rt::queue::{self, Entry};

/// A condition variable. The thread that has waited longest is woken first, and none wakes without
/// a notification.
#[derive(Debug)]
pub struct Condvar {
    queue: Id,
}

/// Whether a wait timed out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WaitTimeoutResult(bool);

impl WaitTimeoutResult {
    /// Never true: there is no time in a model.
    #[must_use]
    pub fn timed_out(&self) -> bool {
        self.0
    }
}

impl Condvar {
    /// Creates one.
    #[track_caller]
    pub fn new() -> Self {
        Self { queue: queue::new(Location::caller()) }
    }

    /// Gives the lock back, waits for a notification, and takes the lock again.
    ///
    /// # Errors
    /// Never.
    #[track_caller]
    pub fn wait<'a, T: ?Sized>(&self, guard: MutexGuard<'a, T>) -> LockResult<MutexGuard<'a, T>> {
        let place = Location::caller();
        let waiter = queue::enter(self.queue, Entry::Waiter, place);
        let mutex = guard.lock;
        queue::unlock(guard.entry, place);
        mem::forget(guard);
        queue::await_admission(waiter, false, place);
        mutex.lock()
    }

    /// Waits as long as `condition` holds.
    ///
    /// # Errors
    /// Never.
    #[track_caller]
    pub fn wait_while<'a, T: ?Sized>(
        &self,
        mut guard: MutexGuard<'a, T>,
        mut condition: impl FnMut(&mut T) -> bool,
    ) -> LockResult<MutexGuard<'a, T>> {
        while condition(&mut guard) {
            guard = self.wait(guard)?;
        }
        Ok(guard)
    }

    /// [`wait`](Self::wait): it never times out.
    ///
    /// # Errors
    /// Never.
    #[track_caller]
    pub fn wait_timeout<'a, T: ?Sized>(
        &self,
        guard: MutexGuard<'a, T>,
        _duration: Duration,
    ) -> LockResult<(MutexGuard<'a, T>, WaitTimeoutResult)> {
        let Ok(guard) = self.wait(guard) else { unreachable!("no lock is poisoned") };
        Ok((guard, WaitTimeoutResult(false)))
    }

    /// Wakes the thread that has waited longest.
    #[track_caller]
    pub fn notify_one(&self) {
        queue::enter(self.queue, Entry::NotifyOne, Location::caller());
    }

    /// Wakes every thread that waits.
    #[track_caller]
    pub fn notify_all(&self) {
        queue::enter(self.queue, Entry::NotifyAll, Location::caller());
    }
}

impl Default for Condvar {
    #[track_caller]
    fn default() -> Self {
        Self::new()
    }
}
