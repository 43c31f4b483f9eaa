//! `stress run`: the matrix of strategies, scenarios, checking and thread counts.

use core::alloc::Layout;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use super::done::{Done, interrupted};
use super::end_process;
use crate::checking::Checks;
use crate::cli::{Exit, RunArgs};
use crate::environment::About;
use crate::interrupt;
use crate::progress::Progress;
use crate::report::{self, FORMAT, Findings as _, HangRow, Report, Row, ViolationRow};
use crate::rng;
use crate::run::{Budget, Failure, Outcome, Plan, Shares};
use crate::steer;
use crate::strategies::{Entry, STRATEGIES};
use crate::subject::Refused;
use crate::watchdog::{Hang, Watchdog};

/// One cell of the matrix.
struct Cell {
    entry: &'static Entry,
    plan: Plan,
}

impl Cell {
    fn label(&self) -> String {
        let Plan { scenario, threads, checking, .. } = &self.plan;
        let checking = match checking {
            Checks::Off => String::new(),
            checking => format!(" {}", checking.name()),
        };
        format!("{} {} x{threads}{checking}", self.entry.name, scenario.name())
    }
}

/// Runs all cells; a failure of the machine ends the command with what there is so far.
pub(super) fn all(args: &RunArgs, file: &Path) -> Done {
    let layout = match layout(args.block_size) {
        Ok(layout) => layout,
        Err(refused) => return Done::nothing(Exit::Usage, refused.0),
    };
    let (report, trouble) =
        each(args, layout, file, |cell, plan| (cell.entry.run)(layout, args.batch, plan));
    match trouble {
        // Where nothing ran, what is there from before is worth more.
        Some((exit, why)) if exit != Exit::Interrupted && !report.found_anything() => {
            Done::nothing(exit, why)
        }
        trouble => Done { report: Some(Box::new(report)), trouble },
    }
}

/// Does `run` for each cell, and gives what came of them and what kept it from doing all.
fn each(
    args: &RunArgs,
    layout: Layout,
    file: &Path,
    run: impl Fn(&Cell, &Plan) -> Result<Outcome, Failure>,
) -> (Report, Option<(Exit, String)>) {
    let seed = args.seed.unwrap_or_else(rng::fresh_seed);
    let cells = cells(args, seed);
    let time = match args.budget(cells.len()) {
        Budget::Time(time) => Some(time),
        Budget::Ops(_) => None,
    };
    let progress = Progress::new(cells.len(), time, args.output.interval);
    // Shared with the watchdog, which publishes it when a run hangs.
    let report = Arc::new(Mutex::new(Report {
        format: FORMAT,
        command: "run",
        about: About::this(Some(seed)),
        seed: Some(seed),
        results: Vec::new(),
        classes: Vec::new(),
        violations: Vec::new(),
        hang: None,
    }));
    let mut trouble = cells.is_empty().then(|| {
        let why = "nothing ran: the scenarios asked for need more threads";
        (Exit::NothingRan, why.to_owned())
    });
    progress.say(&format!("seed {seed}"));
    steer::begin(seed);
    for cell in &cells {
        if interrupt::requested() {
            break;
        }
        let label = cell.label();
        progress.begin(&label);
        let watchdog = Some(watchdog(args, cell, &report, file));
        let plan = Plan { watchdog, ..cell.plan.clone() };
        let outcome = match run(cell, &plan) {
            Ok(outcome) => outcome,
            Err(failure) => {
                trouble = Some((exit_of(&failure), format!("{label}: {failure}")));
                break;
            }
        };
        if let Some(unpinned) = outcome.unpinned {
            progress.say(&format!("{label}: {unpinned}"));
        }
        let again = args.again(cell.entry.name, &plan);
        let row = row(cell, layout, &outcome, again);
        let line = match row.ops {
            0 => format!("{label}: {}", row.verdict),
            ops => format!("{label}: {ops} ops, {:.1} ns each, {}", row.ns_per_op, row.verdict),
        };
        progress.end(&line, row.violations);
        let mut report = report.lock().unwrap_or_else(PoisonError::into_inner);
        report.results.push(row);
        if let Some(first) = outcome.violations.first() {
            steer::follow_up(args, cell.entry.name, cell.plan.scenario, first);
        }
        let violations = outcome.violations.iter();
        report.violations.extend(violations.map(|what| violation(args, cell, what.to_string())));
        if args.fail_fast && !report.violations.is_empty() {
            break;
        }
    }
    drop(progress);
    let mut report = report.lock().unwrap_or_else(PoisonError::into_inner).clone();
    report.about.interrupted = interrupt::requested();
    if report.about.interrupted && trouble.is_none() {
        trouble = Some(interrupted(cells.len() - report.results.len()));
    }
    let is_idle = report.found_anything() && report.idle_runs() == report.results.len();
    if is_idle && report.violations.is_empty() && trouble.is_none() {
        let why = "nothing ran: no run did an operation in its time; give them more";
        trouble = Some((Exit::NothingRan, why.to_owned()));
    }
    (report, trouble)
}

