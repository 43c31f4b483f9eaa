//! Allocates and frees, and puts each operation where the pool's statistics say that it belongs.

use std::collections::BTreeMap;

use atomics::{Kind, NO_SITE, Path, Row, Rule};
use stampool::Stats;
use steered::count::{self, Access};

use super::pools::Blocks;

/// Blocks that are live at one time: with batches of 64, those of the first two chunks.
const BLOCKS: usize = 12 * 64;
/// How often they are taken and given back.
const ROUNDS: usize = 10;

/// The rows of one pool.
pub(super) struct Tally {
    subject: String,
    hit: Rule,
    rows: BTreeMap<Path, Row>,
}

impl Tally {
    /// Without rows. `hit` is the rule for hits.
    pub(super) fn new(subject: &str, hit: Rule) -> Self {
        Self { subject: subject.into(), hit, rows: BTreeMap::new() }
    }

    /// Adds an operation, which moved so many blocks.
    pub(super) fn add(&mut self, path: Path, blocks: u64, accesses: &[Access]) {
        let rule = if path.is_hit() { self.hit } else { Rule::Kept };
        let row = self.rows.entry(path).or_insert_with(|| Row::new(path, &self.subject, rule));
        row.operations += 1;
        row.blocks += blocks;
        for access in accesses {
            row.add(kind(access.kind), access.name.unwrap_or(NO_SITE));
        }
    }

    pub(super) fn into_rows(self) -> Vec<Row> {
        self.rows.into_values().collect()
    }
}

fn kind(kind: count::Kind) -> Kind {
    match kind {
        count::Kind::Load => Kind::Load,
        count::Kind::Store => Kind::Store,
        count::Kind::Cas => Kind::Cas,
        count::Kind::FailedCas => Kind::FailedCas,
        count::Kind::Fetch => Kind::Fetch,
        count::Kind::Fence => Kind::Fence,
        count::Kind::Lock => Kind::Lock,
    }
}

/// Takes all blocks and gives them back, oldest first, over and over.
pub(super) fn run<B: Blocks>(pool: &B, tally: &mut Tally) {
    let (allocate, free) = if B::HAS_CACHES {
        (Path::HitAllocate, Path::HitFree)
    } else {
        (Path::Allocate, Path::Free)
    };
    for _ in 0..ROUNDS {
        let mut blocks = Vec::new();
        for _ in 0..BLOCKS {
            operation(pool, allocate, tally, || blocks.push(pool.take()));
        }
        for block in blocks {
            // SAFETY: taken in this round, and given back once.
            operation(pool, free, tally, || unsafe { pool.give(block) });
        }
    }
}

/// Counts `work`, which goes by `plain` if nothing else is seen.
fn operation<B: Blocks>(pool: &B, plain: Path, tally: &mut Tally, work: impl FnOnce()) {
    let before = pool.stats();
    let accesses = count::accesses(work);
    let after = pool.stats();
    let blocks = after.drawn_blocks.abs_diff(before.drawn_blocks);
    tally.add(path(&before, &after).unwrap_or(plain), blocks, &accesses);
}

/// The way of what happened in between, if it left a trace.
fn path(before: &Stats, after: &Stats) -> Option<Path> {
    if after.chunks > before.chunks {
        Some(Path::Grow)
    } else if after.carved_blocks > before.carved_blocks {
        Some(Path::Carve)
    } else if after.refills > before.refills {
        Some(Path::Refill)
    } else {
        (after.flushes > before.flushes).then_some(Path::Flush)
    }
}
