//! [`Barrier`].

use super::{Condvar, Mutex};

/// Lets threads go on when enough of them have come.
#[derive(Debug)]
pub struct Barrier {
    enough: usize,
    /// How many have come, and how often the barrier has opened.
    state: Mutex<(usize, usize)>,
    opened: Condvar,
}

/// What a thread learns at the barrier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BarrierWaitResult(bool);

impl BarrierWaitResult {
    /// Whether this thread came last.
    #[must_use]
    pub fn is_leader(&self) -> bool {
        self.0
    }
}

impl Barrier {
    /// A barrier that opens when `enough` threads have come.
    #[track_caller]
    #[must_use]
    pub fn new(enough: usize) -> Self {
        Self { enough, state: Mutex::new((0, 0)), opened: Condvar::new() }
    }

    /// Waits until enough threads have come.
    ///
    /// # Panics
    /// Never: no lock is poisoned.
    #[track_caller]
    pub fn wait(&self) -> BarrierWaitResult {
        let mut state = self.state.lock().expect("no lock is poisoned");
        state.0 += 1;
        if state.0 >= self.enough {
            *state = (0, state.1 + 1);
            self.opened.notify_all();
            return BarrierWaitResult(true);
        }
        let turn = state.1;
        while state.1 == turn {
            state = self.opened.wait(state).expect("no lock is poisoned");
        }
        BarrierWaitResult(false)
    }
}
