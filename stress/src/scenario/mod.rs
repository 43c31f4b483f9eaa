//! The scenarios: what the threads of a run do with the pool.
//!
//! A `Pattern` is one thread's behaviour, one small step at a time; a `Stage` is what
//! the threads of one run share. Sizes scale with the batch, so that the interesting edges
//! (a cache empty, a cache full, a magazine short) are reached for every batch.

mod assorted;
mod asymmetric;
mod bleeding;
mod bucket;
mod bursts;
mod churn;
mod exhaustion;
mod messages;
mod own;
mod parcels;
mod pattern;
mod pin_stalls;
mod pipeline;
mod stage;
mod survivors;

pub(crate) use self::stage::Stage;
use crate::observer::Stall;
use crate::oracle::live::Live;

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
    /// As many producers as consumers, each dealing to each.
    Npnc,
    /// One producer, whose blocks all others compete for.
    OnePnc,
    /// One consumer, which frees what all others allocate.
    Np1c,
    /// Threads send each other blocks, with back-pressure.
    Messages,
    /// Threads replace blocks, end, and leave them to others (larson).
    Bleeding,
    /// Some threads only allocate, others only free, by the batch (xmalloc-test).
    Asymmetric,
    /// Threads come and go, and blocks survive them (mstress).
    Survivors,
    /// Bursts of allocations and frees, with pauses.
    Bursts,
    /// Threads are held up in the middle of exchanges, shortly and often.
    PinStalls,
    /// Threads want twice as many blocks as the pool may have.
    Exhaustion,
}

/// How a scenario's name and requirements read.
struct Facts {
    name: &'static str,
    about: &'static str,
    min_threads: usize,
}

impl Scenario {
    /// All of them, in the order in which they are run.
    pub const ALL: [Self; 17] = [
        Self::OneBlock,
        Self::OwnRandom,
        Self::SharedBucket,
        Self::Sawtooth,
        Self::Assorted,
        Self::Pipeline,
        Self::Churn,
        Self::Npnc,
        Self::OnePnc,
        Self::Np1c,
        Self::Messages,
        Self::Bleeding,
        Self::Asymmetric,
        Self::Survivors,
        Self::Bursts,
        Self::PinStalls,
        Self::Exhaustion,
    ];

    const fn facts(self) -> Facts {
        let (name, about, min_threads) = match self {
            Self::OneBlock => {
                ("one-block", "each thread allocates and frees one block, over and over", 1)
            }
            Self::OwnRandom => {
                ("own-random", "random allocate or free among a thread's own blocks", 1)
            }
            Self::SharedBucket => {
                ("shared-bucket", "random allocate or free over a bucket shared by all threads", 1)
            }
            Self::Sawtooth => {
                ("sawtooth", "a random number allocated, then a random number freed, repeat", 1)
            }
            Self::Assorted => {
                ("assorted", "each thread at random one of the four above, for a while", 1)
            }
            Self::Pipeline => (
                "pipeline",
                "half of the threads allocate, the others free, over a bounded ring",
                2,
            ),
            Self::Churn => (
                "churn",
                "threads attach, work, leave with blocks in hand for others, come again",
                1,
            ),
            Self::Npnc => ("npnc", "as many producers as consumers, each dealing to each", 2),
            Self::OnePnc => ("1pnc", "one producer, whose blocks all others compete for", 2),
            Self::Np1c => ("np1c", "one consumer, which frees what all others allocate", 2),
            Self::Messages => ("messages", "threads send each other blocks, with back-pressure", 1),
            Self::Bleeding => {
                ("bleeding", "threads replace blocks, end, and leave them to others (larson)", 1)
            }
            Self::Asymmetric => (
                "asymmetric",
                "some threads only allocate, others only free, by the batch (xmalloc-test)",
                2,
            ),
            Self::Survivors => {
                ("survivors", "threads come and go, and blocks survive them (mstress)", 1)
            }
            Self::Bursts => ("bursts", "bursts of allocations and frees, with pauses", 1),
            Self::PinStalls => {
                ("pin-stalls", "threads held up in the middle of exchanges, shortly and often", 1)
            }
            Self::Exhaustion => {
                ("exhaustion", "threads want twice as many blocks as the pool may have", 1)
            }
        };
        Facts { name, about, min_threads }
    }

    /// Its name on the command line and in reports.
    pub const fn name(self) -> &'static str {
        self.facts().name
    }

    /// One line about it.
    pub const fn about(self) -> &'static str {
        self.facts().about
    }

    /// Fewest threads that make sense of it.
    pub const fn min_threads(self) -> usize {
        self.facts().min_threads
    }

    /// The scenario of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scenario| scenario.name() == name)
    }

    /// Blocks that the subject may have, where the scenario is about that.
    pub fn max_carved_blocks(self, threads: usize, batch: usize) -> Option<usize> {
        (self == Self::Exhaustion).then(|| exhaustion::max_carved_blocks(threads, batch))
    }

    /// How one more thread is held up beside the lanes, where the scenario is about that.
    pub fn stall(self) -> Option<Stall> {
        (self == Self::PinStalls).then_some(pin_stalls::BESIDE)
    }

    /// Whether its threads are all there is to it: no limit, and nobody held up beside them.
    pub fn is_of_threads_alone(self) -> bool {
        self.max_carved_blocks(1, 1).is_none() && self.stall().is_none()
    }

    /// How its live blocks are counted.
    pub(crate) fn live(self) -> Live {
        match self {
            Self::OneBlock | Self::OwnRandom | Self::Sawtooth | Self::Bursts | Self::PinStalls => {
                Live::PerThread
            }
            Self::SharedBucket
            | Self::Assorted
            | Self::Pipeline
            | Self::Churn
            | Self::Npnc
            | Self::OnePnc
            | Self::Np1c
            | Self::Messages
            | Self::Bleeding
            | Self::Asymmetric
            | Self::Survivors
            | Self::Exhaustion => Live::shared(),
        }
    }
}
