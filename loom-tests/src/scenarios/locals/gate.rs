//! Threads that set something up before others go on.

use std::sync::Arc;

use stampool::raw::sync::{AtomicUsize, Ordering, thread};

/// Closed at first. A thread that waits at it goes on once another thread has opened it.
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
