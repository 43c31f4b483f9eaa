//! Every check that shuttle runs. Built and run by `cargo xtask checks`.

use std::process::ExitCode;

use loom_tests::harness;
use loom_tests::scenarios::{Depth, SUBJECTS, exchange, list};
use shuttle_tests::{check, selfcheck};

/// Fewer executions than this explored nothing worth the name.
const FEWEST: u64 = 2;

fn main() -> ExitCode {
    let mut checks = selfcheck::checks();
    for subject in SUBJECTS {
        for scenario in list::SCENARIOS.iter().filter(|s| s.depth == Depth::Exhaustive) {
            let body = move || quietly(|| (subject.list)(scenario));
            let check = check::dfs(subject.strategy, scenario.name, body);
            checks.push(check.expect_exactly(list::allowed(scenario), FEWEST));
        }
        for scenario in exchange::SCENARIOS.iter().filter(|s| s.depth == Depth::Exhaustive) {
            let body = move || quietly(|| (subject.exchange)(scenario));
            let check = check::dfs(subject.strategy, scenario.name, body).tier(scenario.tier);
            checks.push(check.expect_exactly(exchange::allowed(scenario), FEWEST));
        }
    }
    harness::main(checks, loom_tests::BACKEND)
}

/// Runs `body` without scheduling points inside cells: a depth-first search tries all orders of
/// atomic operations and locks.
fn quietly(body: impl Fn() -> String) -> String {
    #[cfg(stampool_model = "shuttle")]
    stampool::raw::sync::yield_in_cells(false);
    body()
}
