//! Compares loom with shuttle on random small programs. Built and run by `cargo xtask fuzz-loom`.
//!
//! Prints one row of `checks.json` per shape on stdout, progress and misses on stderr.

use core::sync::atomic::{AtomicU64, Ordering};
use std::process::ExitCode;
use std::sync::Mutex;
use std::time::Instant;

use clap::Parser;
use ledger::{Checker, Expect, Limit, Row, Verdict};
use loom_tests::program::Program;
use shuttle_tests::fuzz::{Comparison, compare, generate};

/// Threads, operations of each.
type Shape = (usize, usize);

/// Differential fuzzing of loom.
#[derive(Parser)]
struct Options {
    /// Programs of each shape: 2x2, 2x3, 3x2 (threads x operations).
    #[arg(long, num_args = 3, default_values_t = [300, 300, 100])]
    programs: Vec<u64>,
    /// Other seed, other programs.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Programs at a time.
    #[arg(long, default_value_t = 2)]
    jobs: usize,
    /// Compare this one program.
    #[arg(long)]
    program: Option<Program>,
    /// What to put before `--program` when a miss is reported.
    #[arg(long, default_value = "fuzz")]
    command: String,
}

const SHAPES: [Shape; 3] = [(2, 2), (2, 3), (3, 2)];

fn main() -> ExitCode {
    let options = Options::parse();
    let ok = match &options.program {
        Some(program) => {
            let comparison = compare(program);
            println!("{comparison:#?}");
            comparison.fault.is_none() && comparison.missed.is_empty()
        }
        None => fuzz(&options),
    };
    ExitCode::from(u8::from(!ok))
}

fn fuzz(options: &Options) -> bool {
    let shapes = SHAPES.into_iter().zip(&options.programs).filter(|(_, count)| **count > 0);
    shapes.fold(true, |ok, (shape, &count)| {
        let row = fuzz_shape(options, shape, count);
        println!("{}", serde_json::to_string(&row).expect("a row is plain data"));
        ok && row.is_ok()
    })
}

/// Compares `count` programs of one shape.
fn fuzz_shape(options: &Options, (threads, ops): Shape, count: u64) -> Row {
    let start = Instant::now();
    let next = AtomicU64::new(0);
    let total = Mutex::new(Total::default());
    let work = || {
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed); // a number, nothing else is shared
            if number >= count {
                return;
            }
            let program = generate(options.seed, threads, ops, number);
            let comparison = compare(&program);
            report(options, &program, &comparison);
            let mut total = total.lock().expect("no worker panics");
            total.add(&comparison);
            if total.programs % 50 == 0 || total.programs == count {
                eprintln!(
                    "{threads}x{ops}: {}/{count} programs, {}",
                    total.programs,
                    total.words()
                );
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..options.jobs.max(1) {
            scope.spawn(work);
        }
    });
    let total = total.into_inner().expect("no worker panics");
    let shape = format!("{threads}x{ops}");
    let ok = total.programs == count && total.bad == 0 && total.outcomes > 0;
    Row {
        executions: total.executions,
        outcomes_expected: total.outcomes,
        outcomes_seen: total.outcomes - total.missed,
        seconds: start.elapsed().as_secs_f64(),
        verdict: if ok { Verdict::Ok } else { Verdict::Broken },
        detail: total.words(),
        ..Row::not_run("loom", shape, Checker::Fuzz, 0, Limit::Bounded(count), Expect::Pass)
    }
}

fn report(options: &Options, program: &Program, comparison: &Comparison) {
    let Comparison { missed, fault, .. } = comparison;
    if missed.is_empty() && fault.is_none() {
        return;
    }
    eprintln!("\nloom misses {missed:?} {}", fault.as_deref().unwrap_or_default());
    eprintln!("  of {program}\n  again: {} --program '{program}'", options.command);
}

/// The sum of comparisons.
#[derive(Default)]
struct Total {
    programs: u64,
    bad: u64,
    executions: u64,
    outcomes: usize,
    missed: usize,
}

impl Total {
    fn add(&mut self, comparison: &Comparison) {
        self.programs += 1;
        self.bad += u64::from(!comparison.missed.is_empty() || comparison.fault.is_some());
        self.executions += comparison.executions;
        self.outcomes += comparison.outcomes;
        self.missed += comparison.missed.len();
    }

    fn words(&self) -> String {
        format!(
            "{} programs with missed outcomes or faults, {} of {} outcomes missed",
            self.bad, self.missed, self.outcomes
        )
    }
}
