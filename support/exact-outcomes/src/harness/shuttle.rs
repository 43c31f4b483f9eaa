//! Registers checks that shuttle runs.

use ledger::{Checker, Limit};

use super::Check;
use crate::explore::{explore_dfs, explore_pct, explore_random};

/// A check of all schedules.
pub fn dfs(
    strategy: impl Into<String>,
    scenario: impl Into<String>,
    body: impl Fn() -> String + Clone + Send + Sync + 'static,
) -> Check {
    let run = move || explore_dfs(body.clone());
    Check::new(strategy, scenario, Checker::ShuttleDfs, Limit::Unbounded, run)
}

/// A check of `iterations` schedules of PCT with `depth`; the row's bound is the depth.
pub fn pct(
    strategy: impl Into<String>,
    scenario: impl Into<String>,
    depth: usize,
    iterations: usize,
    seed: u64,
    body: impl Fn() -> String + Clone + Send + Sync + 'static,
) -> Check {
    let run = move || explore_pct(depth, iterations, seed, body.clone());
    Check::new(strategy, scenario, Checker::ShuttlePct, Limit::Bounded(depth as u64), run)
        .expect_oracle(iterations as u64)
}

/// A check of `iterations` random schedules; the row's bound is their number.
pub fn random(
    strategy: impl Into<String>,
    scenario: impl Into<String>,
    iterations: usize,
    seed: u64,
    body: impl Fn() -> String + Clone + Send + Sync + 'static,
) -> Check {
    let run = move || explore_random(iterations, seed, body.clone());
    Check::new(strategy, scenario, Checker::ShuttleRandom, Limit::Bounded(iterations as u64), run)
        .expect_oracle(iterations as u64)
}
