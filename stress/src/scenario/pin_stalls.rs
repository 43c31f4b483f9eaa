//! Threads that are held up in the middle of an exchange, shortly and often.
//!
//! Waves of allocations and frees, as in `sawtooth`. At times a thread stays pinned, or counted as
//! a popper, for up to a tenth of a millisecond. One more thread beside the lanes does nothing
//! else, for a millisecond at a time. Emptied magazines must wait for all of these threads. So the
//! limbo fills up and empties again, and exchanges alternate between the lock-free way and the
//! lock.
//!
//! Source: a small version of `run --stall`: a thread that the system takes off its core at a bad
//! time. Parameters: one step in 256 lingers.

use core::time::Duration;

use super::own::Sawtooth;
use super::pattern::Pattern;
use crate::observer::Stall;
use crate::subject::Handle;
use crate::worker::Worker;

/// The thread beside the lanes.
pub(super) const BESIDE: Stall = Stall::Spells(Duration::from_millis(1));
/// The longest that a lane lingers.
const LINGER_US: usize = 100;
/// One step in so many does.
const STEPS: usize = 256;

/// One thread's behaviour.
#[derive(Debug, Default)]
pub(super) struct PinStalls {
    waves: Sawtooth,
}

impl Pattern for PinStalls {
    fn step<H: Handle>(&mut self, worker: &mut Worker<'_, H>) {
        if worker.lane.rng.below(STEPS) == 0 {
            let time = worker.lane.rng.up_to(LINGER_US);
            worker.linger(Duration::from_micros(time as u64));
        }
        self.waves.step(worker);
    }

    fn finish<H: Handle>(&mut self, worker: &mut Worker<'_, H>) {
        self.waves.finish(worker);
    }
}
