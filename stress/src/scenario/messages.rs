//! Threads that send each other blocks as messages, with back-pressure.
//!
//! Each thread has a bounded inbox. It sends a message to another thread chosen at random, or works
//! off a message from its own inbox: it frees the message or, one time in four, sends it on. If the
//! receiver's inbox is full, the sender works off a message of its own inbox before it tries again;
//! so the threads do not all wait for each other. If the receiver has ended and its inbox is full,
//! the sender frees the message.
//!
//! Source: actors with bounded mailboxes, as in Pony's and Akka's runtimes; their allocators meet
//! mostly remote frees, in no fixed pairs.
//! Parameters: inboxes of two batches.

use core::sync::atomic::{AtomicBool, Ordering::Relaxed};

use super::pattern::Pattern;
use super::pipeline::Ring;
use crate::subject::Handle;
use crate::worker::{Block, Worker};

/// Places of an inbox.
fn places(batch: usize) -> usize {
    2 * batch
}

/// Where one thread gets its messages.
#[derive(Debug)]
pub(super) struct Inbox {
    messages: Ring,
    /// Whether the owner no longer reads the inbox. Relaxed: a sender that learns of it late tries
    /// once more.
    is_left: AtomicBool,
}

impl Inbox {
    pub(super) fn new(batch: usize) -> Self {
        Self { messages: Ring::new(places(batch)), is_left: AtomicBool::new(false) }
    }

    /// Takes the oldest message.
    pub(super) fn take(&self) -> Option<Block> {
        self.messages.take()
    }
}

/// One thread, which has inbox `mine`.
#[derive(Debug)]
pub(super) struct Actor<'a> {
    inboxes: &'a [Inbox],
    mine: usize,
    /// A message that had no room yet, and where it goes.
    outgoing: Option<(usize, Block)>,
}

impl<'a> Actor<'a> {
    pub(super) fn new(inboxes: &'a [Inbox], mine: usize) -> Self {
        Self { inboxes, mine, outgoing: None }
    }

    /// Any inbox but one's own, if there is another.
    fn address<H: Handle>(&self, worker: &mut Worker<'_, H>) -> usize {
        let others = self.inboxes.len() - 1;
        (self.mine + worker.lane.rng.up_to(others)) % self.inboxes.len()
    }

    /// Sends a message, or keeps it until there is room. Says whether it is on its way.
    fn send(&mut self, to: usize, block: Block) -> bool {
        match self.inboxes[to].messages.put(block) {
            Ok(()) => true,
            Err(block) => {
                self.outgoing = Some((to, block));
                false
            }
        }
    }
}

impl Pattern for Actor<'_> {
    fn step<H: Handle>(&mut self, worker: &mut Worker<'_, H>) {
        if let Some((to, block)) = self.outgoing.take() {
            let is_left = self.inboxes[to].is_left.load(Relaxed);
            if !self.send(to, block) {
                let back =
                    if is_left { self.outgoing.take().map(|(_, block)| block) } else { None };
                match back.or_else(|| self.inboxes[self.mine].take()) {
                    Some(block) => worker.free(block),
                    None => worker.wait(),
                }
            }
            return;
        }
        let received = if worker.lane.rng.coin() { self.inboxes[self.mine].take() } else { None };
        let to = self.address(worker);
        match received {
            Some(block) if worker.lane.rng.below(4) > 0 => worker.free(block),
            Some(block) => _ = self.send(to, block),
            None => {
                if let Some(block) = worker.allocate() {
                    _ = self.send(to, block);
                }
            }
        }
    }

    fn finish<H: Handle>(&mut self, worker: &mut Worker<'_, H>) {
        self.inboxes[self.mine].is_left.store(true, Relaxed);
        let outgoing = self.outgoing.take().map(|(_, block)| block);
        let inbox = core::iter::from_fn(|| self.inboxes[self.mine].take());
        for block in outgoing.into_iter().chain(inbox) {
            worker.free(block);
        }
    }
}
