//! Every check that loom runs. Built and run by `cargo xtask checks`.

use std::process::ExitCode;

use loom_tests::scenarios::{SUBJECTS, exchange, list};
use loom_tests::{Check, harness, selfcheck};

/// Fewer executions than this explored nothing worth the name.
const FEWEST: u64 = 2;

fn main() -> ExitCode {
    let mut checks = selfcheck::checks();
    for subject in SUBJECTS {
        for scenario in list::SCENARIOS {
            let body = move || (subject.list)(scenario);
            let check = Check::loom(subject.strategy, scenario.name, scenario.depth.bound(), body);
            checks.push(check.expect_exactly(list::allowed(scenario), FEWEST));
        }
        for scenario in exchange::SCENARIOS {
            let body = move || (subject.exchange)(scenario);
            let check = Check::loom(subject.strategy, scenario.name, scenario.depth.bound(), body);
            let check = check.tier(scenario.tier);
            checks.push(check.expect_exactly(exchange::allowed(scenario), FEWEST));
        }
    }
    harness::main(checks, loom_tests::BACKEND)
}
