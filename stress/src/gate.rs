//! Lets the threads of a run start at once.

use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Instant;

/// Holds threads back until as many as were spawned have arrived.
///
/// Unlike a barrier it opens when fewer threads could be spawned than were wanted, and it
/// tells every thread when it opened: with many threads the one that opens it may not run
/// again for a while.
#[derive(Debug, Default)]
pub(crate) struct Gate {
    state: Mutex<State>,
    arrived: Condvar,
    opened: Condvar,
}

#[derive(Debug, Default)]
struct State {
    waiting: usize,
    opened_at: Option<Instant>,
}

impl Gate {
    /// Waits for the gate to open, and says when it did.
    pub(crate) fn pass(&self) -> Instant {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.waiting += 1;
        self.arrived.notify_one();
        loop {
            if let Some(opened_at) = state.opened_at {
                return opened_at;
            }
            state = self.opened.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Waits for `threads` threads to arrive, lets them pass, and says when.
    pub(crate) fn open_for(&self, threads: usize) -> Instant {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let all = self.arrived.wait_while(state, |state| state.waiting < threads);
        let now = Instant::now();
        all.unwrap_or_else(PoisonError::into_inner).opened_at = Some(now);
        self.opened.notify_all();
        now
    }
}
