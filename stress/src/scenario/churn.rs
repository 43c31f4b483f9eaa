//! Handles that come and go: each works for a while and leaves with blocks in hand.

use super::pattern::{Pattern, span};
use super::pipeline::Ring;
use crate::subject::Handle;
use crate::worker::{Block, Worker};

/// One handle's stay.
///
/// What it holds at its end goes to the others through the ring; what has no room there
/// outlives the handle and is freed through the lane's next one.
#[derive(Debug)]
pub(super) struct Visit<'a> {
    ring: &'a Ring,
    held: Vec<Block>,
}

impl<'a> Visit<'a> {
    pub(super) fn new(ring: &'a Ring) -> Self {
        Self { ring, held: Vec::new() }
    }
}

impl Pattern for Visit<'_> {
    fn step<H: Handle>(&mut self, worker: &mut Worker<'_, H>) {
        if let Some(block) = worker.lane.carried.pop() {
            worker.free(block);
        } else if self.held.len() < span(worker.batch()) && worker.lane.rng.coin() {
            self.held.extend(worker.allocate());
        } else if let Some(block) = self.ring.take().or_else(|| self.held.pop()) {
            worker.free(block);
        }
    }

    fn finish<H: Handle>(&mut self, worker: &mut Worker<'_, H>) {
        for block in self.held.drain(..) {
            if let Err(block) = self.ring.put(block) {
                worker.lane.carried.push(block);
            }
        }
    }
}
