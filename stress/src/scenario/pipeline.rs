//! Producers allocate, consumers free, over one bounded ring.

use core::sync::atomic::{AtomicUsize, Ordering};

use crossbeam_queue::ArrayQueue;
use stampool::raw::sync::thread;

use super::Pattern;
use crate::subject::Handle;
use crate::worker::{Block, Worker};

/// Producers among `threads`; the others consume.
pub(super) fn producers(threads: usize) -> usize {
    threads / 2
}

/// Blocks on their way, and how many producers still add to them.
#[derive(Debug)]
pub(super) struct Ring {
    blocks: ArrayQueue<Block>,
    producers: AtomicUsize,
}

impl Ring {
    pub(super) fn new(places: usize, producers: usize) -> Self {
        Self { blocks: ArrayQueue::new(places), producers: AtomicUsize::new(producers) }
    }

    /// Takes the oldest block.
    pub(super) fn take(&self) -> Option<Block> {
        self.blocks.pop()
    }

    /// Puts a block in, or gives it back if the ring is full.
    pub(super) fn put(&self, block: Block) -> Result<(), Block> {
        self.blocks.push(block)
    }

    /// A producing thread's behaviour.
    pub(super) fn producer(&self) -> Producer<'_> {
        Producer { ring: self, waiting: None }
    }

    /// A consuming thread's behaviour.
    pub(super) fn consumer(&self) -> Consumer<'_> {
        Consumer { ring: self }
    }
}

/// Allocates, and waits with the block in hand while the ring is full.
#[derive(Debug)]
pub(super) struct Producer<'a> {
    ring: &'a Ring,
    waiting: Option<Block>,
}

impl Pattern for Producer<'_> {
    fn step<H: Handle>(&mut self, worker: &mut Worker<'_, H>) {
        if let Some(block) = self.waiting.take().or_else(|| worker.allocate())
            && let Err(block) = self.ring.put(block)
        {
            self.waiting = Some(block);
            thread::yield_now();
        }
    }

    fn finish<H: Handle>(&mut self, worker: &mut Worker<'_, H>) {
        if let Some(block) = self.waiting.take() {
            worker.free(block);
        }
        // Release: a consumer that sees the last producer gone sees its blocks in the ring.
        self.ring.producers.fetch_sub(1, Ordering::Release);
    }
}

/// Frees what comes, until the last producer is gone.
#[derive(Debug)]
pub(super) struct Consumer<'a> {
    ring: &'a Ring,
}

impl Pattern for Consumer<'_> {
    /// Ends when the ring is dry and stays so, or when the run is stopped.
    fn goes_on<H: Handle>(&self, worker: &mut Worker<'_, H>) -> bool {
        let producing = self.ring.producers.load(Ordering::Acquire) > 0;
        !worker.stopped() && (producing || !self.ring.blocks.is_empty())
    }

    fn step<H: Handle>(&mut self, worker: &mut Worker<'_, H>) {
        match self.ring.take() {
            Some(block) => worker.free(block),
            None => thread::yield_now(),
        }
    }

    fn finish<H: Handle>(&mut self, _: &mut Worker<'_, H>) {}
}
