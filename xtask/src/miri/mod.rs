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

use std::fs;

use anyhow::{Result, ensure};
use comfy_table::Table;

use crate::common::{nightly, terminal, workspace};
use call::{Call, Row};
use plan::{Borrows, PROGRAMS_LEFT_OUT};

/// The report, in the output folder.
pub(crate) const REPORT: &str = "miri.json";

/// The target of the quick run.
const X86_64: &str = "x86_64-unknown-linux-gnu";

/// The targets of the deep run beside it: 32 bits, another processor, big endian.
const DEEP: [&str; 3] =
    ["i686-unknown-linux-gnu", "aarch64-unknown-linux-gnu", "s390x-unknown-linux-gnu"];

/// What to run.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// The target to interpret.
    #[arg(long, default_value = X86_64, conflicts_with = "deep")]
    target: String,
    /// How many seeds each test runs under. Without `--deep`, programs that start no thread run
    /// under the first one alone.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..1000))]
    seeds: u32,
    /// The first seed.
    #[arg(long, default_value_t = 0)]
    first_seed: u32,
    /// The tests that take long too, and Tree Borrows; i686, aarch64 and s390x, under one seed
    /// each.
    #[arg(long)]
    deep: bool,
    /// Only tests whose names contain this.
    #[arg(long)]
    filter: Option<String>,
}

impl Options {
    fn calls(&self) -> Vec<Call> {
        let mut targets = vec![(self.target.clone(), self.seeds)];
        if self.deep {
            targets.extend(DEEP.map(|target| (target.to_owned(), 1)));
        }
        let call = |target: &String, seeds, borrows| Call {
            target: target.clone(),
            borrows,
            seeds: (self.first_seed, seeds),
            filter: self.filter.clone(),
            deep: self.deep,
        };
        let models: &[Borrows] =
            if self.deep { &[Borrows::Stacked, Borrows::Tree] } else { &[Borrows::Stacked] };
        let calls = targets.iter().flat_map(|(target, seeds)| {
            models.iter().map(move |&borrows| call(target, *seeds, borrows))
        });
        calls.collect()
    }
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
    for call in options.calls() {
        let log = output.join(format!("miri-{}-{}.log", call.target, call.borrows.name()));
        let (more, strategies) = call.run(&log)?;
        for strategy in strategies {
            println!("{}, {} borrows: {strategy}", call.target, call.borrows.name());
        }
        rows.extend(more);
    }
    // With a filter, most programs have no test to run.
    rows.retain(|row| options.filter.is_none() || row.tests > 0 || row.outcome == "bad");
    fs::write(output.join(REPORT), serde_json::to_string_pretty(&rows)? + "\n")?;
    println!("{}", table(&rows));
    for out in PROGRAMS_LEFT_OUT.iter().chain(Borrows::Stacked.left_out(options.deep)) {
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
