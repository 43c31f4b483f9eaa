//! The mutant that ThreadSanitizer must report: push's CAS without its Release.
//!
//! The blocks' payload alone would not show the fault. The link is stored with Release and read
//! with Acquire, so a thread that takes a magazine from the top of a list acquires its blocks by
//! the link. The CAS alone publishes the magazine itself, to a thread that reads the magazine's
//! name and link for the first time. That happens only while a pool grows. So there are many short
//! runs, with few blocks each, until one shows the fault.

use std::fs;
use std::time::Instant;

use anyhow::Result;

use super::outcome::{Outcome, Row};
use super::tool::{Program, Seen, Tool, call};
use crate::common::workspace;
use crate::mutants;

/// The edit, as `mutants` calls it.
const EDIT: &str = "push's CAS Relaxed";
/// The words that a report must contain.
const WORDS: &str = "data race";
/// Many pools, the most exchanges, threads that bring magazines and threads that take them.
const RUN: [&str; 11] = [
    "run",
    "--strategy",
    "TaggedPacked,TaggedWide",
    "--scenario",
    "pipeline,churn,own-random",
    "--batch",
    "1",
    "--threads",
    "2,3,4,2,3,4",
    "--duration",
    "20ms",
];
/// Rounds that may pass without a report.
const ROUNDS: usize = 20;

/// Builds the mutant in a copy and runs it until it is reported.
///
/// # Errors
/// If it cannot be built or run.
pub(super) fn run() -> Result<Row> {
    let tool = Tool::Thread;
    let what = format!("mutant: {EDIT}");
    let copy = workspace::output()?.join("sanitize");
    mutants::broken_copy(&workspace::root()?, &copy, EDIT)?;
    eprintln!("building the mutant for {}", tool.name());
    let built = tool.build(&copy, Program::Stress)?;
    // The program without the fault is built to the same path.
    let executable = copy.with_file_name("sanitize-mutant-program");
    fs::copy(built, &executable)?;
    let (mut all, start) = (Seen::default(), Instant::now());
    let mut found = None;
    for round in 1..=ROUNDS {
        let seen = call(tool, &executable, &RUN, "mutant")?;
        all.runs += seen.runs;
        all.operations += seen.operations;
        all.seconds += seen.seconds;
        all.reports += seen.reports;
        all.violations += seen.violations;
        found = seen.summaries.iter().find(|summary| summary.contains(WORDS)).cloned();
        if let Some(report) = &found {
            let seconds = start.elapsed().as_secs_f64();
            println!("the mutant is reported after {round} rounds, {seconds:.1} s: {report}");
            break;
        }
    }
    Ok(Row {
        outcome: if found.is_some() { Outcome::Fine } else { Outcome::Bad },
        detail: found.unwrap_or_else(|| format!("not reported in {ROUNDS} rounds")),
        ..all.row(tool, what, "cargo xtask sanitize --quick".into())
    })
}
