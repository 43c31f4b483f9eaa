//! `cargo xtask sanitize`: the stress scenarios under ThreadSanitizer, AddressSanitizer and
//! valgrind's memcheck, and the tests of the allocator family under the last two ([`family`]).
//!
//! These see the shipped build, where the model checkers see small programs: real threads, real
//! atomics, real memory. They see only what happens to happen, so a clean run is weak evidence, and
//! one report is a fault. That ThreadSanitizer would report an ordering that is too weak is shown
//! every time, on a copy that has one ([`mutant`]). That the other two report a block that is used
//! after its free is shown by a program that does so ([`freed`]).
//!
//! # What they cannot see
//!
//! - ThreadSanitizer sees the locks of std only where std is built for it too, so std is. It knows
//!   no fences; crossbeam-epoch and portable-atomic notice that they are built for it, and do
//!   without.
//! - A chunk is one allocation for AddressSanitizer and memcheck: a block that runs into its
//!   neighbour is what the oracles of `stress` are for, and they are on.
//! - memcheck runs one thread at a time.

mod family;
mod freed;
mod mutant;
mod outcome;
mod tool;

use core::time::Duration;
use std::fs;

use anyhow::{Result, ensure};
use clap::ValueEnum;
use comfy_table::Table;

use crate::common::{terminal, workspace};
use outcome::{Outcome, Row};
use tool::Tool;

/// The report, in the output folder.
pub(crate) const REPORT: &str = "sanitize.json";

/// What to run, and for how long.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// One tool, or all that are there.
    #[arg(long, value_enum, default_value_t = Choice::All)]
    tool: Choice,
    /// Seconds of stress for each tool, shared out over all strategies and scenarios.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..))]
    seconds: u64,
    /// What every CI runs: ThreadSanitizer for a few seconds, and its mutant. Skipped where it is
    /// not there.
    #[arg(long, conflicts_with_all = ["tool", "seconds"])]
    quick: bool,
}

/// Seconds of a quick run.
const QUICK: u64 = 12;

/// Which tools.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Choice {
    /// ThreadSanitizer, and the mutant that it must report.
    Tsan,
    /// AddressSanitizer, with its leak check.
    Asan,
    /// valgrind's memcheck.
    Valgrind,
    /// All that are there; the others are counted as skipped.
    All,
}

impl Choice {
    fn tools(self) -> Vec<Tool> {
        match self {
            Self::Tsan => vec![Tool::Thread],
            Self::Asan => vec![Tool::Address],
            Self::Valgrind => vec![Tool::Valgrind],
            Self::All => vec![Tool::Thread, Tool::Address, Tool::Valgrind],
        }
    }
}

/// Runs the command.
///
/// # Errors
/// Where a tool reports something, the mutant is not reported, or the one tool that was asked for
/// is not there.
pub(crate) fn run(options: &Options) -> Result<()> {
    let (tools, seconds) = if options.quick {
        (vec![Tool::Thread], QUICK)
    } else {
        (options.tool.tools(), options.seconds)
    };
    let seconds = Duration::from_secs(seconds);
    let mut rows = Vec::new();
    for tool in tools {
        match tool.missing()? {
            Some(reason) => {
                skips::skip(tool.name(), &reason);
                rows.push(Row::skipped(tool.name(), reason));
            }
            None => {
                rows.extend(tool::stress(tool, seconds)?);
                rows.extend(freed::run(tool)?);
                rows.extend(family::run(tool)?);
                if tool == Tool::Thread {
                    rows.push(mutant::run()?);
                }
            }
        }
    }
    fs::write(workspace::output()?.join(REPORT), serde_json::to_string_pretty(&rows)? + "\n")?;
    println!("{}", table(&rows));
    for row in rows.iter().filter(|row| row.outcome == Outcome::Bad) {
        println!("\nbad: {} {}: {}\n  again: {}", row.tool, row.what, row.detail, row.again);
    }
    let count = |outcome| rows.iter().filter(|row| row.outcome == outcome).count();
    let (bad, skipped) = (count(Outcome::Bad), count(Outcome::Skipped));
    println!("\n{} fine, {bad} bad, {skipped} skipped", count(Outcome::Fine));
    ensure!(bad == 0, "{bad} of {} runs are bad: see above", rows.len());
    let is_asked_for = !options.quick && options.tool != Choice::All;
    let nothing = is_asked_for && skipped == rows.len();
    ensure!(!nothing, "nothing ran: the one tool that was asked for is not there");
    Ok(())
}

fn table(rows: &[Row]) -> Table {
    let mut table = terminal::table(
        ["tool", "what", "runs", "operations", "s", "reports", "violations", ""],
        [2, 3, 4, 5, 6],
    );
    for row in rows {
        table.add_row([
            row.tool.to_string(),
            row.what.clone(),
            row.runs.to_string(),
            row.operations.to_string(),
            format!("{:.1}", row.seconds),
            row.reports.to_string(),
            row.violations.to_string(),
            row.outcome.word().to_string(),
        ]);
    }
    table
}