/// Ends the command when the run of `cell` hangs.
fn watchdog(args: &RunArgs, cell: &Cell, report: &Arc<Mutex<Report>>, file: &Path) -> Watchdog {
    let (report, file, format) = (Arc::clone(report), file.to_owned(), args.output.format);
    let about = violation(args, cell, String::new());
    let bark = move |hang: &Hang| {
        let told = |what| ViolationRow { what, ..about.clone() };
        let violations = hang.violations.iter().map(|violation| told(violation.to_string()));
        let mut so_far = report.lock().unwrap_or_else(PoisonError::into_inner);
        so_far.violations.extend(violations);
        drop(so_far);
        let ViolationRow { strategy, scenario, threads, what, again } = told(hang.to_string());
        end_process(&report, HangRow { strategy, scenario, threads, what, again }, format, &file)
    };
    Watchdog { after: args.hang_after, bark: Arc::new(bark) }
}

/// The report's line for what was found wrong in the run of `cell`.
fn violation(args: &RunArgs, cell: &Cell, what: String) -> ViolationRow {
    ViolationRow {
        strategy: cell.entry.name.to_owned(),
        scenario: cell.plan.scenario.name().to_owned(),
        threads: cell.plan.threads,
        what,
        again: args.again(cell.entry.name, &cell.plan),
    }
}

/// What the builder refuses is a matter of the arguments; a lack of threads or memory is the
/// machine's.
fn exit_of(failure: &Failure) -> Exit {
    match failure {
        Failure::Subject(_) => Exit::Usage,
        Failure::Memory | Failure::Threads { .. } => Exit::Internal,
    }
}

/// Blocks of `size` bytes, aligned like what fills them.
fn layout(size: usize) -> Result<Layout, Refused> {
    let align = if size == 0 { 1 } else { 1 << size.trailing_zeros().min(4) };
    Layout::from_size_align(size, align).map_err(|error| Refused(error.to_string()))
}

/// The cells that make sense, in the order in which they are run.
fn cells(args: &RunArgs, seed: u64) -> Vec<Cell> {
    let names = args.strategies();
    let mut cells: Vec<Cell> = Vec::new();
    for entry in STRATEGIES.iter().filter(|entry| names.contains(&entry.name)) {
        for scenario in args.scenarios() {
            for (nth, threads) in args.threads.iter().enumerate() {
                // `2,max` is one run where two run at once.
                let is_again = args.threads[..nth].contains(threads);
                let threads = usize::from(*threads);
                if is_again || threads < scenario.min_threads() {
                    continue;
                }
                for checking in &args.checking {
                    let plan = Plan {
                        checked: !args.books_only,
                        histories: args.histories,
                        stall: args.stall,
                        checking: *checking,
                        pin: args.pin,
                        batch_up_to: args.batch_up_to,
                        // The budget depends on how many there are.
                        ..Plan::new(scenario, threads, args.budget(1), seed)
                    };
                    cells.push(Cell { entry, plan });
                }
            }
        }
    }
    let budget = args.budget(cells.len());
    cells.iter_mut().for_each(|cell| cell.plan.budget = budget);
    cells
}

