//! Producers allocate, consumers free, over bounded rings.
//!
//! Four scenarios. `pipeline`: half of the threads on either side of one ring. `npnc`: the same
//! with a ring for each consumer; each producer deals to all of them in turn. `1pnc`: one producer
//! with one ring, for which all other threads compete (how even are their shares?). `np1c`: one
//! consumer, which frees what all others allocate.
//!
//! Source: N producers and N consumers as in sharded-slab's and Hoard's benches; 1:N and N:1 are
//! its extreme cases, where one cache only empties, or only fills.

use core::sync::atomic::{AtomicUsize, Ordering};

use crossbeam_queue::ArrayQueue;

use super::pattern::Pattern;
use crate::subject::Handle;
use crate::worker::{Block, Worker};

/// Blocks on their way.
#[derive(Debug)]
pub(super) struct Ring {
    blocks: ArrayQueue<Block>,
}

impl Ring {
    pub(super) fn new(places: usize) -> Self {
        Self { blocks: ArrayQueue::new(places) }
    }

    /// Takes the oldest block.
    pub(super) fn take(&self) -> Option<Block> {
        self.blocks.pop()
    }

    /// Puts a block in, or gives it back if the ring is full.
    pub(super) fn put(&self, block: Block) -> Result<(), Block> {
        self.blocks.push(block)
    }
}

/// How many producers are still at work. Release and Acquire: a consumer that sees the last one
/// gone sees what it has put.
#[derive(Debug)]
pub(super) struct Producers(AtomicUsize);

impl Producers {
    pub(super) fn new(count: usize) -> Self {
        Self(AtomicUsize::new(count))
    }

    pub(super) fn leave(&self) {
        self.0.fetch_sub(1, Ordering::Release);
    }

    pub(super) fn are_gone(&self) -> bool {
        self.0.load(Ordering::Acquire) == 0
    }
}

/// Allocates, deals to the rings in turn, and waits with the block in hand while all are full.
#[derive(Debug)]
pub(super) struct Producer<'a> {
    rings: &'a [Ring],
    producers: &'a Producers,
    next: usize,
    waiting: Option<Block>,
}

impl<'a> Producer<'a> {
    pub(super) fn new(rings: &'a [Ring], producers: &'a Producers) -> Self {
        Self { rings, producers, next: 0, waiting: None }
    }

    /// Puts a block into the next ring that has room.
    fn deal(&mut self, mut block: Block) -> Result<(), Block> {
        for _ in 0..self.rings.len() {
            let ring = &self.rings[self.next];
            self.next = (self.next + 1) % self.rings.len();
            match ring.put(block) {
                Ok(()) => return Ok(()),
                Err(back) => block = back,
            }
        }
        Err(block)
    }
}

impl Pattern for Producer<'_> {
    fn step<H: Handle>(&mut self, worker: &mut Worker<'_, H>) {
        if let Some(block) = self.waiting.take().or_else(|| worker.allocate())
            && let Err(block) = self.deal(block)
        {
            self.waiting = Some(block);
            worker.wait();
        }
    }

    fn finish<H: Handle>(&mut self, worker: &mut Worker<'_, H>) {
        if let Some(block) = self.waiting.take() {
            worker.free(block);
        }
        self.producers.leave();
    }
}

/// Frees what comes, until the last producer is gone.
#[derive(Debug)]
pub(super) struct Consumer<'a> {
    ring: &'a Ring,
    producers: &'a Producers,
}

impl<'a> Consumer<'a> {
    pub(super) fn new(ring: &'a Ring, producers: &'a Producers) -> Self {
        Self { ring, producers }
    }
}

impl Pattern for Consumer<'_> {
    /// Ends when the ring is dry and stays so, or when the run is stopped.
    fn goes_on<H: Handle>(&self, worker: &mut Worker<'_, H>) -> bool {
        let are_gone = self.producers.are_gone();
        !worker.stopped() && (!are_gone || !self.ring.blocks.is_empty())
    }

    fn step<H: Handle>(&mut self, worker: &mut Worker<'_, H>) {
        match self.ring.take() {
            Some(block) => worker.free(block),
            None => worker.wait(),
        }
    }

    fn finish<H: Handle>(&mut self, _: &mut Worker<'_, H>) {}
}
