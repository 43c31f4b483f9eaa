//! Compares a checker with the enumerator on random programs, or on one program.

use core::sync::atomic::{AtomicU64, Ordering};
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Mutex;
use std::thread;

use anyhow::Result;
use clap::{Parser, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};
use porf_tests::run::{Failure, Tally, examine};
use porf_tests::{Loom, Porf};
use rc11_reference::{Checker, Program, Size, executions, random_program, random_ring};
use serde_json::json;

/// Which checker.
#[derive(Clone, Copy, ValueEnum)]
enum Subject {
    Porf,
    Loom,
}

/// Compares a checker with all executions of RC11, found by brute force.
#[derive(Parser)]
struct Options {
    /// How many programs of each number of threads.
    #[arg(long, default_value_t = 1_000)]
    programs: u64,
    /// Another seed, other programs.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The number of the first program.
    #[arg(long, default_value_t = 0)]
    first: u64,
    /// The numbers of threads.
    #[arg(long, value_delimiter = ',', default_value = "2,3")]
    threads: Vec<usize>,
    /// The greatest number of steps of a thread, instead of the usual one.
    #[arg(long)]
    steps: Option<usize>,
    /// The greatest effort of the enumerator, instead of the usual one.
    #[arg(long)]
    effort: Option<u64>,
    /// Programs whose threads stand in a ring, as those of litmus tests, instead of any programs.
    #[arg(long)]
    rings: bool,
    /// The checker.
    #[arg(long, value_enum, default_value = "porf")]
    checker: Subject,
    /// Programs at a time.
    #[arg(long, default_value_t = 2)]
    jobs: usize,
    /// Ends after so many differences.
    #[arg(long, default_value_t = 20)]
    failures: usize,
    /// Compares this program only, and shows its executions.
    #[arg(long, value_name = "PROGRAM")]
    program: Option<Program>,
    /// Where the result is written.
    #[arg(long, default_value = "target/stampool/rc11-compare.json")]
    output: PathBuf,
}

fn size(options: &Options, threads: usize) -> Size {
    let usual = Size::of(threads);
    Size {
        steps: options.steps.unwrap_or(usual.steps),
        effort: options.effort.unwrap_or(usual.effort),
        ..usual
    }
}

/// What was found so far.
#[derive(Default)]
struct Found {
    tally: Tally,
    failures: Vec<(usize, Failure)>,
}

fn compare_random<C: Checker>(options: &Options) -> Found {
    let found = Mutex::new(Found::default());
    let total = options.programs * options.threads.len() as u64;
    let style = "{wide_bar} {pos}/{len} programs, {eta} left, {msg}";
    let style = ProgressStyle::with_template(style).expect("the template is correct");
    let bar = ProgressBar::new(total).with_style(style);
    for threads in &options.threads {
        let size = size(options, *threads);
        let next = AtomicU64::new(options.first);
        let work = || {
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= options.first + options.programs {
                    return;
                }
                let program = if options.rings {
                    random_ring(*threads, options.seed, number)
                } else {
                    random_program(&size, options.seed, number)
                };
                let (tally, failure) = examine::<C>(number, &program);
                let mut found = found.lock().expect("no thread panics");
                found.tally += tally;
                if let Some(failure) = failure {
                    bar.suspend(|| println!("{threads} threads, {failure}"));
                    found.failures.push((*threads, failure));
                }
                bar.set_message(format!("{} differ", found.failures.len()));
                bar.inc(1);
                if found.failures.len() >= options.failures {
                    return;
                }
            }
        };
        thread::scope(|scope| {
            for _ in 0..options.jobs {
                scope.spawn(work);
            }
        });
    }
    bar.finish_and_clear();
    found.into_inner().expect("no thread panics")
}

fn write(options: &Options, found: &Found) -> Result<()> {
    let failures = found.failures.iter().map(|(threads, failure)| {
        json!({
            "threads": threads,
            "number": failure.number,
            "program": failure.program.to_string(),
            "smallest": failure.smallest.to_string(),
            "difference": failure.difference.to_string().lines().collect::<Vec<_>>(),
        })
    });
    let result = json!({
        "checker": options.checker.to_possible_value().map(|value| value.get_name().to_owned()),
        "seed": options.seed,
        "first": options.first,
        "threads": options.threads,
        "rings": options.rings,
        "sizes": options.threads.iter().map(|n| format!("{:?}", size(options, *n))).collect::<Vec<_>>(),
        "programs": found.tally.programs,
        "executions": found.tally.executions,
        "outcomes": found.tally.outcomes,
        "blocked": found.tally.blocked,
        "differ": found.tally.failing,
        "failures": failures.collect::<Vec<_>>(),
    });
    if let Some(folder) = options.output.parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::write(&options.output, format!("{result:#}\n"))?;
    Ok(())
}

/// Shows one program, and whether the two agree on it.
fn compare_one<C: Checker>(program: &Program) -> Result<bool> {
    let real = executions(program);
    let mut out = io::stdout().lock();
    writeln!(out, "{program}\n{} outcomes:", real.outcomes.len())?;
    real.outcomes.iter().try_for_each(|outcome| writeln!(out, "  {outcome}"))?;
    writeln!(out, "{} graphs:", real.graphs.len())?;
    real.graphs.iter().try_for_each(|graph| writeln!(out, "  {graph}"))?;
    match examine::<C>(0, program).1 {
        None => writeln!(out, "equal")?,
        Some(failure) => {
            writeln!(out, "{failure}")?;
            return Ok(false);
        }
    }
    Ok(true)
}

fn run<C: Checker>(options: &Options) -> Result<bool> {
    if let Some(program) = &options.program {
        return compare_one::<C>(program);
    }
    // A checker that fails in a model panics, which the comparison reports by itself.
    std::panic::set_hook(Box::new(|_| {}));
    let found = compare_random::<C>(options);
    write(options, &found)?;
    let Tally { programs, executions, outcomes, blocked, failing } = found.tally;
    let verdict = if failing == 0 { "equal" } else { "NOT EQUAL" };
    println!(
        "{verdict}: {programs} programs, {executions} executions, {outcomes} outcomes, {blocked} given up; \
         {failing} programs differ (seed {}); {}",
        options.seed,
        options.output.display()
    );
    Ok(failing == 0)
}

fn main() -> Result<ExitCode> {
    let options = Options::parse();
    let equal = match options.checker {
        Subject::Porf => run::<Porf>(&options)?,
        Subject::Loom => run::<Loom>(&options)?,
    };
    Ok(if equal { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
