//! Threads that replace blocks at random and are replaced themselves: blocks bleed from thread to
//! thread.
//!
//! Each thread has a hand of blocks, of which it replaces one after the other, chosen at random.
//! After a while it ends with its hand full; another thread, often of another lane, takes the hand
//! over, and frees what it never allocated.
//!
//! Source: the server simulation of Larson and Krishnan, Memory allocation for long-running server
//! applications (ISMM 1998), known as `larson`. There a successor takes over its predecessor's
//! array; here hands wander among the lanes, too.
//! Parameters: hands of eight batches, replaced once to four times in a thread's life.

use super::parcels::Parcels;
use super::pattern::{Pattern, span};
use crate::subject::Handle;
use crate::worker::{Block, Worker};

/// Operations of a thread's life, at most.
pub(super) fn life(batch: usize) -> usize {
    4 * 2 * span(batch)
}

/// One thread with the hand that it took over.
#[derive(Debug)]
pub(super) struct Generation<'a> {
    hands: &'a Parcels,
    hand: Vec<Block>,
    full: usize,
}

impl<'a> Generation<'a> {
    /// Takes over a hand, if one waits; else the thread's first steps fill one.
    pub(super) fn new<H: Handle>(hands: &'a Parcels, worker: &mut Worker<'_, H>) -> Self {
        let own = core::mem::take(&mut worker.lane.carried);
        let hand = if own.is_empty() { hands.pop().unwrap_or_default() } else { own };
        Self { hands, hand, full: span(worker.batch()) }
    }
}

impl Pattern for Generation<'_> {
    fn step<H: Handle>(&mut self, worker: &mut Worker<'_, H>) {
        if self.hand.len() == self.full {
            let pick = worker.lane.rng.below(self.full);
            worker.free(self.hand.swap_remove(pick));
        }
        self.hand.extend(worker.allocate());
    }

    fn finish<H: Handle>(&mut self, worker: &mut Worker<'_, H>) {
        let hand = core::mem::take(&mut self.hand);
        // Where too many wait already, the lane's next thread has it.
        if let Err(hand) = self.hands.push(hand) {
            worker.lane.carried = hand;
        }
    }
}
