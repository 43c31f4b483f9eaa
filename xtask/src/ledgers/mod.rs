//! `cargo xtask ledger`: puts the ledgers of several machines together, and compares two.

mod compare;
pub(crate) mod file;
mod merge;
mod shard;

use std::path::PathBuf;

use anyhow::{Result, bail, ensure};
use clap::Subcommand;
use ledger::Checker;

use crate::common::row_table;
use file::Ledger;

pub(crate) use shard::Shard;

/// What to do with ledgers.
#[derive(clap::Args)]
pub(crate) struct Options {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Put the ledgers of all shards of a run together. Refuses a gap and a double.
    Merge {
        /// Written by `cargo xtask checks --shard K/N`.
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        /// Where to write the ledger of the whole run.
        #[arg(short, long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Compare two ledgers row by row: verdict, executions, outcomes.
    Compare {
        /// The first.
        a: PathBuf,
        /// The second.
        b: PathBuf,
    },
}

/// Runs the command.
///
/// # Errors
/// Where the files do not fit together, a row is broken, or two ledgers are not equal.
pub(crate) fn run(options: &Options) -> Result<()> {
    match &options.command {
        Command::Merge { files, out } => run_merge(files, out.as_ref()),
        Command::Compare { a, b } => run_compare(&Ledger::read(a)?, &Ledger::read(b)?),
    }
}

fn run_merge(files: &[PathBuf], out: Option<&PathBuf>) -> Result<()> {
    let read = |path: &PathBuf| Ok((path.display().to_string(), Ledger::read(path)?));
    let files: Vec<merge::Named> = files.iter().map(read).collect::<Result<_>>()?;
    let whole = merge::merge(&files).map_err(|faults| {
        faults.iter().for_each(|fault| eprintln!("{fault}"));
        anyhow::anyhow!("these ledgers do not make a whole: {} faults", faults.len())
    })?;
    row_table::print(&whole.rows);
    println!(
        "\n{} ledgers, {} rows, {} of {} registered; commit {}",
        files.len(),
        whole.rows.len(),
        whole.plan.asked.len(),
        whole.plan.registered.len(),
        whole.plan.build.commit,
    );
    if let Some(out) = out {
        whole.write(out)?;
    }
    let broken = whole.rows.iter().filter(|row| row.is_broken()).count();
    ensure!(broken == 0, "{broken} of {} rows are broken", whole.rows.len());
    Ok(())
}

fn run_compare(a: &Ledger, b: &Ledger) -> Result<()> {
    for difference in a.plan.build.differences(&b.plan.build) {
        println!("not the same build: {difference}");
    }
    let differences = compare::differences(&a.rows, &b.rows);
    differences.iter().for_each(|line| println!("{line}"));
    if !differences.is_empty() {
        bail!("{} rows differ", differences.len());
    }
    let count = |wanted: fn(&ledger::Row) -> bool| a.rows.iter().filter(|row| wanted(row)).count();
    println!(
        "equal: {} rows, {} executions; {} of the rows are searches, {} samples with fixed seeds, {} stopped at their limits",
        a.rows.len(),
        a.rows.iter().filter(|row| !row.is_stopped()).map(|row| row.executions).sum::<u64>(),
        count(|row| { matches!(row.checker, Checker::Loom | Checker::Porf | Checker::ShuttleDfs) }),
        count(|row| matches!(row.checker, Checker::ShuttlePct | Checker::ShuttleRandom)),
        count(ledger::Row::is_stopped),
    );
    Ok(())
}
