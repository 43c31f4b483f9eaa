//! Every check that porf runs: all executions of RC11. Built and run by `cargo xtask checks`.

use std::process::ExitCode;

use loom_tests::harness;

fn main() -> ExitCode {
    harness::main(checks::all(), loom_tests::BACKEND)
}

/// Without the private cfg there is nothing to check, and the harness says so.
#[cfg(not(stampool_model = "porf"))]
mod checks {
    pub(super) fn all() -> Vec<loom_tests::Check> {
        Vec::new()
    }
}

#[cfg(stampool_model = "porf")]
mod checks {
    use loom_tests::Check;
    use loom_tests::scenarios::{ends, exchange, list, subjects};

    /// Fewer executions than this explored nothing worth the name.
    const FEWEST: u64 = 2;

    /// Each scenario on each strategy, whatever loom's bounds are.
    pub(super) fn all() -> Vec<Check> {
        let mut checks = Vec::new();
        for subject in subjects() {
            for scenario in list::SCENARIOS {
                let body = move || (subject.list)(scenario);
                let allowed = list::allowed(scenario, subject.shape);
                let check = Check::rc11(subject.strategy, scenario.name, body);
                checks.push(check.expect_exactly(allowed, FEWEST));
            }
            for scenario in exchange::SCENARIOS {
                let body = move || (subject.exchange)(scenario);
                let check = Check::rc11(subject.strategy, scenario.name, body);
                checks.push(check.expect_exactly(exchange::allowed(scenario), FEWEST));
            }
            for scenario in ends::DETACHED {
                let body = move || (subject.ends)(scenario);
                let check = Check::rc11(subject.strategy, scenario.name, body);
                checks.push(check.expect_exactly(scenario.allowed(), scenario.fewest()));
            }
        }
        checks
    }
}
