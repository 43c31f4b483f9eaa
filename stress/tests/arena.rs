//! The arena on real threads: nothing is found, and it is full when it should be.

use stress::arena::{Plan, run};
use stress::run::Budget;

#[test]
fn an_arena_filled_and_freed_by_all_threads() {
    for (capacity_bytes, threads) in [(1 << 20, 3), (16 << 20, 2)] {
        let plan = Plan { capacity_bytes, threads, budget: Budget::Ops(30_000), seed: 5 };
        let outcome = run(&plan);
        if let Some(violation) = &outcome.violation {
            panic!("{capacity_bytes} bytes with {threads} threads: {violation}");
        }
        assert!(outcome.ops >= 30_000 && outcome.refusals > 0, "{outcome:?}");
        assert!(outcome.handed_over > 0, "{outcome:?}");
    }
}
