//! The quick model checks: loom, patched, what is tier 0; and what the last run of all left.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Result, ensure};
use ledger::{Checker, Expect, Limit, Row};

use super::data::{Checks, Counts};
use super::depth::Depth;
use super::facts;
use crate::checks::matrix;
use crate::common::build_id::Build;
use crate::common::models::{self, Model};
use crate::common::run_rows::{self, Job};
use crate::common::{all_rows, row_table, workspace};
use crate::ledgers::file::Ledger;

/// Checks at a time.
const WORKERS: usize = 2;

/// One scenario per mechanism, those that catch most mutants: for a quick run, and for what has too
/// many executions for more.
const FEW: [&str; 4] =
    ["list/pop_pop_push_push", "list/aba", "pool/flush_refill", "pool/carve_carve"];

/// Scenarios that a short run leaves out, since they take half of the time: with more lists, with
/// batches that grow, with a limit, with remainders.
const TAKES_LONG: [&str; 5] = [
    "mediator/remainders_merge",
    "pool/capacity",
    "pool/shards_leave_allocate",
    "pool/wide_flush_refill",
    "pool/wide_leave_allocate",
];

/// Whether a run of this depth looks at a scenario of a strategy, or of what stands `brief`ly: a
/// specification model, and a strategy that is not exhausted.
fn is_of(depth: Depth, scenario: &str, brief: bool) -> bool {
    match (depth, brief) {
        (Depth::Full, false) => true,
        (Depth::Short, false) => !TAKES_LONG.contains(&scenario),
        (Depth::Full, true) | (Depth::Quick, false) => FEW.contains(&scenario),
        // The real epoch takes longer for that one than for all others.
        (Depth::Short, true) => FEW.contains(&scenario) && scenario != "pool/carve_carve",
        (Depth::Quick, true) => FEW.contains(&scenario) && scenario.starts_with("list/"),
    }
}

/// The verdicts by strategy.
pub(super) type Verdicts = BTreeMap<String, Checks>;

/// In words.
pub(super) struct Looked {
    /// What was run.
    pub(super) ran: Vec<String>,
    /// What a full run has beside it.
    pub(super) left: Option<String>,
}

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
pub(super) fn run(executable: &Path, depth: Depth) -> Result<(Verdicts, Looked)> {
    let registered = run_rows::list(executable)?;
    let canary = |row: &Row| row.strategy == "self" && row.scenario == "canary";
    let strategies = matrix::strategies();
    let all = chosen(&registered, &strategies, Depth::Full);
    let now = chosen(&registered, &strategies, depth);
    let left: Vec<&Row> = all.into_iter().filter(|row| !now.contains(row)).collect();
    let canaries = registered.iter().filter(|row| canary(row));
    let jobs: Vec<Job<'_>> =
        now.into_iter().chain(canaries).map(|row| Job::new(row.clone(), executable)).collect();
    ensure!(jobs.iter().any(|job| canary(&job.row)), "the canary is not registered");
    for name in &strategies {
        let there = jobs.iter().filter(|job| job.row.strategy == *name).count();
        ensure!(there > 0, "no check of {name} is registered");
    }

    let start = Instant::now();
    let mut rows = run_rows::run(&jobs, WORKERS);
    ledger::sort(&mut rows);
    ensure!(
        rows.iter().filter(|row| canary(row)).all(Row::is_ok),
        "the canary is dead: loom is unpatched"
    );
    // The newest verdict stands in `checks.json` too; rows that were not run stay as they are.
    all_rows::update(&rows, |_| false)?;
    let broken: Vec<Row> = rows.iter().filter(|row| !row.is_ok()).cloned().collect();
    if !broken.is_empty() {
        row_table::print(&broken);
    }

    rows.retain(|row| !canary(row));
    let words = format!(
        "model checks: patched loom, 2 threads, unbounded where the rows say so: {} checks, {} executions, {:.0} s",
        rows.len(),
        rows.iter().map(|row| row.executions).sum::<u64>(),
        start.elapsed().as_secs_f64(),
    );
    let mut verdicts = by_strategy(&rows);
    for (name, checks) in &mut verdicts {
        checks.left = left.iter().filter(|row| row.strategy == *name).count();
    }
    let ledger = match last_of_all()? {
        Ok(rows) => {
            for (name, checks) in &mut verdicts {
                checks.ledger = Some(count(rows.iter().filter(|row| row.strategy == *name)));
            }
            format!("ledger: {} rows of `cargo xtask checks`, of these sources", rows.len())
        }
        Err(why) => {
            format!("ledger: no table of all checks, because {why}; run `cargo xtask checks`")
        }
    };
    let scenarios: BTreeSet<&str> = left.iter().map(|row| &*row.scenario).collect();
    let names: Vec<&str> = scenarios.into_iter().collect();
    let left = (!left.is_empty())
        .then(|| format!("left to --full: {} model checks, of {}", left.len(), names.join(", ")));
    Ok((verdicts, Looked { ran: vec![words, ledger], left }))
}

