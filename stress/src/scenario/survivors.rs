//! Threads that come and go, with blocks that survive them.
//!
//! A thread allocates, mostly frees again at random, retains some to its end, and swaps some with
//! the places of a buffer that all threads share and that outlives all of them. When a thread ends,
//! half of what it retained survives it, as the beginning of the lane's next thread.
//!
//! Source: `mstress`, the stress test of mimalloc (Leijen, Zorn, de Moura, Mimalloc: free list
//! sharding in action, APLAS 2019): the chances are its own. There only the buffer survives.
//! Parameters: per step 50 of 100 to allocate for use, else to retain; 66 to free; 25 to swap. A
//! hand of eight batches of either kind at most.

use super::bucket::Bucket;
use super::pattern::{Pattern, span};
use crate::subject::Handle;
use crate::worker::{Block, Worker};

/// One thread's life.
#[derive(Debug)]
pub(super) struct Life<'a> {
    buffer: &'a Bucket,
    used: Vec<Block>,
    retained: Vec<Block>,
}

impl<'a> Life<'a> {
    /// Begins with what survived the one before.
    pub(super) fn new<H: Handle>(buffer: &'a Bucket, worker: &mut Worker<'_, H>) -> Self {
        let used = core::mem::take(&mut worker.lane.carried);
        Self { buffer, used, retained: Vec::new() }
    }
}

impl Pattern for Life<'_> {
    fn step<H: Handle>(&mut self, worker: &mut Worker<'_, H>) {
        let most = span(worker.batch());
        let mut chance = |of_100| worker.lane.rng.below(100) < of_100;
        let (to_use, to_free, to_swap) = (chance(50), chance(66), chance(25));
        let hand = if to_use { &mut self.used } else { &mut self.retained };
        if hand.len() < most {
            hand.extend(worker.allocate());
        }
        if to_free && !self.used.is_empty() {
            let pick = worker.lane.rng.below(self.used.len());
            worker.free(self.used.swap_remove(pick));
        }
        if to_swap && !self.used.is_empty() {
            let pick = worker.lane.rng.below(self.used.len());
            let block = self.used.swap_remove(pick);
            self.used.extend(self.buffer.swap(worker, block));
        }
        // Nothing is retained for ever: a life as long as the run would do nothing else.
        if self.retained.len() == most {
            self.retained.drain(most / 2..).for_each(|block| worker.free(block));
        }
    }

    fn finish<H: Handle>(&mut self, worker: &mut Worker<'_, H>) {
        let survivors = self.retained.len() / 2;
        worker.lane.carried.extend(self.retained.drain(..survivors));
        for block in self.used.drain(..).chain(self.retained.drain(..)) {
            worker.free(block);
        }
    }
}
