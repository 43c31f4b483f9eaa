//! `cargo xtask checks`: builds the model binaries, runs every registered check, writes the ledger.
//!
//! `--shard K/N` runs one of N parts, to be put together by `cargo xtask ledger merge`. `--deep`
//! runs the rows that take hours, too, and keeps each finished one, so that `--resume` can go on
//! after a kill. The number of executions of each exhausted row must be the one that is kept.

mod executions;
mod lost;
pub(crate) mod matrix;
mod queue;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail, ensure};
use ledger::{Checker, DEEP_TIER, Expect, Row};

use self::executions::Kept;
use self::queue::Queue;
use crate::common::build_id::Build;
use crate::common::models::{self, Model};
use crate::common::row_times::Times;
use crate::common::run_rows::{self, Job};
use crate::common::{all_rows, row_table, workspace};
use crate::ledgers::Shard;
use crate::ledgers::file::{Ledger, Plan, Selection};

/// What to run.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Run only checks whose name (`strategy/scenario/checker/bound`) contains this.
    #[arg(long, value_name = "SUBSTR")]
    filter: Option<String>,
    /// Run the tiers up to this one.
    #[arg(long, value_name = "N", default_value_t = 2, conflicts_with = "deep")]
    tier: u8,
    /// Run every tier: bounds 4 and 5, samples by the million. Hours.
    #[arg(long)]
    deep: bool,
    /// Stop a deep check after so long. It is then no fault, and no pass.
    #[arg(long, value_name = "SECONDS", default_value_t = 1800)]
    deep_limit: u64,
    /// Go on where a deep run was killed.
    #[arg(long, requires = "deep")]
    resume: bool,
    /// Run part K of N, K from 1.
    #[arg(long, value_name = "K/N")]
    shard: Option<String>,
    /// Write the ledger of this run here, not to target/stampool/ledger.json.
    #[arg(long, value_name = "FILE")]
    ledger: Option<PathBuf>,
    /// Run so many checks at a time.
    #[arg(long, value_name = "N", default_value_t = 2)]
    jobs: usize,
    /// Take the numbers of executions of this run as those that exhausted rows must have. Rows that
    /// did not run keep theirs. Refuses if a row is broken.
    #[arg(long, conflicts_with = "list")]
    keep_executions: bool,
    /// Put a mutex around every operation, and check that each exhaustive row notices. Writes
    /// nothing.
    #[arg(long, conflicts_with_all = ["list", "keep_executions", "resume"])]
    one_at_a_time: bool,
    /// Build, print the keys of the checks that are asked for, and run nothing.
    #[arg(long)]
    list: bool,
}

impl Options {
    fn selection(&self) -> Selection {
        Selection {
            filter: self.filter.clone(),
            tier: if self.deep { DEEP_TIER } else { self.tier },
            deep_limit_s: self.deep_limit,
        }
    }
}

impl Selection {
    fn has(&self, row: &Row) -> bool {
        row.tier <= self.tier && self.filter.as_ref().is_none_or(|part| row.key().contains(part))
    }
}

