//! A scenario: the usual one, and what differs from it.

use stampool::raw::block::Batch;

use super::op::Op;
use super::setup::Setup;
use crate::scenarios::Depth;

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
    /// The shard of each thread. None: there is one for all.
    pub shard_of: &'static [usize],
    /// Done before the threads start, by one thread on behalf of each.
    pub setup: Setup,
    /// The threads' programs.
    pub threads: &'static [&'static [Op]],
}

impl Scenario {
    /// How many shards there are.
    #[must_use]
    pub fn shards(&self) -> usize {
        self.shard_of.iter().max().map_or(1, |last| last + 1)
    }

    /// How many handles are forgotten. Their slots stay taken.
    #[must_use]
    pub fn handles_forgotten(&self) -> usize {
        let ops = self.threads.iter().copied().flatten();
        let ops = ops.chain(self.setup.steps().iter().map(|(_, op)| op));
        ops.filter(|op| matches!(op, Op::End | Op::Forget)).count()
    }

    /// Whether a handle is forgotten. With it goes what it has registered outside the pool: the
    /// real epoch's collector is never freed then, which loom counts as a leak.
    #[must_use]
    pub fn forgets_a_handle(&self) -> bool {
        self.handles_forgotten() > 0
    }

    /// Loom looks at so many preemptions only.
    pub(crate) const fn preemptions(self, most: u8) -> Self {
        Self { depth: Depth::Preemptions(most), ..self }
    }

    /// The pool may carve so many blocks.
    pub(crate) const fn capacity(self, capacity: usize) -> Self {
        Self { layer: Layer::Pool { capacity }, ..self }
    }

    /// There is a mediator without a pool, and thread n holds the n-th of these many blocks.
    pub(crate) const fn holding(self, holds: &'static [usize]) -> Self {
        Self { layer: Layer::Mediator { holds }, ..self }
    }

    /// Batches grow up to so many blocks.
    pub(crate) const fn batches_up_to(self, max: usize) -> Self {
        Self { batch: Batch { max, ..self.batch }, ..self }
    }

    /// So many magazines of a handle may wait.
    pub(crate) const fn limbo(self, magazines: usize) -> Self {
        Self { limbo: magazines, ..self }
    }

    /// Thread n is at the n-th of these shards.
    pub(crate) const fn in_shards(self, shard_of: &'static [usize]) -> Self {
        Self { shard_of, ..self }
    }
}

/// The usual scenario: the handles of a pool without a limit, one shard, batches of one size, and
/// loom exhausts it.
pub(crate) const fn slice(
    name: &'static str,
    batch: usize,
    setup: Setup,
    threads: &'static [&'static [Op]],
) -> Scenario {
    let (depth, layer, batch) =
        (Depth::Exhaustive, Layer::Pool { capacity: 1000 }, Batch::fixed(batch));
    Scenario { name, depth, tier: 0, layer, batch, limbo: 1, shard_of: &[], setup, threads }
}
