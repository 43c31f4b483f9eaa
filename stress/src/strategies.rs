//! The pool under each ABA strategy, as subjects of the harness.

use core::alloc::Layout;

use stampool::raw::{self, free_list::Reclaimer};
use stampool::{Checking, Pool, PoolBuilder, Strategy};

use crate::checking::Checks;
use crate::latency;
use crate::oracle::history::{RING, Recorded};
use crate::replay::{self, Round, Trace};
use crate::run::{self, Failure, Outcome, Plan};
use crate::subject::{Examined, MagazineCounts, Mechanism, Refused};

/// A strategy that the command line knows by name.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// The strategy's own name.
    pub name: &'static str,
    /// Runs a scenario on a pool of that layout and batch. Without a batch the pool chooses, and adapts.
    pub run: fn(Layout, Option<usize>, &Plan) -> Result<Outcome, Failure>,
    /// Replays a trace, on pools of that batch; checked or for time.
    pub replay: fn(&Trace, usize, bool) -> Result<Round, Refused>,
    /// Times each call.
    pub latency: fn(&latency::Plan) -> Result<latency::Outcome, Refused>,
}

/// All strategies, in the library's order.
pub static STRATEGIES: [Entry; raw::STRATEGIES.len()] = raw::each_strategy!(S => entry::<S>());

/// Makes the table's line for a strategy.
const fn entry<S: Strategy>() -> Entry {
    Entry {
        name: S::NAME,
        run: |layout, batch, plan| {
            let builder = sized::<S>(layout, batch, plan)?;
            match plan.checking {
                Checks::Off => run_on(built(builder)?, plan),
                Checks::Checked => run_on(built(builder.checked())?, plan),
                Checks::Hardened => run_on(built(builder.hardened())?, plan),
            }
        },
        replay: |trace, batch, checked| {
            replay::round_on_pools(trace, |layout| pool::<S>(layout, batch), checked)
        },
        latency: |plan| {
            let builder = || builder::<S>(latency::layout(), plan.batch);
            match plan.checking {
                Checks::Off => latency::run(|| built(builder()), plan),
                Checks::Checked => latency::run(|| built(builder().checked()), plan),
                Checks::Hardened => latency::run(|| built(builder().hardened()), plan),
            }
        },
    }
}

/// One run, written down where the plan says so.
fn run_on<U: Examined>(subject: U, plan: &Plan) -> Result<Outcome, Failure> {
    if plan.histories {
        run::run(Recorded::new(subject, RING), plan)
    } else {
        run::run(subject, plan)
    }
}

/// Magazines per handle that may wait, where a strategy lets them: the builder's own choice, said
/// here since the number of magazines follows from it.
const LIMBO: usize = 16;

/// Freed blocks that a handle of a hardened pool keeps back, as the builder's docs say.
const KEPT_BACK: usize = 16;

/// Builds a pool.
///
/// # Errors
/// The builder refuses the layout or the batch.
pub fn pool<S: Strategy>(layout: Layout, batch: usize) -> Result<Pool<S>, Refused> {
    built(builder::<S>(layout, batch))
}

fn builder<S: Strategy>(layout: Layout, batch: usize) -> PoolBuilder<S> {
    Pool::builder(layout).strategy::<S>().batch(batch).limbo_magazines(LIMBO)
}

/// A builder with the batch, the largest batch and the capacity that are asked for. A limited pool
/// without a batch gets the batches of an unlimited one, because the capacity goes by them.
fn sized<S: Strategy>(
    layout: Layout,
    batch: Option<usize>,
    plan: &Plan,
) -> Result<PoolBuilder<S>, Refused> {
    let mut builder = Pool::builder(layout).strategy::<S>().limbo_magazines(LIMBO);
    if let Some(batch) = batch {
        builder = builder.batch(batch);
    }
    if let Some(most) = plan.batch_up_to {
        builder = builder.batch_up_to(most);
    }
    let chosen = match batch {
        Some(batch) => batch,
        None => {
            let unlimited = Pool::builder(layout);
            let unlimited = match plan.batch_up_to {
                Some(most) => unlimited.batch_up_to(most),
                None => unlimited,
            };
            let stats = built(unlimited)?.stats();
            if plan.scenario.max_carved_blocks(plan.threads, stats.batch_blocks).is_some() {
                builder = builder.batch(stats.batch_blocks).batch_up_to(stats.max_batch_blocks);
            }
            stats.batch_blocks
        }
    };
    Ok(match plan.max_carved_blocks(chosen) {
        Some(capacity) => builder.max_carved_blocks(capacity),
        None => builder,
    })
}

fn built<S: Strategy, C: Checking>(builder: PoolBuilder<S, C>) -> Result<Pool<S, C>, Refused> {
    builder.build().map_err(Refused::by)
}

impl<S: Strategy, C: Checking> Examined for Pool<S, C> {
    fn layout(&self) -> Layout {
        let stats = self.stats();
        Layout::from_size_align(stats.block_size, stats.block_align)
            .expect("a pool has blocks of some layout")
    }

    fn batch_blocks(&self) -> usize {
        self.stats().batch_blocks
    }

    fn most_batch_blocks(&self) -> usize {
        self.stats().max_batch_blocks
    }

    fn kept_back_blocks(&self) -> usize {
        if self.stats().checking == Checks::Hardened.name() { KEPT_BACK } else { 0 }
    }

    fn exchanges(&self) -> Option<u64> {
        let stats = self.stats();
        Some(stats.refills + stats.flushes)
    }

    fn magazine_counts(&self) -> MagazineCounts {
        let stats = self.stats();
        let limbo = if S::Reclaimer::DEFERS { LIMBO } else { 0 };
        // A slot brings a magazine for its remainder, and as many as may wait in limbo for it.
        let slots = stats.slots * (1 + limbo);
        // Each carve brings one. All carves take a whole batch, except the last one of a chunk.
        let (batch, chunks) = (stats.batch_blocks, stats.chunks);
        let most_cuts = chunks + (stats.carved_blocks - chunks) / batch;
        MagazineCounts {
            limbo_magazines: stats.limbo_magazines,
            limbo_limit: stats.limbo_limit,
            overflows: stats.overflows,
            cas_failures: stats.cas_failures,
            magazines: stats.magazines,
            least_magazines: stats.carved_blocks.div_ceil(batch) + slots,
            most_magazines: most_cuts + slots,
        }
    }

    fn mechanism(&self) -> Mechanism {
        let stats = self.stats();
        Mechanism { strategy: stats.strategy, lock_free: stats.lock_free, tag_bits: stats.tag_bits }
    }
}
