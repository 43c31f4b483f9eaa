//! Every check that porf runs: all executions of RC11. Built and run by `cargo xtask checks`.

use std::process::ExitCode;

use loom_tests::harness;

fn main() -> ExitCode {
    let mut checks = checks::all();
    checks.extend(loom_tests::progress::checks());
    harness::main(checks, loom_tests::BACKEND)
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

    /// The tier of what takes more than a few seconds.
    const DEEP: u8 = 3;

    /// What takes more than a few seconds: three threads, and two where a strategy takes a lock at
    /// each look, because each order of the looks is a graph.
    const LONG: &[(&str, &[&str])] = &[
        ("TaggedWide", &["pool/one_producer_two_consumers", "pool/leave_leave_attach"]),
        ("TaggedPacked", &["pool/one_producer_two_consumers", "pool/leave_leave_attach"]),
        (
            "EpochModel",
            &[
                "mediator/shards_before_its_count",
                "pool/one_producer_two_consumers",
                "pool/leave_leave_attach",
            ],
        ),
        ("EpochStalled", &["pool/one_producer_two_consumers", "pool/leave_leave_attach"]),
        (
            "Quiescent",
            &[
                "list/enter_splice",
                "pool/thread_end_allocate",
                "pool/carve_carve",
                "pool/capacity",
                "mediator/remainders_merge",
                "mediator/aba",
                "mediator/shards_before_its_count",
                "pool/one_producer_two_consumers",
                "pool/leave_attach",
                "pool/leave_leave",
                "pool/leave_leave_attach",
                "detached/end_end_drop",
            ],
        ),
    ];

    fn tier(strategy: &str, scenario: &str) -> u8 {
        let is_long =
            |(of, scenarios): &(&str, &[&str])| *of == strategy && scenarios.contains(&scenario);
        if LONG.iter().any(is_long) { DEEP } else { 0 }
    }

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
        for (strategy, scenarios) in LONG {
            for scenario in *scenarios {
                let names =
                    |check: &Check| check.strategy == *strategy && check.scenario == *scenario;
                assert!(checks.iter().any(names), "LONG names no check: {strategy}/{scenario}");
            }
        }
        checks
            .into_iter()
            .map(|check| {
                let tier = tier(&check.strategy, &check.scenario);
                check.tier(tier)
            })
            .collect()
    }
}
