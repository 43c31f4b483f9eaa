//! The scenarios: what the threads of a run do with the pool.
//!
//! A `Pattern` is one thread's behaviour, one small step at a time; a `Stage` is what
//! the threads of one run share. Sizes scale with the batch, so that the interesting edges
//! (a cache empty, a cache full, a shell short) are reached for every batch.

mod assorted;
mod bucket;
mod churn;
mod own;
mod pipeline;

use crate::oracle::live::Live;
use crate::subject::Handle;
use crate::worker::{Block, Worker};

/// A named scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scenario {
    /// Each thread allocates and frees one block, over and over.
    OneBlock,
    /// Each thread allocates or frees at random among its own blocks.
    OwnRandom,
    /// The same over a bucket that all threads share: most frees are remote.
    SharedBucket,
    /// A random number allocated, then a random number freed, repeat.
    Sawtooth,
    /// Each thread does one of the four above for a while, then another.
    Assorted,
    /// Half of the threads allocate, the others free, over a bounded ring.
    Pipeline,
    /// Threads attach, work, leave with blocks in hand for others, and come again.
    Churn,
}

impl Scenario {
    /// All of them, in the order in which they are run.
    pub const ALL: [Self; 7] = [
        Self::OneBlock,
        Self::OwnRandom,
        Self::SharedBucket,
        Self::Sawtooth,
        Self::Assorted,
        Self::Pipeline,
        Self::Churn,
    ];

    /// Its name on the command line and in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::OneBlock => "one-block",
            Self::OwnRandom => "own-random",
            Self::SharedBucket => "shared-bucket",
            Self::Sawtooth => "sawtooth",
            Self::Assorted => "assorted",
            Self::Pipeline => "pipeline",
            Self::Churn => "churn",
        }
    }

    /// One line about it.
    pub const fn about(self) -> &'static str {
        match self {
            Self::OneBlock => "each thread allocates and frees one block, over and over",
            Self::OwnRandom => "random allocate or free among a thread's own blocks",
            Self::SharedBucket => "random allocate or free over a bucket shared by all threads",
            Self::Sawtooth => "a random number allocated, then a random number freed, repeat",
            Self::Assorted => "each thread at random one of the four above, for a while",
            Self::Pipeline => "half of the threads allocate, the others free, over a bounded ring",
            Self::Churn => "threads attach, work, leave with blocks in hand for others, come again",
        }
    }

    /// The scenario of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scenario| scenario.name() == name)
    }

    /// Fewest threads that make sense of it.
    pub const fn min_threads(self) -> usize {
        match self {
            Self::Pipeline => 2,
            _ => 1,
        }
    }

    /// How its live blocks are counted.
    pub(crate) fn live(self) -> Live {
        match self {
            Self::OneBlock | Self::OwnRandom | Self::Sawtooth => Live::PerThread,
            Self::SharedBucket | Self::Assorted | Self::Pipeline | Self::Churn => Live::shared(),
        }
    }
}

/// Most blocks that one thread holds at once: some batches.
pub(crate) fn span(batch: usize) -> usize {
    (8 * batch).clamp(16, 1 << 16)
}

/// One thread's behaviour.
pub(crate) trait Pattern {
    /// Says whether there is another step to make.
    fn goes_on<H: Handle>(&self, worker: &mut Worker<'_, H>) -> bool {
        worker.has_budget()
    }

    /// Makes one step: a few operations at most.
    fn step<H: Handle>(&mut self, worker: &mut Worker<'_, H>);

    /// Frees or passes on what the thread still holds.
    fn finish<H: Handle>(&mut self, worker: &mut Worker<'_, H>);

    /// Plays the pattern until the worker's budget is used up.
    fn play<H: Handle>(&mut self, worker: &mut Worker<'_, H>) {
        while self.goes_on(worker) {
            self.step(worker);
        }
        self.finish(worker);
    }
}

/// What the threads of one run share.
#[derive(Debug)]
pub(crate) struct Stage {
    scenario: Scenario,
    threads: usize,
    bucket: bucket::Bucket,
    ring: pipeline::Ring,
}

impl Stage {
    /// The stage for one run.
    pub(crate) fn new(scenario: Scenario, threads: usize, batch: usize) -> Self {
        Self {
            scenario,
            threads,
            bucket: bucket::Bucket::new(span(batch)),
            ring: pipeline::Ring::new(span(batch), pipeline::producers(threads)),
        }
    }

    /// Most blocks that can be live at once, in any scenario on this stage.
    pub(crate) fn most_live(&self, batch: usize) -> usize {
        // Bucket and ring; a thread's own patterns hold two spans at most, and one block.
        2 * span(batch) + self.threads * (2 * span(batch) + 1)
    }

    /// Operations of lane `index` when the whole run is to do about `ops`.
    pub(crate) fn quota(&self, ops: u64, index: usize) -> u64 {
        let workers = match self.scenario {
            // A consumer frees what comes until the last producer is done.
            Scenario::Pipeline if !self.produces(index) => return u64::MAX,
            Scenario::Pipeline => 2 * pipeline::producers(self.threads),
            _ => self.threads,
        };
        ops.div_ceil(workers as u64)
    }

    /// Operations that a lane's next handle does before it leaves, if handles come and go.
    pub(crate) fn stay(&self, rng: &mut crate::rng::Rng, batch: usize) -> Option<u64> {
        (self.scenario == Scenario::Churn).then(|| rng.up_to(span(batch)) as u64)
    }

    /// Does one handle's work.
    pub(crate) fn play<H: Handle>(&self, worker: &mut Worker<'_, H>) {
        match self.scenario {
            Scenario::OneBlock => own::OneBlock.play(worker),
            Scenario::OwnRandom => own::OwnRandom::new(span(worker.batch())).play(worker),
            Scenario::SharedBucket => self.bucket.visitor().play(worker),
            Scenario::Sawtooth => own::Sawtooth::default().play(worker),
            Scenario::Assorted => {
                assorted::Assorted::new(&self.bucket, span(worker.batch())).play(worker);
            }
            Scenario::Pipeline if self.produces(usize::from(worker.lane.index)) => {
                self.ring.producer().play(worker);
            }
            Scenario::Pipeline => self.ring.consumer().play(worker),
            Scenario::Churn => churn::Visit::new(&self.ring).play(worker),
        }
    }

    /// Blocks that the last threads left for others.
    pub(crate) fn leftovers(&self) -> impl Iterator<Item = Block> {
        self.bucket.drain().chain(core::iter::from_fn(|| self.ring.take()))
    }

    /// Says whether a lane of the pipeline is a producer.
    fn produces(&self, index: usize) -> bool {
        index < pipeline::producers(self.threads)
    }
}
