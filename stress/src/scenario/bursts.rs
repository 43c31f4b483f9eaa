//! Bursts of allocations, then of frees, with pauses between them.
//!
//! What was freed in a burst has time to go elsewhere before the next one: epochs pass, other
//! threads take what was flushed. Threads drift against each other, so at times all are in a burst
//! and at times none is.
//!
//! Source: load that comes in waves, as requests to a server do.
//! Parameters: bursts of one block to eight batches; one turn in four is followed by a pause of up
//! to half a millisecond.

use core::time::Duration;

use super::pattern::{Pattern, span};
use crate::subject::Handle;
use crate::worker::{Block, Worker};

/// The longest pause.
const PAUSE_US: usize = 500;

/// One thread's behaviour.
#[derive(Debug, Default)]
pub(super) struct Bursts {
    held: Vec<Block>,
    /// Blocks that the present burst still allocates.
    to_allocate: usize,
}

impl Bursts {
    fn turn<H: Handle>(worker: &mut Worker<'_, H>) {
        if worker.lane.rng.below(4) == 0 {
            let time = worker.lane.rng.up_to(PAUSE_US);
            worker.pause(Duration::from_micros(time as u64));
        }
    }
}

impl Pattern for Bursts {
    fn step<H: Handle>(&mut self, worker: &mut Worker<'_, H>) {
        if self.to_allocate > 0 {
            self.to_allocate -= 1;
            self.held.extend(worker.allocate());
            if self.to_allocate == 0 {
                Self::turn(worker);
            }
            return;
        }
        match self.held.pop() {
            Some(block) => worker.free(block),
            None => {
                Self::turn(worker);
                self.to_allocate = worker.lane.rng.up_to(span(worker.batch()));
            }
        }
    }

    fn finish<H: Handle>(&mut self, worker: &mut Worker<'_, H>) {
        for block in self.held.drain(..) {
            worker.free(block);
        }
    }
}
