//! `stress run`: the matrix of strategies, scenarios and thread counts.

use core::alloc::Layout;

use super::Done;
use crate::cli::{Exit, RunArgs};
use crate::progress::Progress;
use crate::report::{self, FORMAT, Report, Row, ViolationRow};
use crate::rng;
use crate::run::{Outcome, Plan};
use crate::scenario::Scenario;
use crate::steer;
use crate::strategies::{Entry, STRATEGIES};
use crate::subject::Refused;

/// One cell of the matrix.
struct Cell {
    entry: &'static Entry,
    scenario: Scenario,
    threads: usize,
}

/// Runs all cells; a failure of the machine ends the command with what there is so far.
pub(super) fn all(args: &RunArgs) -> Done {
    let layout = match layout(args.block_size) {
        Ok(layout) => layout,
        Err(refused) => return Done::nothing(Exit::Usage, refused.0),
    };
    let seed = args.seed.unwrap_or_else(rng::fresh_seed);
    let cells = cells(args);
    let mut progress = Progress::new(cells.len());
    let mut report = Report {
        format: FORMAT,
        command: "run",
        seed: Some(seed),
        results: Vec::new(),
        classes: Vec::new(),
        violations: Vec::new(),
    };
    let mut trouble = cells.is_empty().then(|| {
        let why = "nothing ran: the scenarios asked for need more threads";
        (Exit::NothingRan, why.to_owned())
    });
    progress.say(&format!("seed {seed}"));
    steer::begin(seed);
    for cell in &cells {
        let Cell { entry, scenario, threads } = *cell;
        let label = format!("{} {} x{threads}", entry.name, scenario.name());
        progress.begin(&label);
        let budget = args.budget();
        let checked = !args.books_only;
        let plan = Plan { scenario, threads, budget, seed, checked, stall: args.stall };
        let outcome = match (entry.run)(layout, args.batch, &plan) {
            Ok(outcome) => outcome,
            Err(refused) => {
                trouble = Some((exit_of(&report), format!("{label}: {refused}")));
                break;
            }
        };
        let row = row(cell, &plan, layout, &outcome);
        progress.end(&format!(
            "{label}: {} ops, {:.1} ns each, {}",
            row.ops, row.ns_per_op, row.verdict
        ));
        report.results.push(row);
        if let Some(first) = outcome.violations.first() {
            steer::follow_up(args, entry.name, scenario, first);
        }
        report.violations.extend(outcome.violations.iter().map(|violation| ViolationRow {
            strategy: entry.name.to_owned(),
            scenario: scenario.name().to_owned(),
            threads,
            what: violation.to_string(),
            again: args.again(entry.name, scenario, threads, seed),
        }));
    }
    progress.finish();
    Done { report: Some(Box::new(report)), trouble }
}

/// What the builder refuses at the first run is a matter of the arguments; later it is not.
fn exit_of(report: &Report) -> Exit {
    if report.results.is_empty() { Exit::Usage } else { Exit::Internal }
}

/// Blocks of `size` bytes, aligned like what fills them.
fn layout(size: usize) -> Result<Layout, Refused> {
    let align = if size == 0 { 1 } else { 1 << size.trailing_zeros().min(4) };
    Layout::from_size_align(size, align).map_err(|error| Refused(error.to_string()))
}

/// The cells that make sense, in the order in which they are run.
fn cells(args: &RunArgs) -> Vec<Cell> {
    let mut cells = Vec::new();
    let names = args.strategies();
    for entry in STRATEGIES.iter().filter(|entry| names.contains(&entry.name)) {
        for scenario in args.scenarios() {
            for threads in args.threads.iter().map(|threads| usize::from(*threads)) {
                if threads >= scenario.min_threads() {
                    cells.push(Cell { entry, scenario, threads });
                }
            }
        }
    }
    cells
}

/// The line of the report for one cell.
fn row(cell: &Cell, plan: &Plan, layout: Layout, outcome: &Outcome) -> Row {
    let seconds = outcome.elapsed.as_secs_f64();
    Row {
        strategy: cell.entry.name.to_owned(),
        mechanism: Some(outcome.mechanism.strategy),
        lock_free: Some(outcome.mechanism.lock_free),
        tag_bits: Some(outcome.mechanism.tag_bits),
        scenario: cell.scenario.name().to_owned(),
        threads: cell.threads,
        block_bytes: Some(layout.size()),
        batch_blocks: outcome.batch,
        ops: outcome.ops,
        seconds,
        ns_per_op: seconds * 1e9 / outcome.ops.max(1) as f64,
        checked_while_timed: plan.checked,
        carved_blocks: Some(outcome.carved_blocks),
        peak_live_blocks: Some(outcome.peak_live_blocks),
        bound_blocks: Some(outcome.bound_blocks),
        stall: plan.stall.map(|stall| stall.to_string()),
        peak_limbo_shells: Some(outcome.peak_limbo_shells),
        limbo_limit: Some(outcome.shelves.limbo_limit),
        overflows: Some(outcome.shelves.overflows),
        shells: Some(outcome.shelves.shells),
        most_shells: Some(outcome.shelves.most_shells),
        violations: outcome.violations.len(),
        verdict: report::verdict(outcome.violations.len()),
    }
}
