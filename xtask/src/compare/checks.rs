//! The quick model checks: loom, patched, unbounded, two threads.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Result, ensure};
use ledger::{Checker, Expect, Limit, Row};

use super::data::Checks;
use crate::matrix::STRATEGIES;
use crate::models::{self, Model};
use crate::run::{self, Job};
use crate::{ledger_file, table};

/// Checks at a time.
const WORKERS: usize = 2;

/// In a hurry: one scenario per mechanism, those that catch most mutants.
const HURRY: [&str; 4] =
    ["list/pop_pop_push_push", "list/aba", "pool/flush_refill", "pool/carve_carve"];

/// Builds the checks.
///
/// # Errors
/// Where they do not build, or were built for something else.
pub(super) fn build() -> Result<PathBuf> {
    let model = Model::Loom;
    let executable = models::build(model, model.checks())?;
    models::assert_backend(model, &executable)?;
    Ok(executable)
}

/// The verdicts by strategy, and in words what was run.
///
/// # Errors
/// Where the checks cannot be run, or the checker does not see what it must.
pub(super) fn run(executable: &Path, hurry: bool) -> Result<(BTreeMap<String, Checks>, String)> {
    let registered = run::list(executable)?;
    let canary = |row: &Row| row.strategy == "self" && row.scenario == "canary";
    let quick = |row: &Row| {
        row.expect == Expect::Pass
            && STRATEGIES.contains(&&*row.strategy)
            && row.checker == Checker::Loom
            && row.tier == 0
            && row.bound == Limit::Unbounded
            && (!hurry || HURRY.contains(&&*row.scenario))
    };
    let jobs: Vec<Job<'_>> = registered
        .into_iter()
        .filter(|row| quick(row) || canary(row))
        .map(|row| Job::new(row, executable))
        .collect();
    ensure!(jobs.iter().any(|job| canary(&job.row)), "the canary is not registered");
    if hurry {
        for scenario in HURRY {
            let there = jobs.iter().filter(|job| job.row.scenario == scenario).count();
            ensure!(there == STRATEGIES.len(), "{scenario} is not registered for all strategies");
        }
    }

    let start = Instant::now();
    let mut rows = run::run(&jobs, WORKERS);
    ledger::sort(&mut rows);
    ensure!(
        rows.iter().filter(|row| canary(row)).all(Row::is_ok),
        "the canary is dead: loom is unpatched"
    );
    // The newest verdict stands in the ledger too; rows that were not run stay as they are.
    ledger_file::update(&rows, |_| false)?;
    let broken: Vec<Row> = rows.iter().filter(|row| !row.is_ok()).cloned().collect();
    if !broken.is_empty() {
        table::print(&broken);
    }

    rows.retain(|row| !canary(row));
    let words = format!(
        "model checks: patched loom, unbounded, 2 threads: {} checks, {} executions, {:.0} s",
        rows.len(),
        rows.iter().map(|row| row.executions).sum::<u64>(),
        start.elapsed().as_secs_f64(),
    );
    Ok((by_strategy(&rows), words))
}

fn by_strategy(rows: &[Row]) -> BTreeMap<String, Checks> {
    let mut all: BTreeMap<String, Checks> = BTreeMap::new();
    for row in rows {
        let checks = all.entry(row.strategy.clone()).or_default();
        checks.run += 1;
        checks.exhaustive += usize::from(row.is_exhaustive());
        checks.executions += row.executions;
        if !row.is_ok() {
            checks.broken.push(row.key());
        }
    }
    all
}
