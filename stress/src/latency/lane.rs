//! One thread of a round: what it does with its handle, and how each call is timed.

use std::sync::mpsc::{Receiver, SyncSender};

use stampool::{Block, Checking, Local, Pool, Strategy};

use super::clock;
use super::kind::{Exchange, Kind, Tally, deallocation};
use crate::oracle::violation::{Log, Violation};
use crate::oracle::{Oracle, Stamp};
use crate::rng::Rng;

/// A block in a lane's hands, or on its way to another lane.
pub(super) struct Held {
    block: Block,
    /// The allocation that it belongs to.
    stamp: Stamp,
}

// SAFETY: a block is memory without thread affinity, and this is its only owner.
unsafe impl Send for Held {}

/// What the lanes of a round share.
pub(super) struct Round<'a, S: Strategy, C: Checking> {
    pub(super) pool: &'a Pool<S, C>,
    pub(super) oracle: &'a Oracle,
    pub(super) log: &'a Log,
    pub(super) batch: usize,
}

impl<S: Strategy, C: Checking> Round<'_, S, C> {
    /// Blocks in a lane's hands, in batches, at which it turns from allocating to freeing.
    const PEAK_BATCHES: usize = 32;
    /// Blocks that may be on their way to a lane, in batches.
    pub(super) const ON_THEIR_WAY_BATCHES: usize = 4;
    /// How often a lane goes up and down: first it is the pool that grows, then the lists are full.
    const SAWTEETH: usize = 2;

    /// No lane has more blocks than so, those on their way to it included.
    pub(super) const fn most_per_lane(batch: usize) -> usize {
        // A burst, or what had come in, on top of the peak.
        (Self::PEAK_BATCHES + 2 * Self::ON_THEIR_WAY_BATCHES) * batch
    }
}

/// A lane at work.
pub(super) struct Lane<'a, S: Strategy, C: Checking> {
    pub(super) round: &'a Round<'a, S, C>,
    pub(super) local: Local<'a, S, C>,
    pub(super) index: u16,
    pub(super) rng: Rng,
    pub(super) tally: &'a mut Tally,
    pub(super) serial: u64,
    pub(super) held: Vec<Held>,
    /// `None` once nothing more comes from here.
    pub(super) to: Option<SyncSender<Held>>,
    pub(super) from: Receiver<Held>,
}

impl<S: Strategy, C: Checking> Lane<'_, S, C> {
    /// Plays the round, and leaves with empty hands.
    pub(super) fn play(mut self) {
        let peak = Round::<S, C>::PEAK_BATCHES * self.round.batch;
        for _ in 0..Round::<S, C>::SAWTEETH {
            while self.held.len() < peak && !self.stopped() {
                self.step(true, peak);
            }
            while !self.held.is_empty() && !self.stopped() {
                self.step(false, peak);
            }
        }
        // Before we wait for the others to say the same.
        self.to = None;
        while let Ok(held) = self.from.recv() {
            if self.stopped() {
                return;
            }
            self.free(held);
        }
    }

    fn stopped(&self) -> bool {
        self.round.log.stopped()
    }

    /// A burst of one thing, mostly of what leads `up`, or down.
    fn step(&mut self, up: bool, peak: usize) {
        let begin = clock::read();
        let end = clock::read();
        self.tally.record(Kind::Timer, end.saturating_sub(begin));

        let batch = self.round.batch;
        match self.rng.below(8) {
            6 => {
                let count = self.rng.up_to(batch);
                self.send(count);
            }
            7 if self.held.len() < peak => self.held.extend(self.from.try_iter().take(batch)),
            draw => {
                let count = self.rng.up_to(2 * batch);
                if (draw < 5) == up {
                    for _ in 0..count {
                        if self.held.len() >= peak || self.stopped() {
                            break;
                        }
                        self.allocate();
                    }
                } else {
                    for _ in 0..count.min(self.held.len()) {
                        let place = self.rng.below(self.held.len());
                        let held = self.held.swap_remove(place);
                        self.free(held);
                    }
                }
            }
        }
    }

    /// Hands up to `count` blocks to the next lane, as many as it has room for.
    fn send(&mut self, count: usize) {
        let Some(to) = &self.to else { return };
        for _ in 0..count.min(self.held.len()) {
            let place = self.rng.below(self.held.len());
            let held = self.held.swap_remove(place);
            if let Err(back) = to.try_send(held) {
                use std::sync::mpsc::TrySendError::{Disconnected, Full};
                let (Full(held) | Disconnected(held)) = back;
                self.held.push(held);
                return;
            }
        }
    }

    /// One timed allocation.
    fn allocate(&mut self) {
        let Round { pool, oracle, log, .. } = self.round;
        let is_hit = self.local.cached_blocks() > 0;
        let carved_before = if is_hit { 0 } else { pool.stats().carved_blocks };

        let begin = clock::read();
        let allocated = self.local.allocate();
        let end = clock::read();

        let block = match allocated {
            Ok(block) => block,
            Err(error) => return log.report(Violation::Refused { reason: error.to_string() }),
        };
        let kind = if is_hit {
            Kind::Hit
        } else {
            let exchange = Exchange {
                brought: self.local.cached_blocks() + 1,
                grown: pool.stats().carved_blocks - carved_before,
                is_fresh: !oracle.has_seen(block),
            };
            let kind = exchange.kind();
            if kind == Kind::Carve {
                self.tally.brought_by_carves += exchange.brought;
            }
            kind
        };
        self.tally.record(kind, end.saturating_sub(begin));

        self.serial += 1;
        let stamp = Stamp::new(self.index, self.serial);
        // SAFETY: the pool says that these are blocks of its layout; the oracle touches the block
        // only if nobody else owns it.
        match unsafe { oracle.admit(block, stamp) } {
            Ok(()) => self.held.push(Held { block, stamp }),
            Err(violation) => log.report(violation),
        }
    }

    /// One timed deallocation. After a violation the block is kept out of circulation.
    fn free(&mut self, Held { block, stamp }: Held) {
        // SAFETY: admitted as this stamp, and ours since.
        if let Err(violation) = unsafe { self.round.oracle.dismiss(block, stamp) } {
            return self.round.log.report(violation);
        }
        let before = self.local.cached_blocks();

        let begin = clock::read();
        // SAFETY: from this pool; `Held` was its only owner, and is gone.
        unsafe { self.local.deallocate(block) };
        let end = clock::read();

        let kind = deallocation(before, self.local.cached_blocks());
        self.tally.record(kind, end.saturating_sub(begin));
    }
}
