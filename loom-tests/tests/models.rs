//! Every check that loom runs. Built and run by `cargo xtask checks`.

use std::process::ExitCode;
use std::sync::Arc;

use loom_tests::explore::Bound;
use loom_tests::scenarios::{SUBJECTS, exchange, list};
use loom_tests::twins::{twins, wide_enough};
use loom_tests::{Check, harness, selfcheck};

/// Fewer executions than this explored nothing worth the name.
const FEWEST: u64 = 2;

fn main() -> ExitCode {
    let mut checks = selfcheck::checks();
    for subject in SUBJECTS {
        for scenario in list::SCENARIOS {
            let body = move || (subject.list)(scenario);
            let check = Check::loom(subject.strategy, scenario.name, scenario.depth.bound(), body);
            checks.push(check.expect_exactly(list::allowed(scenario, subject.shape), FEWEST));
        }
        for scenario in exchange::SCENARIOS {
            let body = move || (subject.exchange)(scenario);
            let check = Check::loom(subject.strategy, scenario.name, scenario.depth.bound(), body);
            let check = check.tier(scenario.tier);
            checks.push(check.expect_exactly(exchange::allowed(scenario), FEWEST));
        }
    }
    for twin in twins() {
        let body = Arc::new(twin.body);
        let check = Check::loom(twin.strategy, twin.name, Bound::Unbounded, move || body());
        checks.push(check.expect_failure(twin.under_loom));
    }
    for (strategy, subject, scenario) in wide_enough() {
        let body = move || (subject.list)(scenario);
        let check = Check::loom(strategy, scenario.name, Bound::Unbounded, body);
        checks.push(check.tier(1).expect_exactly(list::allowed(scenario, subject.shape), FEWEST));
    }
    harness::main(checks, loom_tests::BACKEND)
}
