//! `cargo xtask miri`: the library's tests in an interpreter that reports undefined behaviour.
//!
//! Miri also emulates weak memory and chooses what each thread does next by a seed, so a test with
//! threads runs under several seeds. It sees only what the tests do, and stands for no proof. Other
//! targets than this machine's are interpreted alike: 32 bits, another word order, no 128-bit
//! compare-exchange.
//!
//! [`plan`] lists which tests run, and which are left out for what reason.

mod call;
mod plan;

use core::sync::atomic::{AtomicUsize, Ordering};
use std::fs;
use std::path::Path;
use std::thread;

use anyhow::{Result, bail, ensure};
use comfy_table::Table;

use crate::common::{nightly, terminal, workspace};
use call::{Call, Row, Seed};
use plan::{Borrows, Depth, PROGRAMS_LEFT_OUT};

/// The report, in the output folder.
pub(crate) const REPORT: &str = "miri.json";

/// Seeds that run at the same time.
const AT_ONCE: usize = 2;

/// The target of the quick run.
const X86_64: &str = "x86_64-unknown-linux-gnu";

/// The targets of the deep run beside it: 32 bits, another processor, big endian.
const DEEP: [&str; 3] =
    ["i686-unknown-linux-gnu", "aarch64-unknown-linux-gnu", "s390x-unknown-linux-gnu"];

/// What to run.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// The target to interpret, alone. By default x86-64, and with `--deep` three others too.
    #[arg(long)]
    target: Option<String>,
    /// How many seeds the quick tests run under that start threads. All others run under the first
    /// one alone.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..1000))]
    seeds: u32,
    /// The first seed.
    #[arg(long, default_value_t = 0)]
    first_seed: u32,
    /// The tests that take long too, and Tree Borrows; a part of the tests for i686, aarch64 and
    /// s390x, under one seed. Takes hours; `--target`, `--borrows` and `--program` choose a part.
    #[arg(long)]
    deep: bool,
    /// One model of aliasing alone, of the two of the deep run.
    #[arg(long, value_enum, requires = "deep")]
    borrows: Option<Borrows>,
    /// Only this integration test, or `lib` for the unit tests. May be given several times.
    #[arg(long, value_name = "NAME")]
    program: Vec<String>,
    /// Only tests whose names contain this.
    #[arg(long)]
    filter: Option<String>,
}

impl Options {
    /// What to run: each call has a program.
    ///
    /// # Errors
    /// Where no call has a program that was asked for.
    fn calls(&self) -> Result<Vec<Call>> {
        let call = |target: &str, borrows: Borrows, seeds, depth| Call {
            target: target.to_owned(),
            borrows,
            seeds: (self.first_seed, seeds),
            programs: borrows
                .programs(depth)
                .into_iter()
                .filter(|name| {
                    self.program.is_empty() || self.program.iter().any(|one| one == name)
                })
                .collect(),
            filter: self.filter.clone(),
            depth,
        };
        let mut calls: Vec<Call> = if self.deep {
            let targets = match &self.target {
                Some(target) => vec![&**target],
                None => [&[X86_64], &DEEP[..]].concat(),
            };
            let both = |target: &&str| {
                let (seeds, depth) = match *target {
                    X86_64 => (self.seeds, Depth::Whole),
                    _ => (1, Depth::OtherTarget),
                };
                [Borrows::Stacked, Borrows::Tree].map(|borrows| call(target, borrows, seeds, depth))
            };
            targets.iter().flat_map(both).collect()
        } else {
            let target = self.target.as_deref().unwrap_or(X86_64);
            vec![call(target, Borrows::Stacked, self.seeds, Depth::Quick)]
        };
        calls.retain(|call| self.borrows.is_none_or(|borrows| call.borrows == borrows));
        let runs = |name: &str| calls.iter().any(|call| call.programs.contains(&name));
        if let Some(name) = self.program.iter().find(|name| !runs(name)) {
            bail!("no program {name} runs here; xtask/src/miri/plan.rs lists them");
        }
        calls.retain(|call| !call.programs.is_empty());
        Ok(calls)
    }
}