/// The line of the report for one cell.
fn row(cell: &Cell, layout: Layout, outcome: &Outcome, again: String) -> Row {
    let plan = &cell.plan;
    let seconds = outcome.elapsed.as_secs_f64();
    let shares = outcome.shares.as_ref();
    Row {
        strategy: cell.entry.name.to_owned(),
        mechanism: Some(outcome.mechanism.strategy),
        lock_free: Some(outcome.mechanism.lock_free),
        tag_bits: Some(outcome.mechanism.tag_bits),
        scenario: plan.scenario.name().to_owned(),
        checking: Some(plan.checking.name()),
        pinned: Some(plan.pin && outcome.unpinned.is_none()),
        max_carved_blocks: outcome.max_carved_blocks,
        refusals: Some(outcome.refusals),
        shares: shares.map(|shares| shares.0.clone()),
        fairness: shares.and_then(Shares::fairness),
        threads: plan.threads,
        block_bytes: Some(layout.size()),
        batch_blocks: outcome.batch,
        most_batch_blocks: outcome.most_batch,
        ops: outcome.ops,
        seconds,
        ns_per_op: seconds * 1e9 / outcome.ops.max(1) as f64,
        checked_while_timed: plan.checked,
        carved_blocks: Some(outcome.carved_blocks),
        peak_live_blocks: Some(outcome.peak_live_blocks),
        bound_blocks: Some(outcome.bound_blocks),
        exchanges: None,
        stall: plan.held_up().map(|stall| stall.to_string()),
        peak_limbo_magazines: Some(outcome.peak_limbo_magazines),
        limbo_limit: Some(outcome.magazine_counts.limbo_limit),
        overflows: Some(outcome.magazine_counts.overflows),
        cas_failures: Some(outcome.magazine_counts.cas_failures),
        magazines: Some(outcome.magazine_counts.magazines),
        most_magazines: Some(outcome.magazine_counts.most_magazines),
        memory: outcome.memory.clone(),
        again,
        violations: outcome.violations.len(),
        verdict: report::verdict_on_run(outcome.ops, outcome.violations.len()),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::cli::{Cli, Command};
    use crate::oracle::violation::Violation;

    /// Five runs, whose outcomes `change` changes.
    fn changed(
        words: &str,
        change: impl Fn(&str, &mut Outcome),
    ) -> (Report, Option<(Exit, String)>) {
        let words = format!("stress run --scenario one-block --threads 1 --ops 10 {words}");
        let cli = Cli::try_parse_from(words.split_whitespace()).expect("fine");
        let Command::Run(args) = cli.command else { panic!("run is run") };
        let layout = layout(64).expect("a layout");
        let run = |cell: &Cell, plan: &Plan| {
            let mut outcome = (cell.entry.run)(layout, args.batch, plan)?;
            change(cell.entry.name, &mut outcome);
            Ok(outcome)
        };
        each(&args, layout, Path::new("run.json"), run)
    }

    /// Five runs, of which the second and the fourth find something.
    fn report(words: &str) -> Report {
        let (report, trouble) = changed(words, |strategy, outcome| {
            if [STRATEGIES[1].name, STRATEGIES[3].name].contains(&strategy) {
                outcome.violations.push(Violation::Unbalanced { carved: 3, live: 1, idle: 1 });
            }
        });
        assert_eq!(trouble, None);
        report
    }

    #[test]
    fn a_violation_ends_the_command_if_told_to() {
        let all = report("");
        assert_eq!((all.results.len(), all.violations.len()), (STRATEGIES.len(), 2));
        assert!(all.violations[0].again.contains("--scenario one-block --threads 1 --ops 10"));
        let first = report("--fail-fast");
        assert_eq!((first.results.len(), first.violations.len()), (2, 1));
        assert_eq!(first.violations[0].strategy, STRATEGIES[1].name);
    }

    #[test]
    fn a_run_without_an_operation_is_not_ok() {
        let idle = |strategy: &str, outcome: &mut Outcome| {
            if strategy != STRATEGIES[0].name {
                outcome.ops = 0;
            }
        };
        let (report, trouble) = changed("", idle);
        assert_eq!((report.idle_runs(), trouble), (STRATEGIES.len() - 1, None));
        assert_eq!((report.results[0].verdict, report.results[1].verdict), ("ok", "nothing done"));
        let (_, trouble) = changed("", |_, outcome| outcome.ops = 0);
        assert_eq!(trouble.map(|(exit, _)| exit), Some(Exit::NothingRan));
    }
}
