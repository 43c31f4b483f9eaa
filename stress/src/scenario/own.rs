//! Threads that keep to their own blocks.

use super::pattern::{Pattern, span};
use crate::subject::Handle;
use crate::worker::{Block, Worker};

/// One block over and over: the hit path, and no exchange ever.
#[derive(Debug)]
pub(super) struct OneBlock;

impl Pattern for OneBlock {
    fn step<H: Handle>(&mut self, worker: &mut Worker<'_, H>) {
        if let Some(block) = worker.allocate() {
            worker.free(block);
        }
    }

    fn finish<H: Handle>(&mut self, _: &mut Worker<'_, H>) {}
}

/// Picks one of its places at random: frees the block that is there, or allocates one.
#[derive(Debug)]
pub(super) struct OwnRandom {
    places: Vec<Option<Block>>,
}

impl OwnRandom {
    pub(super) fn new(places: usize) -> Self {
        Self { places: (0..places).map(|_| None).collect() }
    }
}

impl Pattern for OwnRandom {
    fn step<H: Handle>(&mut self, worker: &mut Worker<'_, H>) {
        let pick = worker.lane.rng.below(self.places.len());
        let place = &mut self.places[pick];
        match place.take() {
            Some(block) => worker.free(block),
            None => *place = worker.allocate(),
        }
    }

    fn finish<H: Handle>(&mut self, worker: &mut Worker<'_, H>) {
        for block in self.places.iter_mut().filter_map(Option::take) {
            worker.free(block);
        }
    }
}

/// Allocates a random number of blocks, then frees a random number in random order.
#[derive(Debug, Default)]
pub(super) struct Sawtooth {
    held: Vec<Block>,
    to_allocate: usize,
    to_free: usize,
}

impl Pattern for Sawtooth {
    fn step<H: Handle>(&mut self, worker: &mut Worker<'_, H>) {
        if self.to_allocate > 0 {
            self.to_allocate -= 1;
            self.held.extend(worker.allocate());
            if self.to_allocate == 0 {
                self.to_free = worker.lane.rng.up_to(self.held.len());
            }
        } else if self.to_free > 0 && !self.held.is_empty() {
            self.to_free -= 1;
            let pick = worker.lane.rng.below(self.held.len());
            worker.free(self.held.swap_remove(pick));
        } else {
            let room = span(worker.batch()) - self.held.len();
            self.to_allocate = worker.lane.rng.up_to(room.max(1)).min(room);
            // A full hand only frees.
            self.to_free = if room == 0 { worker.lane.rng.up_to(self.held.len()) } else { 0 };
        }
    }

    fn finish<H: Handle>(&mut self, worker: &mut Worker<'_, H>) {
        for block in self.held.drain(..) {
            worker.free(block);
        }
    }
}