/// Runs each call under each of its seeds, [`AT_ONCE`] at a time, and returns what came of each call.
/// Each seed has a process of its own, so that the lines of two never mix; its output goes to a file
/// with the seed in the name.
///
/// # Errors
/// Where Miri cannot be started.
fn run_all(calls: &[Call], output: &Path) -> Result<Vec<Vec<Seed>>> {
    let jobs: Vec<(usize, u32)> = calls
        .iter()
        .enumerate()
        .flat_map(|(nth, call)| call.each_seed().map(move |seed| (nth, seed)))
        .collect();
    let next = AtomicUsize::new(0);
    let work = || -> Result<Vec<(usize, Seed)>> {
        let mut ended = Vec::new();
        while let Some(&(nth, seed)) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
            let Call { target, borrows, .. } = &calls[nth];
            let log = output.join(format!("miri-{target}-{}.{seed}.log", borrows.name()));
            ended.push((nth, calls[nth].run_seed(seed, &log)?));
        }
        Ok(ended)
    };
    let mut of_calls: Vec<Vec<Seed>> = calls.iter().map(|_| Vec::new()).collect();
    let ended = thread::scope(|threads| {
        let workers: Vec<_> = (0..AT_ONCE).map(|_| threads.spawn(work)).collect();
        workers.into_iter().map(|one| one.join().expect("no panic")).collect::<Result<Vec<_>>>()
    })?;
    for (nth, seed) in ended.into_iter().flatten() {
        of_calls[nth].push(seed);
    }
    of_calls.iter_mut().for_each(|seeds| seeds.sort_by_key(Seed::number));
    Ok(of_calls)
}

/// Runs the command.
///
/// # Errors
/// Where a test fails under some seed, or none ran.
pub(crate) fn run(options: &Options) -> Result<()> {
    if let Some(reason) = missing() {
        skips::skip("miri", reason);
        return Ok(());
    }
    let output = workspace::output()?;
    let mut rows = Vec::new();
    let calls = options.calls()?;
    for (call, ended) in calls.iter().zip(run_all(&calls, &output)?) {
        let (more, strategies) = call.result(&ended);
        for strategy in strategies {
            println!("{}, {} borrows: {strategy}", call.target, call.borrows.name());
        }
        rows.extend(more);
    }
    // With a filter, most programs have no test to run.
    rows.retain(|row| options.filter.is_none() || row.tests > 0 || row.outcome == "bad");
    fs::write(output.join(REPORT), serde_json::to_string_pretty(&rows)? + "\n")?;
    println!("{}", table(&rows));
    for out in PROGRAMS_LEFT_OUT.iter().chain(Borrows::Stacked.left_out(if options.deep {
        Depth::Whole
    } else {
        Depth::Quick
    })) {
        println!("left out: {}: {}", out.name, out.why);
    }
    verdict(&rows, options.filter.is_none())
}

/// Why Miri cannot run here, if it cannot.
fn missing() -> Option<&'static str> {
    (!nightly::has_subcommand("miri"))
        .then_some("rustup component add miri rust-src --toolchain nightly")
}

fn verdict(rows: &[Row], whole: bool) -> Result<()> {
    let bad: Vec<&Row> = rows.iter().filter(|row| row.outcome == "bad").collect();
    for row in &bad {
        println!(
            "\nbad: {} {} {}: {}\n  again: {}",
            row.target, row.borrows, row.program, row.detail, row.again
        );
    }
    let runs: u64 = rows.iter().map(|row| row.tests * u64::from(row.passed)).sum();
    let tests: u64 = rows.iter().map(|row| row.tests).sum();
    let seconds: f64 = rows.iter().map(|row| row.seconds).sum();
    println!(
        "\n{tests} tests, {runs} runs in {seconds:.0} s: {} of {} programs without undefined behaviour",
        rows.len() - bad.len(),
        rows.len()
    );
    ensure!(bad.is_empty(), "{} of {} programs are bad under Miri", bad.len(), rows.len());
    ensure!(tests > 0, "no test was run");
    let empty = rows.iter().find(|row| whole && row.tests == 0);
    ensure!(empty.is_none(), "a program ran no test: {empty:?}");
    Ok(())
}

fn table(rows: &[Row]) -> Table {
    let mut table =
        terminal::table(["target", "borrows", "program", "seeds", "tests", "s", ""], [3, 4, 5]);
    for row in rows {
        table.add_row([
            row.target.clone(),
            row.borrows.to_owned(),
            row.program.clone(),
            format!("{}/{}", row.passed, row.seeds),
            row.tests.to_string(),
            format!("{:.1}", row.seconds),
            row.outcome.to_owned(),
        ]);
    }
    table
}
