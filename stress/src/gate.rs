//! Lets the threads of a run start at once.

use std::sync::{Condvar, Mutex, PoisonError};

/// Holds threads back until as many as were spawned have arrived.
///
/// Unlike a barrier it opens when fewer threads could be spawned than were wanted.
#[derive(Debug, Default)]
pub(crate) struct Gate {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    waiting: usize,
    open: bool,
}

impl Gate {
    /// Waits for the gate to open.
    pub(crate) fn pass(&self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.waiting += 1;
        self.changed.notify_all();
        let open = self.changed.wait_while(state, |state| !state.open);
        drop(open.unwrap_or_else(PoisonError::into_inner));
    }

    /// Waits for `threads` threads to arrive, and lets them pass.
    pub(crate) fn open_for(&self, threads: usize) {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let all = self
            .changed
            .wait_while(state, |state| state.waiting < threads);
        all.unwrap_or_else(PoisonError::into_inner).open = true;
        self.changed.notify_all();
    }
}
