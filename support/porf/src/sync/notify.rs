//! [`Notify`].

use super::{Condvar, Mutex};

/// One thread waits, others notify it. A notification is kept until it is taken.
#[derive(Debug, Default)]
pub struct Notify {
    notified: Mutex<bool>,
    changed: Condvar,
}

impl Notify {
    /// Creates one.
    #[track_caller]
    #[must_use]
    pub fn new() -> Self {
        Self { notified: Mutex::new(false), changed: Condvar::new() }
    }

    /// Notifies.
    ///
    /// # Panics
    /// Never: no lock is poisoned.
    #[track_caller]
    pub fn notify(&self) {
        *self.notified.lock().expect("no lock is poisoned") = true;
        self.changed.notify_one();
    }

    /// Waits for a notification, and takes it.
    ///
    /// # Panics
    /// Never: no lock is poisoned.
    #[track_caller]
    pub fn wait(&self) {
        let mut notified = self.notified.lock().expect("no lock is poisoned");
        while !*notified {
            notified = self.changed.wait(notified).expect("no lock is poisoned");
        }
        *notified = false;
    }
}
