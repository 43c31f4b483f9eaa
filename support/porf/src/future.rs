//! Futures: an executor for one, and a place for a waker.

use core::fmt;
use core::pin::pin;
use core::task::{Context, Poll, Waker};
use std::sync::Arc;
use std::task::Wake;

use crate::sync::{Mutex, Notify};

struct Signal(Notify);

impl Wake for Signal {
    fn wake(self: Arc<Self>) {
        self.0.notify();
    }
}

/// Runs the future to its end.
#[track_caller]
pub fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let signal = Arc::new(Signal(Notify::new()));
    let waker = Waker::from(Arc::clone(&signal));
    let mut context = Context::from_waker(&waker);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(value) => return value,
            Poll::Pending => signal.0.wait(),
        }
    }
}

/// Keeps the waker of a task until somebody wakes it.
#[derive(Default)]
pub struct AtomicWaker(Mutex<Option<Waker>>);

impl AtomicWaker {
    /// Without a waker.
    #[track_caller]
    #[must_use]
    pub fn new() -> Self {
        Self(Mutex::new(None))
    }

    /// Sets the waker.
    ///
    /// # Panics
    /// Never: no lock is poisoned.
    #[track_caller]
    pub fn register(&self, waker: Waker) {
        *self.0.lock().expect("no lock is poisoned") = Some(waker);
    }

    /// Sets the waker.
    #[track_caller]
    pub fn register_by_ref(&self, waker: &Waker) {
        self.register(waker.clone());
    }

    /// Wakes the task, if there is a waker.
    #[track_caller]
    pub fn wake(&self) {
        if let Some(waker) = self.take_waker() {
            waker.wake();
        }
    }

    /// Takes the waker.
    ///
    /// # Panics
    /// Never: no lock is poisoned.
    #[track_caller]
    pub fn take_waker(&self) -> Option<Waker> {
        self.0.lock().expect("no lock is poisoned").take()
    }
}

impl fmt::Debug for AtomicWaker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AtomicWaker { .. }")
    }
}
