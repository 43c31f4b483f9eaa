//! Who is measured: the default pool, the other strategies, the pool without caches, the harness
//! alone, and a few of those that one would use instead.

use std::alloc::System;

use peers::malloc::{Jemalloc, MiMalloc};
use stampool::TaggedWide;
use stampool::raw::each_strategy;

use super::work::{SIZE_BYTES, Work};
use crate::batch::Batch;
use crate::contenders::{Line, is_default};
use crate::rounds::Contender;
use crate::subject::block_of;
use crate::subjects::{Floor, QueueOfBlocks, exact};
use crate::title::{Role, Title, names};
use crate::workload::Workload;

/// The subjects of a workload that are `wanted`. Others are not made.
pub(super) fn contenders(
    work: Work,
    workload: Workload,
    wanted: &dyn Fn(&Title) -> bool,
) -> Vec<Contender> {
    let mut line = Line::new(workload, wanted);
    let (batch, layout) = (work.batch(), block_of(SIZE_BYTES));
    line.add(names::FLOOR, Role::Floor, || Floor);
    each_strategy!(S => {
        line.pool::<S>(batch);
        if is_default::<S>() && batch == Batch::SMALL {
            line.pool::<S>(Batch::GROWING);
        }
    });
    line.add(names::EXACT, Role::Ours, || exact::<TaggedWide>(layout));
    line.malloc("mimalloc", MiMalloc);
    line.malloc("jemalloc", Jemalloc);
    line.malloc(names::SYSTEM, System);
    // Twice what is live, as in the benchmarks.
    let blocks = 2 * workload.live_blocks();
    line.add(names::ARRAY_QUEUE, Role::Pool, || QueueOfBlocks::new(blocks, layout));
    line.all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_pool_is_there_once_for_each_batch() {
        let titles = |work: Work| -> Vec<String> {
            let workload = work.with(2).expect("two threads");
            let all = contenders(work, workload, &|_| true);
            all.iter().map(|one| one.title.to_string()).collect()
        };
        let ours = titles(Work::Hit);
        for wanted in ["TaggedWide, B = 64", "TaggedWide, B = 64 to 512", "ExactPool", "jemalloc"] {
            assert_eq!(ours.iter().filter(|title| *title == wanted).count(), 1, "{ours:?}");
        }
        let small = titles(Work::BurstSmallBatches);
        assert!(small.contains(&"Locked, B = 8".to_owned()), "{small:?}");
        assert!(!small.iter().any(|title| title.contains("64")), "{small:?}");
    }
}
