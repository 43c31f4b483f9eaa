//! `scale`: measures throughput over threads, fits the model, and prints tables or JSON.

mod options;

use std::fs;
use std::process::ExitCode;

use benches::progress;
use benches::sample::cores;
use benches::scale::{Plan, Report, grids, page, powers_and_last, run};
use clap::{Parser, ValueEnum};
use options::{Format, Options, Part};

fn main() -> ExitCode {
    match measure(&Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn measure(options: &Options) -> Result<(), String> {
    // Before anything is measured: a folder that cannot be had is told at once.
    if let Some(folder) = &options.out {
        fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    }
    let plan = plan(options);
    let report = run(&plan, progress::show);
    if report.rows.is_empty() && report.sweep.is_empty() {
        let why = report.left_out.join("; ");
        return Err(if why.is_empty() { "no subject has such a name".into() } else { why });
    }
    match options.format {
        Format::Table => grids(&report).iter().for_each(|grid| println!("{}", grid.text())),
        Format::Markdown => markdown(&report, &command(options)),
        Format::Json => println!("{}", json(&report)),
    }
    report.left_out.iter().for_each(|what| eprintln!("left out: {what}"));
    if let Some(folder) = &options.out {
        let page = page(&report, &command(options)).html();
        for (name, text) in [("scale.json", json(&report)), ("scale.html", page)] {
            let path = folder.join(name);
            fs::write(&path, text).map_err(|error| format!("{}: {error}", path.display()))?;
        }
    }
    Ok(())
}

fn plan(options: &Options) -> Plan {
    let parts = if options.workload.is_empty() {
        Part::value_variants().to_vec()
    } else {
        let is_wanted = |part: &&Part| options.workload.contains(part);
        Part::value_variants().iter().filter(is_wanted).copied().collect()
    };
    let works = parts.iter().filter_map(|part| match part {
        Part::Work(work) => Some(*work),
        Part::Batches => None,
    });
    let mut threads = options.threads.clone();
    if threads.is_empty() {
        threads = powers_and_last(cores());
    }
    threads.sort_unstable();
    threads.dedup();
    Plan {
        works: works.collect(),
        has_model: parts.contains(&Part::Batches),
        threads,
        subject: options.subject.clone(),
        rounds: options.rounds.into(),
        turn_ms: options.turn_ms,
        model_up_to: options.model_up_to,
    }
}

fn markdown(report: &Report, command: &str) {
    println!("    {command}\n");
    println!("{}; {} rounds of {} ms.\n", report.machine, report.rounds, report.turn_ms);
    grids(report).iter().for_each(|grid| println!("{}\n", grid.markdown()));
}

/// What was asked for.
fn command(options: &Options) -> String {
    let words: Vec<String> = std::env::args().skip(1).collect();
    options.made_by.clone().unwrap_or_else(|| format!("scale {}", words.join(" ")))
}

fn json(report: &Report) -> String {
    serde_json::to_string_pretty(report).expect("it has a JSON form")
}