/// Runs the command.
///
/// # Errors
/// Where a check is broken, missing, or nothing was run.
pub(crate) fn run(options: &Options) -> Result<()> {
    let shard = match &options.shard {
        Some(text) => text.parse()?,
        None => Shard::WHOLE,
    };
    let models = [Model::Loom, Model::Porf, Model::Shuttle];
    let executables = models::build_checks(&workspace::root()?, &models)?;
    let mut registered = Vec::new();
    for executable in &executables {
        let rows = run_rows::list(executable)?.into_iter();
        registered.extend(rows.map(|row| Job::new(row, executable)));
    }
    let mut kept = Kept::read()?;
    let keys_of_all: BTreeSet<String> = registered.iter().map(|job| job.row.key()).collect();
    for job in &mut registered {
        if kept.is_left_to_porf(&job.row, |key| keys_of_all.contains(key)) {
            job.row.tier = DEEP_TIER;
        }
    }
    let all: Vec<Row> = registered.iter().map(|job| job.row.clone()).collect();
    let selection = options.selection();
    let asked: Vec<&Row> = all.iter().filter(|row| selection.has(row)).collect();
    ensure!(
        !asked.is_empty(),
        "no check was run: none of {} is asked for; their keys: `cargo xtask checks --deep --list`",
        all.len()
    );
    if options.list {
        let keys = asked.iter().map(|row| row.key()).filter(|key| shard.has(key));
        let listed = keys.inspect(|key| println!("{key}")).count();
        eprintln!("{listed} of {} registered checks are asked for", all.len());
        return Ok(());
    }
    let missing = matrix::missing(&all);
    let plan = Plan {
        build: Build::of(executables.iter().map(PathBuf::as_path))?,
        shard,
        registered: keys(all.iter()),
        asked: keys(asked.into_iter()),
        selection,
    };
    let jobs: Vec<Job<'_>> = registered
        .into_iter()
        .filter(|job| plan.selection.has(&job.row) && shard.has(&job.row.key()))
        .map(|job| limited(job, &plan.selection))
        .collect();
    if options.one_at_a_time {
        return lost::run(&jobs, &kept, options.jobs);
    }
    let output = workspace::output()?;
    let (mut rows, queue) = if options.deep {
        let folder = output.join(format!("queue{}", shard.suffix()));
        let (queue, finished) = Queue::open(&folder, &plan, options.resume)?;
        (run_queue(&jobs, &queue, finished, options.jobs)?, Some(queue))
    } else {
        (run_rows::run(&jobs, options.jobs), None)
    };
    ledger::sort(&mut rows);
    if !options.keep_executions {
        kept.compare(&mut rows);
    }

    // A run of everything leaves no row of an earlier one behind.
    let whole = options.filter.is_none() && shard == Shard::WHOLE;
    all_rows::update(&rows, |row| whole && row.checker != Checker::Fuzz)?;
    Times::read().remember(&rows)?;
    let default = || output.join(format!("ledger{}.json", shard.suffix()));
    let path = options.ledger.clone().unwrap_or_else(default);
    Ledger::new(plan, rows.clone()).write(&path)?;
    // Broken rows are run again by --resume, say after a crash of the machine's making.
    if let Some(queue) = queue
        && !rows.iter().any(Row::is_broken)
    {
        queue.clear()?;
    }
    row_table::print(&rows);
    summary(&rows, all.len(), shard, &path);
    verdict(&rows, jobs.len(), &missing)?;
    if options.keep_executions {
        let changes = kept.keep(&rows, &all)?;
        kept.write()?;
        changes.print();
    }
    let unknown = kept.unknown(&all);
    ensure!(
        unknown.is_empty(),
        "executions are kept of rows that there are not; --keep-executions drops them: {}",
        unknown.join(", ")
    );
    Ok(())
}

fn keys<'a>(rows: impl Iterator<Item = &'a Row>) -> Vec<String> {
    let mut keys: Vec<String> = rows.map(Row::key).collect();
    keys.sort();
    keys
}

/// A deep row has the limit of deep rows; any other has that of its binary, and must not reach it.
fn limited<'a>(job: Job<'a>, selection: &Selection) -> Job<'a> {
    let limit_s = (job.row.tier >= DEEP_TIER).then_some(selection.deep_limit_s);
    Job { limit_s, ..job }
}

/// Runs the `jobs` that are not among the `finished` rows, keeping each; returns all rows.
pub(crate) fn run_queue(
    jobs: &[Job<'_>],
    queue: &Queue,
    mut finished: Vec<Row>,
    workers: usize,
) -> Result<Vec<Row>> {
    let done: BTreeSet<String> = finished.iter().map(Row::key).collect();
    let left: Vec<Job<'_>> =
        jobs.iter().filter(|job| !done.contains(&job.row.key())).cloned().collect();
    if !done.is_empty() {
        eprintln!("{} rows finished, {} left", done.len(), left.len());
    }
    finished.extend(run_rows::run_and_keep(&left, workers, |row| queue.keep(row))?);
    Ok(finished)
}

fn summary(rows: &[Row], registered: usize, shard: Shard, ledger: &Path) {
    let count = |wanted: fn(&Row) -> bool| rows.iter().filter(|row| wanted(row)).count();
    let part = match shard {
        Shard::WHOLE => String::new(),
        shard => format!(" (shard {shard})"),
    };
    let stopped = match count(Row::is_stopped) {
        0 => String::new(),
        rows => format!(", {rows} stopped at their limit, not finished"),
    };
    println!(
        "\n{} of {registered} registered checks run{part}: {} ok, {} of them exhaustive, {} faults caught{stopped}; {} executions; {}",
        rows.len(),
        count(Row::is_ok),
        count(Row::is_exhaustive),
        count(|row| row.is_ok() && row.expect == Expect::Fail),
        rows.iter().map(|row| row.executions).sum::<u64>(),
        ledger.display(),
    );
}

fn verdict(rows: &[Row], asked: usize, missing: &[String]) -> Result<()> {
    ensure!(rows.len() == asked, "{asked} checks were asked for, {} were run", rows.len());
    ensure!(missing.is_empty(), "the matrix has holes: {}", missing.join(", "));
    match rows.iter().filter(|row| row.is_broken()).count() {
        0 => Ok(()),
        broken => bail!("{broken} of {asked} checks are broken"),
    }
}
