//! What the threads of one run share.

use super::Scenario;
use super::assorted::Assorted;
use super::asymmetric::{self, Packer, Unpacker};
use super::bleeding::{self, Generation};
use super::bucket::Bucket;
use super::bursts::Bursts;
use super::churn::Visit;
use super::exhaustion::{self, Exhaustion};
use super::messages::{Actor, Inbox};
use super::own::{OneBlock, OwnRandom, Sawtooth};
use super::parcels::Parcels;
use super::pattern::{Pattern as _, span};
use super::pin_stalls::PinStalls;
use super::pipeline::{Consumer, Producer, Producers, Ring};
use super::survivors::Life;
use crate::rng::Rng;
use crate::subject::Handle;
use crate::worker::{Block, Worker};

/// Parcels on their way for each thread that may send some.
const PARCELS: usize = 4;

/// What the threads of one run share.
#[derive(Debug)]
pub(crate) struct Stage {
    scenario: Scenario,
    threads: usize,
    /// How many lanes only allocate, in scenarios with two roles: the first ones.
    producing: usize,
    producers: Producers,
    bucket: Bucket,
    /// One for all, or one for each consumer.
    rings: Box<[Ring]>,
    /// One for each thread.
    inboxes: Box<[Inbox]>,
    parcels: Parcels,
}

impl Stage {
    /// The stage for one run.
    pub(crate) fn new(scenario: Scenario, threads: usize, batch: usize) -> Self {
        let producing = producing(scenario, threads);
        let rings = if scenario == Scenario::Npnc { threads - producing } else { 1 };
        let inboxes = if scenario == Scenario::Messages { threads } else { 0 };
        let parcels = match scenario {
            Scenario::Asymmetric => PARCELS * producing,
            // Half of the hands wait, the others are at work.
            _ => threads,
        };
        Self {
            scenario,
            threads,
            producing,
            producers: Producers::new(producing),
            bucket: Bucket::new(span(batch)),
            rings: (0..rings).map(|_| Ring::new(span(batch))).collect(),
            inboxes: (0..inboxes).map(|_| Inbox::new(batch)).collect(),
            parcels: Parcels::new(parcels),
        }
    }

    /// Most blocks that can be live at once, in any scenario on this stage.
    pub(crate) fn most_live(&self, batch: usize) -> usize {
        // What is shared. A parcel is a hand at most.
        let rings = (self.rings.len() + self.inboxes.len()) * span(batch);
        let parcels = self.parcels.capacity() * span(batch).max(asymmetric::most_blocks(batch));
        // A thread's own patterns hold two spans at most and leave one, and a block on its way.
        let fill = exhaustion::fill(self.threads, batch).max(2 * span(batch));
        span(batch) + rings + parcels + self.threads * (fill + span(batch) + 1)
    }

    /// Operations of lane `index` when the whole run is to do about `ops`.
    pub(crate) fn quota(&self, ops: u64, index: usize) -> u64 {
        let workers = match self.producing {
            0 => self.threads,
            // Each block that is allocated is freed by somebody else.
            producing if index < producing => 2 * producing,
            // A consumer frees what comes until the last producer is done.
            _ => return u64::MAX,
        };
        ops.div_ceil(workers as u64)
    }

    /// Operations that a lane's next handle does before it leaves, if handles come and go.
    pub(crate) fn stay(&self, rng: &mut Rng, batch: usize) -> Option<u64> {
        let most = match self.scenario {
            Scenario::Churn => span(batch),
            Scenario::Bleeding => bleeding::life(batch),
            Scenario::Survivors => 4 * span(batch),
            _ => return None,
        };
        Some(rng.up_to(most) as u64)
    }

    /// The lanes that compete for what others produce.
    pub(crate) fn consumers(&self) -> Option<core::ops::Range<usize>> {
        let competing = self.producing..self.threads;
        (self.producing > 0 && competing.len() > 1).then_some(competing)
    }

    /// Does one handle's work.
    pub(crate) fn play<H: Handle>(&self, worker: &mut Worker<'_, H>) {
        let index = usize::from(worker.lane.index);
        let (batch, producers) = (worker.batch(), &self.producers);
        match self.scenario {
            Scenario::OneBlock => OneBlock.play(worker),
            Scenario::OwnRandom => OwnRandom::new(span(batch)).play(worker),
            Scenario::SharedBucket => self.bucket.visitor().play(worker),
            Scenario::Sawtooth => Sawtooth::default().play(worker),
            Scenario::Assorted => Assorted::new(&self.bucket, span(batch)).play(worker),
            Scenario::Pipeline | Scenario::Npnc | Scenario::OnePnc | Scenario::Np1c => {
                match index.checked_sub(self.producing) {
                    None => Producer::new(&self.rings, producers).play(worker),
                    Some(nth) => {
                        let ring = &self.rings[nth % self.rings.len()];
                        Consumer::new(ring, producers).play(worker);
                    }
                }
            }
            Scenario::Churn => Visit::new(&self.rings[0]).play(worker),
            Scenario::Messages => Actor::new(&self.inboxes, index).play(worker),
            Scenario::Bleeding => Generation::new(&self.parcels, worker).play(worker),
            Scenario::Asymmetric if index < self.producing => {
                Packer::new(&self.parcels, producers).play(worker);
            }
            Scenario::Asymmetric => Unpacker::new(&self.parcels, producers).play(worker),
            Scenario::Survivors => Life::new(&self.bucket, worker).play(worker),
            Scenario::Bursts => Bursts::default().play(worker),
            Scenario::PinStalls => PinStalls::default().play(worker),
            Scenario::Exhaustion => {
                Exhaustion::new(exhaustion::fill(self.threads, batch)).play(worker);
            }
        }
    }

    /// Blocks that the last threads left for others.
    pub(crate) fn leftovers(&self) -> impl Iterator<Item = Block> {
        let rings = self.rings.iter().flat_map(|ring| core::iter::from_fn(|| ring.take()));
        let inboxes = self.inboxes.iter().flat_map(|inbox| core::iter::from_fn(|| inbox.take()));
        let parcels = core::iter::from_fn(|| self.parcels.pop()).flatten();
        self.bucket.drain().chain(rings).chain(inboxes).chain(parcels)
    }
}

/// How many of `threads` only allocate, where some only free; the first ones do.
fn producing(scenario: Scenario, threads: usize) -> usize {
    match scenario {
        Scenario::Pipeline | Scenario::Npnc | Scenario::Asymmetric => threads / 2,
        Scenario::OnePnc => 1,
        Scenario::Np1c => threads - 1,
        _ => 0,
    }
}
