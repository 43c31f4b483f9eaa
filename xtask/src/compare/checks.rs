//! The quick model checks: loom, patched, what is tier 0; and what the last run of all left.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Result, ensure};
use ledger::{Checker, Expect, Limit, Row};

use super::data::{Checks, Counts};
use super::facts;
use crate::build_id::Build;
use crate::ledgers::file::Ledger;
use crate::models::{self, Model};
use crate::run::{self, Job};
use crate::{ledger_file, matrix, table, workspace};

/// Checks at a time.
const WORKERS: usize = 2;

/// In a hurry: one scenario per mechanism, those that catch most mutants.
const HURRY: [&str; 4] =
    ["list/pop_pop_push_push", "list/aba", "pool/flush_refill", "pool/carve_carve"];

/// What a strategy runs that has too many executions for more, and a specification model; in a
/// hurry the lists alone.
fn brief(scenario: &str, hurry: bool) -> bool {
    HURRY.contains(&scenario) && (!hurry || scenario.starts_with("list/"))
}

/// The verdicts by strategy.
pub(super) type Verdicts = BTreeMap<String, Checks>;

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

/// The verdicts by strategy, models among them, and in words what was run.
///
/// # Errors
/// Where the checks cannot be run, or the checker does not see what it must.
pub(super) fn run(executable: &Path, hurry: bool) -> Result<(Verdicts, Vec<String>)> {
    let registered = run::list(executable)?;
    let canary = |row: &Row| row.strategy == "self" && row.scenario == "canary";
    let strategies = matrix::strategies();
    let quick = |row: &Row| {
        row.expect == Expect::Pass
            && strategies.contains(&&*row.strategy)
            && row.checker == Checker::Loom
            && row.tier == 0
            && row.bound == Limit::Unbounded
            && match facts::of(&row.strategy) {
                Some(_) => !hurry || HURRY.contains(&&*row.scenario),
                None => brief(&row.scenario, hurry),
            }
    };
    // A strategy of which nothing is exhausted is looked at as far as it goes, in short.
    let bounded: Vec<&str> = strategies
        .iter()
        .copied()
        .filter(|name| !registered.iter().any(|row| row.strategy == *name && quick(row)))
        .collect();
    let bounded = |row: &Row| {
        row.expect == Expect::Pass
            && bounded.contains(&&*row.strategy)
            && row.tier <= 2
            && brief(&row.scenario, hurry)
    };
    let jobs: Vec<Job<'_>> = registered
        .into_iter()
        .filter(|row| quick(row) || bounded(row) || canary(row))
        .map(|row| Job::new(row, executable))
        .collect();
    ensure!(jobs.iter().any(|job| canary(&job.row)), "the canary is not registered");
    for name in &strategies {
        let there = jobs.iter().filter(|job| job.row.strategy == *name).count();
        ensure!(there > 0, "no check of {name} is registered");
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
        "model checks: patched loom, 2 threads, unbounded where the rows say so: {} checks, {} executions, {:.0} s",
        rows.len(),
        rows.iter().map(|row| row.executions).sum::<u64>(),
        start.elapsed().as_secs_f64(),
    );
    let mut verdicts = by_strategy(&rows);
    let ledger = match last_of_all()? {
        Ok(rows) => {
            for (name, checks) in &mut verdicts {
                checks.ledger = Some(count(rows.iter().filter(|row| row.strategy == *name)));
            }
            format!("ledger: {} rows of `cargo xtask checks`, of these sources", rows.len())
        }
        Err(why) => format!("ledger: {why}; `cargo xtask checks` fills these columns"),
    };
    Ok((verdicts, vec![words, ledger]))
}

fn by_strategy(rows: &[Row]) -> Verdicts {
    let mut all = Verdicts::new();
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

/// The rows of the last run of all checks, or why they say nothing about these sources.
fn last_of_all() -> Result<core::result::Result<Vec<Row>, String>> {
    let Ok(ledger) = Ledger::read(&workspace::output()?.join("ledger.json")) else {
        return Ok(Err("there is none".into()));
    };
    if ledger.plan.selection.filter.is_some() {
        return Ok(Err("it is of a part of the checks".into()));
    }
    if !ledger.plan.build.differences(&Build::of([])?).is_empty() {
        return Ok(Err("it is of other sources".into()));
    }
    Ok(Ok(ledger.rows))
}

/// Rows of correct code, by what they are worth.
fn count<'r>(rows: impl Iterator<Item = &'r Row>) -> Counts {
    let mut counts = Counts::default();
    for row in rows.filter(|row| row.expect == Expect::Pass) {
        let class = match (row.is_ok(), row.checker, row.bound) {
            (false, ..) => &mut counts.not_ok,
            (_, Checker::Loom, Limit::Unbounded) => &mut counts.exhaustive,
            (_, Checker::Loom, Limit::Bounded(_)) => &mut counts.bounded,
            (_, Checker::ShuttleDfs, _) => &mut counts.searched,
            _ => &mut counts.sampled,
        };
        *class += 1;
    }
    counts
}

#[cfg(test)]
mod tests {
    use ledger::Verdict;

    use super::*;

    #[test]
    fn a_bounded_row_is_no_exhaustive_one_and_a_fault_is_none_of_them() {
        let row = |checker, bound, verdict| {
            let row = Row::not_run("s", "x", checker, 0, bound, Expect::Pass);
            Row { verdict, ..row }
        };
        let rows = [
            row(Checker::Loom, Limit::Unbounded, Verdict::Ok),
            row(Checker::Loom, Limit::Bounded(3), Verdict::Ok),
            row(Checker::Loom, Limit::Bounded(3), Verdict::Stopped),
            row(Checker::ShuttleDfs, Limit::Unbounded, Verdict::Ok),
            row(Checker::ShuttlePct, Limit::Bounded(2), Verdict::Ok),
            row(Checker::ShuttleRandom, Limit::Bounded(9), Verdict::Ok),
            row(Checker::Loom, Limit::Unbounded, Verdict::Broken),
        ];
        let expected = Counts { exhaustive: 1, bounded: 1, searched: 1, sampled: 2, not_ok: 2 };
        assert_eq!(count(rows.iter()), expected);
    }
}
