//! Threads that set something up before others go on, and whose end others await.

use std::sync::Arc;

use stampool::raw::sync::{AtomicUsize, Ordering, thread};

/// Closed at first; whoever waits goes on when it is open.
#[derive(Clone)]
pub(super) struct Gate(Arc<AtomicUsize>);

impl Gate {
    pub(super) fn new() -> Self {
        Self(Arc::new(AtomicUsize::new(0)))
    }

    pub(super) fn open(&self) {
        self.0.store(1, Ordering::Release);
    }

    pub(super) fn wait(&self) {
        while self.0.load(Ordering::Acquire) == 0 {
            thread::yield_now();
        }
    }
}

/// A thread that was spawned.
pub(super) struct Thread<T>(thread::JoinHandle<T>);

/// Spawns a thread.
pub(super) fn spawn<T: Send + 'static>(f: impl FnOnce() -> T + Send + 'static) -> Thread<T> {
    Thread(thread::spawn(f))
}

impl<T> Thread<T> {
    /// Waits until the thread has ended, its destructors included. In loom `join` may come back
    /// before they have run, and `has_ended` says whether they have.
    pub(super) fn join(self, has_ended: impl Fn() -> bool) -> T {
        let result = self.0.join().expect("no panic unreported");
        while cfg!(stampool_model = "loom") && !has_ended() {
            thread::yield_now();
        }
        result
    }
}
