//! `cargo xtask checks`: builds the model binaries, runs every registered check, writes the ledger.

use anyhow::{Result, bail, ensure};
use ledger::{Checker, Expect, Row};

use crate::models::{self, Model};
use crate::run::{self, Job};
use crate::{ledger_file, matrix, table};

/// What to run.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Run only checks whose name (`strategy/scenario/checker/bound`) contains this.
    #[arg(long, value_name = "SUBSTR")]
    filter: Option<String>,
    /// Run the tiers up to this one.
    #[arg(long, value_name = "N", default_value_t = 2, conflicts_with = "deep")]
    tier: u8,
    /// Run every tier.
    #[arg(long)]
    deep: bool,
    /// Run so many checks at a time.
    #[arg(long, value_name = "N", default_value_t = 2)]
    jobs: usize,
    /// Print what is registered and run nothing.
    #[arg(long)]
    list: bool,
}

impl Options {
    fn wants(&self, row: &Row) -> bool {
        (self.deep || row.tier <= self.tier)
            && self.filter.as_ref().is_none_or(|part| row.key().contains(part))
    }
}

/// Runs the command.
///
/// # Errors
/// Where a check is broken, missing, or nothing was run.
pub(crate) fn run(options: &Options) -> Result<()> {
    let mut executables = Vec::new();
    for model in [Model::Loom, Model::Shuttle] {
        let executable = models::build(model, model.checks())?;
        models::assert_backend(model, &executable)?;
        executables.push(executable);
    }
    let mut registered = Vec::new();
    for executable in &executables {
        let rows = run::list(executable)?.into_iter();
        registered.extend(rows.map(|row| Job::new(row, executable)));
    }
    let all: Vec<Row> = registered.iter().map(|job| job.row.clone()).collect();
    if options.list {
        all.iter().filter(|row| options.wants(row)).for_each(|row| println!("{}", row.key()));
        return Ok(());
    }
    let missing = matrix::missing(&all);

    let jobs: Vec<Job<'_>> = registered.into_iter().filter(|job| options.wants(&job.row)).collect();
    ensure!(!jobs.is_empty(), "no check was run: none of {} is asked for", all.len());
    let mut rows = run::run(&jobs, options.jobs);
    ledger::sort(&mut rows);

    // A run of everything leaves no row of an earlier one behind.
    let whole = options.filter.is_none();
    ledger_file::update(&rows, |row| whole && row.checker != Checker::Fuzz)?;
    table::print(&rows);
    summary(&rows, all.len())?;
    verdict(&rows, jobs.len(), &missing)
}

fn summary(rows: &[Row], registered: usize) -> Result<()> {
    let count = |wanted: fn(&Row) -> bool| rows.iter().filter(|row| wanted(row)).count();
    println!(
        "\n{} of {registered} registered checks run: {} ok, {} of them exhaustive, {} faults caught; {} executions; {}",
        rows.len(),
        count(Row::is_ok),
        count(Row::is_exhaustive),
        count(|row| row.is_ok() && row.expect == Expect::Fail),
        rows.iter().map(|row| row.executions).sum::<u64>(),
        ledger_file::path()?.display(),
    );
    Ok(())
}

fn verdict(rows: &[Row], asked: usize, missing: &[String]) -> Result<()> {
    ensure!(rows.len() == asked, "{asked} checks were asked for, {} were run", rows.len());
    ensure!(missing.is_empty(), "the matrix has holes: {}", missing.join(", "));
    match rows.iter().filter(|row| !row.is_ok()).count() {
        0 => Ok(()),
        broken => bail!("{broken} of {asked} checks are broken"),
    }
}
