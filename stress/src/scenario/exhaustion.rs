//! Threads that together want twice as many blocks as the pool may have.
//!
//! Each thread allocates until it has enough or is refused, then frees a random number of blocks in
//! random order, and begins again. A thread that is refused while it has no block lets other
//! threads run. Refusals are expected, and counted. If the pool has caches, a refusal may come
//! while blocks lie in the caches of other threads. The capacity is no multiple of the batch, so
//! that the last batch that is carved is a short one.
//!
//! Source: the limit of the pool's builder; `tests/hard.rs` has a small one.
//! Parameters: four batches and half of one for each thread, but a batch at least.

use super::pattern::{Pattern, span};
use crate::subject::Handle;
use crate::worker::{Block, Worker};

/// The pool's capacity.
pub(super) fn max_carved_blocks(threads: usize, batch: usize) -> usize {
    (threads * (span(batch) / 2) + batch / 2).max(batch)
}

/// Blocks that one thread wants: all together twice the capacity.
pub(super) fn fill(threads: usize, batch: usize) -> usize {
    2 * max_carved_blocks(threads, batch).div_ceil(threads)
}

/// One thread's behaviour.
#[derive(Debug)]
pub(super) struct Exhaustion {
    held: Vec<Block>,
    fill: usize,
    to_free: usize,
}

impl Exhaustion {
    pub(super) fn new(fill: usize) -> Self {
        Self { held: Vec::new(), fill, to_free: 0 }
    }
}

impl Pattern for Exhaustion {
    fn step<H: Handle>(&mut self, worker: &mut Worker<'_, H>) {
        if self.to_free > 0 {
            self.to_free -= 1;
            let pick = worker.lane.rng.below(self.held.len());
            return worker.free(self.held.swap_remove(pick));
        }
        let allocated = worker.allocate();
        let is_refused = allocated.is_none();
        self.held.extend(allocated);
        if is_refused && self.held.is_empty() {
            worker.wait();
        } else if is_refused || self.held.len() == self.fill {
            self.to_free = worker.lane.rng.up_to(self.held.len());
        }
    }

    fn finish<H: Handle>(&mut self, worker: &mut Worker<'_, H>) {
        for block in self.held.drain(..) {
            worker.free(block);
        }
    }
}
