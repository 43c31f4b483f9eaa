//! Every scenario on every strategy, seeded and short.

use core::alloc::Layout;
use core::time::Duration;

use stress::observer::Stall;
use stress::run::{Budget, Plan};
use stress::scenario::Scenario;
use stress::strategies::STRATEGIES;

/// Runs the whole matrix with one batch and block size.
fn matrix(batch: Option<usize>, size: usize, ops: u64) {
    for stall in [None, Some(Stall::Forever), Some(Stall::Spells(Duration::from_micros(500)))] {
        matrix_beside(stall, batch, size, ops);
    }
}

/// The same beside a thread that is held up so.
fn matrix_beside(stall: Option<Stall>, batch: Option<usize>, size: usize, ops: u64) {
    let layout = Layout::from_size_align(size, 8).expect("a layout");
    for entry in &STRATEGIES {
        for scenario in Scenario::ALL {
            for threads in [1, 2, 4] {
                if threads < scenario.min_threads() {
                    continue;
                }
                let budget = Budget::Ops(ops);
                let plan = Plan { stall, ..Plan::new(scenario, threads, budget, 2026) };
                let outcome = (entry.run)(layout, batch, &plan).expect("a pool and threads");
                let what = format!("{} {} x{threads} {stall:?}", entry.name, scenario.name());
                assert_eq!(outcome.violations, [], "{what}");
                assert!(outcome.ops >= ops, "{what}: {} operations", outcome.ops);
                assert!(outcome.carved_blocks > 0 && outcome.peak_live_blocks > 0, "{what}");
            }
        }
    }
}

#[test]
fn batch_of_one() {
    matrix(Some(1), 8, 4_000);
}

#[test]
fn batch_of_two_and_odd_size() {
    matrix(Some(2), 24, 8_000);
}

#[test]
fn the_default_batches() {
    matrix(None, 64, 10_000);
}

#[test]
fn time_ends_a_run_too() {
    let layout = Layout::from_size_align(64, 8).expect("a layout");
    for scenario in Scenario::ALL {
        let budget = Budget::Time(Duration::from_millis(20));
        let plan = Plan::new(scenario, 2, budget, 1);
        let outcome = (STRATEGIES[0].run)(layout, Some(8), &plan).expect("a pool and threads");
        assert_eq!(outcome.violations, []);
        assert!(outcome.ops > 0);
    }
}

#[test]
fn what_the_builder_refuses_is_an_error_and_not_a_panic() {
    let layout = Layout::from_size_align(64, 8).expect("a layout");
    let plan = Plan::new(Scenario::OneBlock, 1, Budget::Ops(1), 1);
    for entry in &STRATEGIES {
        assert!((entry.run)(layout, Some(0), &plan).is_err(), "{} with batch 0", entry.name);
    }
}

#[test]
fn a_stalled_thread_fills_the_limbo_and_sends_the_others_through_the_lock() {
    let layout = Layout::from_size_align(64, 8).expect("a layout");
    for entry in &STRATEGIES {
        let plan = Plan {
            stall: Some(Stall::Forever),
            ..Plan::new(Scenario::OwnRandom, 2, Budget::Ops(200_000), 7)
        };
        let outcome = (entry.run)(layout, Some(2), &plan).expect("a pool and threads");
        assert_eq!(outcome.violations, []);
        let defers = entry.name == "EpochDeferred";
        // Three handles, sixteen magazines each.
        assert_eq!(outcome.magazine_counts.limbo_limit, if defers { 48 } else { 0 });
        assert!(!defers || outcome.peak_limbo_magazines >= 48, "{}", outcome.peak_limbo_magazines);
        let waits = defers || entry.name == "Quiescent";
        assert_eq!(outcome.magazine_counts.overflows > 0, waits, "{}", entry.name);
    }
}
