//! `stress latency`: every strategy, checking and number of threads, one after the other.

use super::done::{Done, interrupted};
use crate::cli::{Exit, LatencyArgs};
use crate::environment::About;
use crate::interrupt;
use crate::latency::clock::{self, Calibration};
use crate::latency::report::{LatencyReport, LatencyRow};
use crate::latency::{Kind, Outcome, Plan};
use crate::progress::Progress;
use crate::report::{self, FORMAT, ViolationRow};
use crate::rng;
use crate::strategies::{Entry, STRATEGIES};

/// Runs all; a failure of the machine ends the command with what there is so far.
pub(super) fn all(args: &LatencyArgs) -> Done {
    let seed = args.seed.unwrap_or_else(rng::fresh_seed);
    let cells = cells(args, seed);
    let count = cells.len();
    let progress = Progress::new(count, Some(args.duration), args.output.interval);
    progress.say(&format!("seed {seed}"));
    // The clock is compared with the system's over the whole command: the longer the better.
    let calibration = Calibration::begin();
    let mut done: Vec<(&Entry, Plan, Outcome)> = Vec::new();
    let mut trouble = None;
    for (entry, plan) in cells {
        if interrupt::requested() {
            break;
        }
        let label = format!("{} {} x{}", entry.name, plan.checking.name(), plan.threads);
        progress.begin(&label);
        let outcome = match (entry.latency)(&plan) {
            Ok(outcome) => outcome,
            Err(refused) => {
                let exit = if done.is_empty() { Exit::Usage } else { Exit::Internal };
                trouble = Some((exit, format!("{label}: {refused}")));
                break;
            }
        };
        let counts = Kind::ALL.map(|kind| {
            let calls = outcome.tally.of(kind).len();
            format!("{calls} {}", kind.name())
        });
        let verdict = report::verdict(outcome.violations.len());
        let line = format!("{label}: {}, {verdict}", counts.join(", "));
        progress.end(&line, outcome.violations.len());
        done.push((entry, plan, outcome));
    }
    drop(progress);
    if done.is_empty()
        && let Some((exit, why)) = trouble
    {
        return Done::nothing(exit, why);
    }
    let rate = calibration.end();
    if interrupt::requested() && trouble.is_none() {
        trouble = Some(interrupted(count - done.len()));
    }
    let mut report = LatencyReport {
        format: FORMAT,
        command: "latency",
        about: About::this(Some(seed)),
        seed,
        cycles_per_ns: clock::IS_CYCLES.then_some(rate),
        results: Vec::new(),
        violations: Vec::new(),
    };
    for (entry, plan, outcome) in &done {
        report.results.push(LatencyRow::new(
            entry.name,
            plan,
            outcome,
            rate,
            args.again(entry.name, plan),
        ));
        report.violations.extend(outcome.violations.iter().map(|violation| ViolationRow {
            strategy: entry.name.to_owned(),
            scenario: format!("latency, checking {}", plan.checking.name()),
            threads: plan.threads,
            what: violation.to_string(),
            again: args.again(entry.name, plan),
        }));
    }
    Done { report: Some(Box::new(report)), trouble }
}

/// What is run, in that order.
fn cells(args: &LatencyArgs, seed: u64) -> Vec<(&'static Entry, Plan)> {
    let names = args.strategies();
    let mut cells = Vec::new();
    for entry in STRATEGIES.iter().filter(|entry| names.contains(&entry.name)) {
        for checking in &args.checking {
            for threads in &args.threads {
                let (checking, threads) = (*checking, usize::from(*threads));
                let (batch, duration) = (usize::from(args.batch), args.duration);
                cells.push((entry, Plan { checking, threads, batch, duration, seed }));
            }
        }
    }
    cells
}