/// The rows that a run of this depth runs.
fn chosen<'r>(registered: &'r [Row], strategies: &[&str], depth: Depth) -> Vec<&'r Row> {
    let is_ours = |row: &Row| row.expect == Expect::Pass && strategies.contains(&&*row.strategy);
    let is_exhausted = |row: &Row| {
        is_ours(row)
            && row.checker == Checker::Loom
            && row.tier == 0
            && row.bound == Limit::Unbounded
            && is_of(Depth::Full, &row.scenario, facts::of(&row.strategy).is_none())
    };
    // A strategy without an exhausted row runs a few scenarios, up to whatever bounds they have.
    let exhausted: BTreeSet<&str> =
        registered.iter().filter(|row| is_exhausted(row)).map(|row| &*row.strategy).collect();
    let is_chosen = |row: &&Row| match exhausted.contains(&*row.strategy) {
        true => {
            let brief = facts::of(&row.strategy).is_none();
            is_exhausted(row) && is_of(depth, &row.scenario, brief)
        }
        false => is_ours(row) && row.tier <= 2 && is_of(depth, &row.scenario, true),
    };
    registered.iter().filter(is_chosen).collect()
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
        return Ok(Err("there is no ledger on disk".into()));
    };
    if ledger.plan.selection.filter.is_some() {
        return Ok(Err("the ledger on disk is of a part of the checks".into()));
    }
    if !ledger.plan.build.differences(&Build::of([])?).is_empty() {
        return Ok(Err("the ledger on disk belongs to other sources".into()));
    }
    Ok(Ok(ledger.rows))
}

/// Rows of correct code, by what they are worth.
fn count<'r>(rows: impl Iterator<Item = &'r Row>) -> Counts {
    let mut counts = Counts::default();
    for row in rows.filter(|row| row.expect == Expect::Pass) {
        let class = match (row.is_ok(), row.checker, row.bound) {
            (false, ..) => &mut counts.not_ok,
            (_, Checker::Porf, _) | (_, Checker::Loom, Limit::Unbounded) => &mut counts.exhaustive,
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
    fn shorter_runs_are_parts_of_longer_ones_and_none_is_of_other_rows() {
        let row = |strategy: &str, scenario: &str, bound| {
            Row::not_run(strategy, scenario, Checker::Loom, 0, bound, Expect::Pass)
        };
        let bounded = Limit::Bounded(3);
        let registered = [
            row("TaggedWide", "list/aba", Limit::Unbounded),
            row("TaggedWide", "list/pop_push", Limit::Unbounded),
            row("TaggedWide", TAKES_LONG[0], Limit::Unbounded),
            row("TaggedWide", "list/aba", bounded),
            row("EpochDeferred", "list/aba", bounded),
            row("EpochDeferred", "pool/carve_carve", bounded),
            row("EpochDeferred", "list/pop_push", bounded),
            row("a twin", "list/aba", Limit::Unbounded),
        ];
        let strategies = ["TaggedWide", "EpochDeferred"];
        let of = |depth| -> Vec<String> {
            chosen(&registered, &strategies, depth).iter().map(|row| row.key()).collect()
        };
        let (quick, short, full) = (of(Depth::Quick), of(Depth::Short), of(Depth::Full));
        assert_eq!((quick.len(), short.len(), full.len()), (2, 3, 5), "{full:?}");
        assert!(quick.iter().all(|key| short.contains(key)));
        assert!(short.iter().all(|key| full.contains(key)));
    }

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
