//! `bench`: measures the workloads and prints a table or JSON.

mod options;

use core::time::Duration;
use std::path::PathBuf;
use std::process::ExitCode;

use benches::bars;
use benches::baseline::{self, Change, Direction};
use benches::contenders::contenders;
use benches::html;
use benches::memory::{self, Held};
use benches::progress;
use benches::report::Report;
use benches::rounds::interleave;
use benches::row::Row;
use benches::title::Title;
use benches::workload::Workload;
use clap::{Parser, ValueEnum};
use options::{Format, Options};
use serde::Serialize;

/// Exit status where a promise must be met and was not. 2 is what clap says of a wrong word.
const MISSED: u8 = 3;

fn main() -> ExitCode {
    let options = Options::parse();
    if !options.suite.is_built() {
        eprintln!("error: this suite has general allocators: build with the feature `mallocs`");
        return ExitCode::FAILURE;
    }
    let done = match &options.watch {
        Some(title) => watch(&options, title),
        None => measure(&options),
    };
    match done {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// What one subject holds, as JSON.
fn watch(options: &Options, title: &str) -> Result<ExitCode, String> {
    let [workload] = chosen(options)?[..] else { return Err("one workload, please".into()) };
    let held = memory::watch(workload, options.suite, title, options.memory_operations)
        .ok_or_else(|| format!("{workload} has no {title}, or the system tells no memory"))?;
    println!("{}", json(&held));
    Ok(ExitCode::SUCCESS)
}

fn measure(options: &Options) -> Result<ExitCode, String> {
    let workloads = chosen(options)?;
    if options.list {
        workloads.iter().for_each(|workload| println!("{workload}"));
        return Ok(ExitCode::SUCCESS);
    }
    let before: Option<Report> = options.baseline.as_ref().map(read).transpose()?;
    let rows: Vec<Row> = workloads.iter().flat_map(|workload| run(*workload, options)).collect();
    if rows.is_empty() {
        return Err("no subject has such a name".into());
    }
    let held = if options.memory { held(&workloads, &rows, options)? } else { Vec::new() };
    let report = Report::new(options.rounds.into(), options.turn_ms, rows, held);
    let changes = before.map(|before| baseline::compare(&before, &report));
    match options.format {
        Format::Table => print!("{report}"),
        Format::Json => println!("{}", json(&report)),
    }
    for change in changes.iter().flatten() {
        let Change { workload, subject, against, before, now } = change;
        let word = match change.direction() {
            Direction::Slower => "slower",
            Direction::Faster => "faster",
            Direction::Same => continue,
        };
        eprintln!(
            "{word}: {workload}: {subject} from {:.2} to {:.2} of {against}",
            before[1], now[1]
        );
    }
    if let Some(folder) = &options.out {
        std::fs::create_dir_all(folder)
            .map_err(|error| format!("{}: {error}", folder.display()))?;
        let words: Vec<String> = std::env::args().skip(1).collect();
        let command =
            options.made_by.clone().unwrap_or_else(|| format!("bench {}", words.join(" ")));
        let page = html::page(&report, changes.as_deref(), &command).html();
        for (name, text) in [("bench.json", json(&report)), ("bench.html", page)] {
            let path = folder.join(name);
            std::fs::write(&path, text).map_err(|error| format!("{}: {error}", path.display()))?;
        }
    }
    memory::check(&report.memory)?;
    let all_met = !report.bars.is_empty() && report.bars.iter().all(|bar| bar.met);
    Ok(if options.check && !all_met { ExitCode::from(MISSED) } else { ExitCode::SUCCESS })
}

/// What the subjects of the rows hold, each in a process of its own.
fn held(workloads: &[Workload], rows: &[Row], options: &Options) -> Result<Vec<Held>, String> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let suite = options.suite.to_possible_value().expect("no suite is hidden");
    let mut all = Vec::new();
    for workload in workloads.iter().filter(|workload| memory::is_told(workload)) {
        let name = workload.to_string();
        eprintln!("memory of {name}");
        for row in rows.iter().filter(|row| row.workload == name) {
            let numbers = [
                ("--threads", workload.threads().to_string()),
                ("--sizes", workload.size_bytes.to_string()),
                ("--workload", name.clone()),
                ("--suite", suite.get_name().to_owned()),
                ("--watch", row.title()),
            ];
            let over = options.memory_operations;
            let over = over.map(|operations| ("--memory-operations", operations.to_string()));
            let words: Vec<String> = numbers
                .into_iter()
                .chain(over)
                .flat_map(|(option, value)| [option.to_owned(), value])
                .collect();
            all.push(memory::watch_apart(&program, &words)?);
        }
    }
    Ok(all)
}

fn read(path: &PathBuf) -> Result<Report, String> {
    let text =
        std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string_pretty(value).expect("it has a JSON form")
}

/// The workloads asked for.
fn chosen(options: &Options) -> Result<Vec<Workload>, String> {
    let mut all = Workload::list(&options.threads, &options.sizes);
    if options.workload.is_empty() {
        all.retain(|workload| !options.promised || bars::is_promised(&workload.to_string()));
        return Ok(all);
    }
    for pattern in &options.workload {
        if !all.iter().any(|workload| workload.is_named(pattern)) {
            return Err(format!("no workload is called {pattern}; --list tells their names"));
        }
    }
    all.retain(|workload| options.workload.iter().any(|pattern| workload.is_named(pattern)));
    Ok(all)
}

fn run(workload: Workload, options: &Options) -> Vec<Row> {
    let wanted = |one: &Title| options.subject.as_ref().is_none_or(|part| one.name.contains(part));
    let mut contenders = contenders(workload, options.suite, wanted);
    let rounds = usize::from(options.rounds);
    // Shorter than the system's own turns, a turn of a crowd is a matter of luck.
    let longer = if workload.is_crowded() { 5 } else { 1 };
    if !contenders.is_empty() {
        let turn = Duration::from_millis(options.turn_ms * longer);
        let progress = progress::show(&workload.to_string(), rounds);
        interleave(&mut contenders, rounds, turn, progress);
    }
    contenders.iter().map(|contender| Row::new(workload, contender, rounds)).collect()
}
