//! Threads of a program.

use std::sync::Arc;

use porf::sync::atomic::AtomicUsize;
use porf::thread::{self, JoinHandle};

/// What all threads of a program share, and the threads that run.
pub(super) struct Threads<S> {
    shared: Arc<S>,
    running: Vec<JoinHandle<()>>,
}

impl<S: Send + Sync + 'static> Threads<S> {
    /// No thread yet.
    pub(super) fn sharing(shared: S) -> Self {
        Self { shared: Arc::new(shared), running: Vec::new() }
    }

    /// Starts a thread.
    pub(super) fn start(&mut self, body: impl FnOnce(&S) + Send + 'static) {
        let shared = Arc::clone(&self.shared);
        self.running.push(thread::spawn(move || body(&shared)));
    }

    /// Waits for all threads.
    pub(super) fn join(self) {
        for thread in self.running {
            thread.join().expect("no thread panics");
        }
    }
}

/// Locations that hold zero.
pub(super) fn zeros<const N: usize>() -> [AtomicUsize; N] {
    core::array::from_fn(|_| AtomicUsize::new(0))
}

/// Locations that hold zero.
pub(super) fn zero_list(length: usize) -> Vec<AtomicUsize> {
    (0..length).map(|_| AtomicUsize::new(0)).collect()
}
