//! `bench`: measures the workloads and prints a table or JSON.

use core::time::Duration;
use std::io::{IsTerminal, stderr};
use std::process::ExitCode;

use benches::report::{Report, Row};
use benches::rounds::interleave;
use benches::workload::Workload;
use clap::{Parser, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};

/// Measures pools against what one would use instead. Ratios within one run count.
#[derive(Parser)]
struct Options {
    /// Workloads, separated by commas. Without it: all.
    #[arg(long, value_enum, value_delimiter = ',')]
    workload: Vec<Workload>,
    /// Only subjects whose name contains this.
    #[arg(long, value_name = "SUBSTR")]
    subject: Option<String>,
    /// Rounds: turns of each subject.
    #[arg(long, value_name = "N", default_value_t = 21, value_parser = clap::value_parser!(u16).range(1..))]
    rounds: u16,
    /// Length of a turn in milliseconds, about. Short ones fit between other work.
    #[arg(long, value_name = "MS", default_value_t = 2, value_parser = clap::value_parser!(u64).range(1..))]
    turn_ms: u64,
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

fn main() -> ExitCode {
    let options = Options::parse();
    let workloads =
        if options.workload.is_empty() { Workload::ALL.to_vec() } else { options.workload.clone() };
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

fn run(workload: Workload, options: &Options) -> Vec<Row> {
    let mut contenders = workload.contenders();
    contenders.retain(|one| options.subject.as_ref().is_none_or(|part| one.name.contains(part)));
    let rounds = usize::from(options.rounds);
    let bar = progress(workload, options.rounds);
    if !contenders.is_empty() {
        interleave(&mut contenders, rounds, Duration::from_millis(options.turn_ms), || bar.inc(1));
    }
    bar.finish_and_clear();
    contenders.iter().map(|contender| Row::new(workload, contender, rounds)).collect()
}

fn progress(workload: Workload, rounds: u16) -> ProgressBar {
    if !stderr().is_terminal() {
        eprintln!("measuring {workload:?}: {rounds} rounds");
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{msg} {bar:30} round {pos}/{len} {elapsed}");
    ProgressBar::new(rounds.into())
        .with_style(style.expect("the template is valid"))
        .with_message(format!("{workload:?}"))
}
