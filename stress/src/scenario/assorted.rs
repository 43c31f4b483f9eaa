//! A thread that changes its behaviour: one of four, for a while, then another.

use super::bucket::{Bucket, Visitor};
use super::own::{OneBlock, OwnRandom, Sawtooth};
use super::pattern::Pattern;
use crate::subject::Handle;
use crate::worker::Worker;

/// Steps before the behaviour changes, at most.
const STRETCH: usize = 2000;

/// The behaviours, each with the blocks it holds, and which is on.
#[derive(Debug)]
pub(super) struct Assorted<'a> {
    own: OwnRandom,
    sawtooth: Sawtooth,
    bucket: Visitor<'a>,
    current: usize,
    left: usize,
}

impl<'a> Assorted<'a> {
    pub(super) fn new(bucket: &'a Bucket, places: usize) -> Self {
        Self {
            own: OwnRandom::new(places),
            sawtooth: Sawtooth::default(),
            bucket: bucket.visitor(),
            current: 0,
            left: 0,
        }
    }
}

impl Pattern for Assorted<'_> {
    fn step<H: Handle>(&mut self, worker: &mut Worker<'_, H>) {
        if self.left == 0 {
            self.left = worker.lane.rng.up_to(STRETCH);
            self.current = worker.lane.rng.below(4);
        }
        self.left -= 1;
        match self.current {
            0 => OneBlock.step(worker),
            1 => self.own.step(worker),
            2 => self.sawtooth.step(worker),
            _ => self.bucket.step(worker),
        }
    }

    fn finish<H: Handle>(&mut self, worker: &mut Worker<'_, H>) {
        self.own.finish(worker);
        self.sawtooth.finish(worker);
        self.bucket.finish(worker);
    }
}
