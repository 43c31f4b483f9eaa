//! `bench`: measures the workloads and prints a table or JSON.

use core::time::Duration;
use std::io::{IsTerminal, stderr};
use std::process::ExitCode;

use benches::contenders::{Suite, contenders};
use benches::report::{Report, Row};
use benches::rounds::interleave;
use benches::subject::SIZES;
use benches::workload::Workload;
use clap::builder::PossibleValuesParser;
use clap::builder::TypedValueParser;
use clap::{Parser, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};

/// Measures pools against what one would use instead. Ratios within one run count.
#[derive(Parser)]
struct Options {
    /// Workloads, by their names or how these begin: `hit`, `hit/1`, `producer-consumer/1P1C/64`.
    /// Without it: all.
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    workload: Vec<String>,
    /// Numbers of threads, for the workloads in which all do the same.
    #[arg(long, value_name = "N", value_delimiter = ',', default_value = "1,2", value_parser = threads)]
    threads: Vec<usize>,
    /// Sizes of block in bytes.
    #[arg(long, value_name = "BYTES", value_delimiter = ',', default_value = "64", value_parser = sizes())]
    sizes: Vec<usize>,
    /// Which subjects.
    #[arg(long, value_enum, default_value_t = Suite::Peers)]
    suite: Suite,
    /// Only subjects whose name contains this.
    #[arg(long, value_name = "SUBSTR")]
    subject: Option<String>,
    /// Rounds: turns of each subject.
    #[arg(long, value_name = "N", default_value_t = 9, value_parser = clap::value_parser!(u16).range(1..))]
    rounds: u16,
    /// Length of a turn in milliseconds, about; five times that where there are more threads than
    /// cores. Short ones fit between other work.
    #[arg(long, value_name = "MS", default_value_t = 2, value_parser = clap::value_parser!(u64).range(1..))]
    turn_ms: u64,
    /// Names of workloads that are chosen, and no run.
    #[arg(long)]
    list: bool,
    /// What to print.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// Exit with 2 unless every promised ratio was measured and met.
    #[arg(long)]
    check: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Table,
    Json,
}

/// Threads of one workload. More than this is a mistake.
fn threads(text: &str) -> Result<usize, String> {
    let threads = text.parse().map_err(|_| "a number".to_owned())?;
    if (1..=256).contains(&threads) { Ok(threads) } else { Err("from 1 to 256".into()) }
}

fn sizes() -> impl TypedValueParser<Value = usize> {
    let names = SIZES.map(|size| size.to_string().leak() as &'static str);
    PossibleValuesParser::new(names).map(|size| size.parse().expect("one of the numbers"))
}

fn main() -> ExitCode {
    let options = Options::parse();
    let workloads = match chosen(&options) {
        Ok(workloads) => workloads,
        Err(pattern) => {
            eprintln!("error: no workload is called {pattern}; --list tells their names");
            return ExitCode::FAILURE;
        }
    };
    if options.list {
        workloads.iter().for_each(|workload| println!("{workload}"));
        return ExitCode::SUCCESS;
    }
    let rows: Vec<Row> =
        workloads.into_iter().flat_map(|workload| run(workload, &options)).collect();
    if rows.is_empty() {
        eprintln!("error: no subject has such a name");
        return ExitCode::FAILURE;
    }
    let report = Report::new(options.rounds.into(), options.turn_ms, rows);
    match options.format {
        Format::Table => print!("{report}"),
        Format::Json => {
            println!(
                "{}",
                serde_json::to_string_pretty(&report).expect("a report has a JSON form")
            );
        }
    }
    let all_met = !report.bars.is_empty() && report.bars.iter().all(|bar| bar.met);
    if options.check && !all_met { ExitCode::from(2) } else { ExitCode::SUCCESS }
}

/// The workloads asked for, or the name that none has.
fn chosen(options: &Options) -> Result<Vec<Workload>, String> {
    let mut all = Workload::list(&options.threads, &options.sizes);
    if options.workload.is_empty() {
        return Ok(all);
    }
    for pattern in &options.workload {
        if !all.iter().any(|workload| workload.is_named(pattern)) {
            return Err(pattern.clone());
        }
    }
    all.retain(|workload| options.workload.iter().any(|pattern| workload.is_named(pattern)));
    Ok(all)
}

fn run(workload: Workload, options: &Options) -> Vec<Row> {
    let mut contenders = contenders(workload, options.suite);
    contenders.retain(|one| options.subject.as_ref().is_none_or(|part| one.name.contains(part)));
    let rounds = usize::from(options.rounds);
    let bar = progress(workload, options.rounds);
    // Shorter than the system's own turns, a turn of a crowd is a matter of luck.
    let longer = if workload.is_crowded() { 5 } else { 1 };
    if !contenders.is_empty() {
        let turn = Duration::from_millis(options.turn_ms * longer);
        interleave(&mut contenders, rounds, turn, || bar.inc(1));
    }
    bar.finish_and_clear();
    contenders.iter().map(|contender| Row::new(workload, contender, rounds)).collect()
}

fn progress(workload: Workload, rounds: u16) -> ProgressBar {
    if !stderr().is_terminal() {
        eprintln!("measuring {workload}: {rounds} rounds");
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{msg} {bar:30} round {pos}/{len} {elapsed}");
    ProgressBar::new(rounds.into())
        .with_style(style.expect("the template is valid"))
        .with_message(workload.to_string())
}
