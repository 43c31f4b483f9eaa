//! `cargo xtask checks --one-at-a-time`: the checks notice that interleavings are lost.
//!
//! The harness puts a mutex around every operation of the scenarios' threads. Each exhaustive row
//! must then be red, or have another number of executions or events than is kept. Nothing is
//! written.

use std::collections::BTreeSet;

use anyhow::{Result, ensure};
use ledger::Row;

use super::executions::Kept;
use crate::common::run_rows::{self, Job};

/// The variable of the harness that turns the fault on.
const VARIABLE: &str = "EXACT_OUTCOMES_ONE_AT_A_TIME";

/// Rows that have no operations of a scenario: litmus tests and the checks of the checkers.
const WITHOUT_OPERATIONS: [&str; 2] = ["litmus", "self"];

/// Runs the kept ones of `jobs` with the fault.
///
/// # Errors
/// If a row stays as it was, or if no row was run.
pub(super) fn run(jobs: &[Job<'_>], kept: &Kept, workers: usize) -> Result<()> {
    let is_asked = |row: &Row| kept.has(row) && !WITHOUT_OPERATIONS.contains(&&*row.strategy);
    let jobs: Vec<Job<'_>> = jobs
        .iter()
        .filter(|job| is_asked(&job.row))
        .map(|job| Job { setting: Some((VARIABLE, "1".into())), ..job.clone() })
        .collect();
    ensure!(!jobs.is_empty(), "no exhaustive row was run");
    let rows = run_rows::run(&jobs, workers);
    let (same, changed): (Vec<&Row>, Vec<&Row>) = rows.iter().partition(|row| kept.is_as_kept(row));
    let by_executions = changed.iter().filter(|row| row.is_ok()).count();
    println!(
        "{} rows with a mutex around every operation: {by_executions} have other numbers of \
         executions or events, {} are broken by themselves, {} are as they were",
        rows.len(),
        changed.len() - by_executions,
        same.len()
    );
    let same: BTreeSet<String> = same.into_iter().map(Row::key).collect();
    same.iter().for_each(|key| println!("as it was: {key}"));
    ensure!(same.is_empty(), "{} rows do not notice that interleavings are lost", same.len());
    Ok(())
}
