//! Programs over a pool's handles, and over its mediator alone.
//!
//! The specification takes every exchange with a list, and every lock, as one step; what happens
//! inside a thread cache is no step of its own.

mod body;
mod handles;
mod matrix;
mod races;
mod world;

use std::collections::BTreeSet;

pub use body::body;
pub use matrix::{ABA, BEHIND_A_LOOK, BEHIND_TWO_LOOKS, REMAINDERS, SCENARIOS};
pub use races::{ATTACHING, BEFORE_ITS_COUNT};

use stampool::raw::block::Batch;

use super::Depth;
use crate::spec;

/// One operation of a thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Op {
    /// Become a handle of the pool.
    Attach,
    /// Drop the handle.
    Leave,
    /// Forget the handle, and end as a thread of which the pool is told.
    End,
    /// Forget the handle. In the setup only, and where no handle has left before: a thread that
    /// ends goes through its slots from the newest to the oldest, and the specification through its
    /// handles.
    Forget,
    /// Allocate a block and hold it.
    Allocate,
    /// Free the block that the thread has held longest. Nothing, where it holds none.
    Free,
    /// Give the block held longest to another thread. In the setup only.
    Give(usize),
    /// Offer so many of the blocks held longest to the mediator.
    Offer(usize),
    /// Request at most so many blocks from the mediator, and hold what comes.
    Request(usize),
    /// Give the standing at the mediator up for one in another shard.
    Join(usize),
    /// Ask how many blocks are carved. The answer is given under the growth lock.
    Carved,
    /// A twin's fault: take a block and forget it.
    Lose,
    /// A twin's fault: offer the same blocks twice.
    OfferTwice(usize),
}

/// What a program runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layer {
    /// The handles of a pool; it may carve so many blocks.
    Pool {
        /// Blocks; `usize::MAX` for no limit.
        capacity: usize,
    },
    /// A mediator without a pool. Thread n holds these many blocks at the start.
    Mediator {
        /// Blocks per thread.
        holds: &'static [usize],
    },
}

/// A named program.
#[derive(Clone, Copy, Debug)]
pub struct Scenario {
    /// Unique.
    pub name: &'static str,
    /// How far loom looks.
    pub depth: Depth,
    /// The tier of its loom row.
    pub tier: u8,
    /// Pool or mediator.
    pub layer: Layer,
    /// Blocks per batch.
    pub batch: Batch,
    /// Magazines per handle that may wait, where any do.
    pub limbo: usize,
    /// The threads' shards. None: there is one for all.
    pub homes: &'static [usize],
    /// Done before the threads start, by one thread on behalf of each.
    pub setup: &'static [(usize, Op)],
    /// The threads' programs.
    pub threads: &'static [&'static [Op]],
}

impl Scenario {
    /// How many shards there are.
    #[must_use]
    pub fn shards(&self) -> usize {
        self.homes.iter().max().map_or(1, |last| last + 1)
    }

    /// How many handles are forgotten. Their slots stay taken.
    #[must_use]
    pub fn handles_forgotten(&self) -> usize {
        let ops = self.threads.iter().copied().flatten();
        let ops = ops.chain(self.setup.iter().map(|(_, op)| op));
        ops.filter(|op| matches!(op, Op::End | Op::Forget)).count()
    }

    /// Whether a handle is forgotten. With it goes what it has registered outside the pool: the
    /// real epoch's collector is never freed then, which loom counts as a leak.
    #[must_use]
    pub fn forgets_a_handle(&self) -> bool {
        self.handles_forgotten() > 0
    }
}

/// A scenario that two threads can be exhausted in.
const fn slice(
    name: &'static str,
    batch: usize,
    setup: &'static [(usize, Op)],
    threads: &'static [&'static [Op]],
) -> Scenario {
    let (depth, layer, batch) =
        (Depth::Exhaustive, Layer::Pool { capacity: 1000 }, Batch::fixed(batch));
    Scenario { name, depth, tier: 0, layer, batch, limbo: 1, homes: &[], setup, threads }
}

/// The outcomes that the specification allows.
#[must_use]
pub fn allowed(scenario: &'static Scenario) -> BTreeSet<String> {
    spec::outcomes(world::World::new(scenario))
}

/// What is compared: each thread's log and what came of the pool.
fn outcome(logs: &[Vec<String>], carved: usize, full: usize, partial: usize) -> String {
    let mut text = String::new();
    for (thread, log) in logs.iter().enumerate() {
        text += &format!("t{thread} [{}] ", log.join(" "));
    }
    text + &format!("carved {carved} full {full} partial {partial}")
}

/// How a log shows what came: blocks by number, in the order in which they were carved.
fn entry(blocks: &[usize]) -> String {
    let blocks: Vec<String> = blocks.iter().map(ToString::to_string).collect();
    if blocks.is_empty() { "-".into() } else { blocks.join("+") }
}

/// How a log shows the answer to [`Op::Carved`].
fn answer(carved: usize) -> String {
    format!("{carved} carved")
}
