//! `cargo xtask ci`: everything, in the order in which it fails fastest.
//!
//! What CI runs is this command, so a red CI is a red command here. Every step is a process of its
//! own and can be repeated alone; a failed step does not stop the others.
//!
//! Each step has a budget: the seconds that it took on two cores, from a clean clone, rounded up
//! ([`budget`]). A test fails if all budgets together exceed 40 minutes.
//! `papers/verification.md` says at which bounds the steps run every time, and what only `--deep`
//! runs.

mod budget;
mod may_skip;
mod step;
mod steps;
mod stress;
mod tally;

use core::time::Duration;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use comfy_table::Table;

use crate::common::{terminal, workspace};
use crate::{cross, fuzz_pool, miri, sanitize};
use may_skip::MaySkip;
use step::{Program, Step};
use tally::Tally;

/// How much to run.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Every tier of the checks, longer stress, sanitizers, fuzzing: hours.
    #[arg(long)]
    deep: bool,
}

/// What came of a step.
struct Done<'a> {
    step: &'a Step,
    ok: bool,
    took: Duration,
}

/// Runs the command.
///
/// # Errors
/// Where a step fails.
pub(crate) fn run(options: &Options) -> Result<()> {
    let start = Instant::now();
    let steps = steps::steps(options.deep);
    // Nothing that an earlier run has left may count as a result of this one.
    let reports = ["checks.json", "ledger.json", "mutants.json", "weaken.json", "compare.json"];
    for report in reports.into_iter().chain([
        cross::REPORT,
        fuzz_pool::REPORT,
        miri::REPORT,
        sanitize::REPORT,
    ]) {
        _ = fs::remove_file(workspace::output()?.join(report));
    }
    let may_skip = MaySkip::read(&workspace::root()?)?;
    let skipped = workspace::output()?.join("skips.txt");
    fs::write(&skipped, "")?;
    let mut tally = Tally::default();
    let mut all = Vec::new();
    for (number, step) in steps.iter().enumerate() {
        println!("\n=== {}/{} {}: {}", number + 1, steps.len(), step.name, step.command());
        let begun = Instant::now();
        let ok = run_step(step, &skipped, &mut tally)?;
        tally.step(ok);
        let done = Done { step, ok, took: begun.elapsed() };
        println!("=== {} {} after {:.0} s", step.name, word(ok), done.took.as_secs_f64());
        all.push(done);
    }
    tally.reports(&workspace::output()?)?;

    println!("\n{}", table(&all, options.deep));
    for failed in all.iter().filter(|done| !done.ok) {
        println!("again: {}", failed.step.command());
    }
    for done in all.iter().filter(|_| !options.deep) {
        if let Some(budget) = budget::of(done.step.name)
            && budget::is_exceeded(budget, done.took)
        {
            let (took, budget) = (done.took.as_secs(), budget.as_secs());
            println!(
                "slow: {} took {took} s of {budget} s (xtask/src/ci/budget.rs)",
                done.step.name
            );
        }
    }
    println!("{:.1} minutes in all\n", start.elapsed().as_secs_f64() / 60.0);
    let skipped = may_skip.judge(&fs::read_to_string(&skipped)?)?;
    for line in &skipped.listed {
        println!("{line}");
    }
    for line in &skipped.unlisted {
        println!("{line}: not in .ci/may-skip.txt");
        tally.step(false);
    }
    println!("{} passed, {} failed", tally.passed, tally.failed);
    let failed = all.iter().filter(|done| !done.ok).count();
    let unlisted = skipped.unlisted.len();
    ensure!(unlisted == 0, "{unlisted} skipped that may not be, {failed} steps failed");
    ensure!(failed == 0 && tally.failed == 0, "{failed} of {} steps failed", steps.len());
    Ok(())
}

/// Runs one step, showing and reading what it prints.
fn run_step(step: &Step, skipped: &Path, tally: &mut Tally) -> Result<bool> {
    let mut child = match step.program {
        Program::Cargo => workspace::cargo()?,
        Program::Xtask => {
            let mut xtask = Command::new(std::env::current_exe()?);
            xtask.current_dir(workspace::root()?);
            xtask
        }
    };
    child.args(&step.words).envs(step.settings.iter().copied()).stdout(Stdio::piped());
    child.env(skips::FILE, skipped);
    let mut child = child.spawn().with_context(|| format!("cannot start {}", step.command()))?;
    let stdout = BufReader::new(child.stdout.take().context("a step has no stdout")?);
    for line in stdout.lines() {
        let line = line?;
        println!("{line}");
        tally.line(&line);
    }
    Ok(child.wait()?.success())
}

fn word(ok: bool) -> &'static str {
    if ok { "ok" } else { "FAILED" }
}

fn table(all: &[Done<'_>], deep: bool) -> Table {
    let mut table = terminal::table(["step", "what", "s", "budget", ""], [2, 3]);
    for Done { step, ok, took } in all {
        let seconds = format!("{:.0}", took.as_secs_f64());
        let budget = budget::of(step.name).filter(|_| !deep);
        let budget = budget.map_or(String::new(), |time| time.as_secs().to_string());
        table.add_row([step.name, &step.what, &seconds, &budget, word(*ok)]);
    }
    table
}
