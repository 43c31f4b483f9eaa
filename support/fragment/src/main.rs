//! The heap meter: replays the heap traces of real programs on members of the family and on other
//! people's allocators, in the smallest heap that suffices.

mod bars;
mod counting;
mod draw;
mod fill;
mod filled;
mod heap;
mod instructions;
mod map;
mod measure;
mod members;
mod peers;
mod play;
mod report;
mod search;
mod steps;
mod subjects;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, Result, ensure};
use clap::Parser;

use instructions::Way;
use measure::{Plan, ROOM};
use report::{Report, Row};
use subjects::{SUBJECTS, Subject};

/// Replays heap traces in the smallest heap that suffices.
#[derive(Parser)]
struct Options {
    /// Traces, as described in stress/traces/README.md; `stress record` makes them.
    #[arg(required_unless_present = "fill")]
    traces: Vec<PathBuf>,
    /// Fills a heap with random blocks in so many rounds, and replays nothing.
    #[arg(long, value_name = "ROUNDS", conflicts_with = "traces")]
    fill: Option<u16>,
    /// Only these allocators, separated by commas.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// Timed rounds, of which the median counts.
    #[arg(long, default_value_t = 5, value_name = "N")]
    rounds: usize,
    /// Counts no instructions, which under callgrind takes most of the time.
    #[arg(long)]
    no_instructions: bool,
    /// Prints each heap's map in letters.
    #[arg(long)]
    map: bool,
    /// The folder for the results.
    #[arg(long, default_value = "target/stampool/fragment", value_name = "DIR")]
    out: PathBuf,
    /// Replays on this allocator once and says nothing: what runs under callgrind.
    #[arg(long, requires = "bytes", hide = true)]
    count: Option<String>,
    /// The size of that heap.
    #[arg(long, hide = true)]
    bytes: Option<usize>,
}

fn main() -> Result<ExitCode> {
    let options = Options::parse();
    if let (Some(name), Some(bytes)) = (&options.count, options.bytes) {
        let file = options.traces.first().context("no trace")?;
        instructions::play_once(name, file, bytes)?;
        return Ok(ExitCode::SUCCESS);
    }
    for name in &options.only {
        ensure!(SUBJECTS.iter().any(|subject| subject.name == name), "there is no {name}");
    }
    let chosen = |name: &str| options.only.is_empty() || options.only.iter().any(|n| n == name);
    let subjects: Vec<_> = SUBJECTS.iter().filter(|subject| chosen(subject.name)).collect();
    if let Some(rounds) = options.fill {
        return fill(&subjects, rounds.max(1), &options.out);
    }
    let way = Way::find().filter(|_| !options.no_instructions);
    let plan = Plan { rounds: options.rounds, way };
    let mut measured = Vec::new();
    for file in &options.traces {
        measured.extend(measure::all(file, &subjects, plan, |what| eprintln!("{what}"))?);
    }
    let rows: Vec<Row> = measured.iter().map(|measured| measured.row.clone()).collect();
    if options.map {
        for (row, map) in measured.iter().filter_map(|one| Some((&one.row, one.map.as_ref()?))) {
            println!("{}, {}: addresses upwards, time to the right", row.subject, row.trace);
            println!("{}", map.text());
        }
    }
    let bars = bars::judge(&rows);
    let (is_fine, verdict) = report::verdict(&rows, &bars);
    let command = std::env::args().skip(1).collect();
    let counted_by = way.map(Way::name);
    let report = Report { command, counted_by, measured_in: ROOM, rows, bars, verdict };
    fs::create_dir_all(&options.out)?;
    let (json, html) = (options.out.join("fragment.json"), options.out.join("fragment.html"));
    fs::write(&json, serde_json::to_string_pretty(&report)? + "\n")?;
    fs::write(&html, draw::page(&report, is_fine, &measured).html())?;
    println!("{}", report::table(&report.rows));
    for bar in &report.bars {
        println!("{}", bar.words);
    }
    println!("{}, {}", json.display(), html.display());
    println!("{}", report.verdict);
    Ok(if is_fine { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Fills heaps, prints what came of it, and writes it to a file.
fn fill(subjects: &[&'static Subject], rounds: u16, out: &Path) -> Result<ExitCode> {
    let rows = filled::all(subjects, rounds, |what| eprintln!("{what}"))?;
    let bars = filled::judge(&rows);
    let (is_fine, verdict) = filled::verdict(&rows, &bars);
    fs::create_dir_all(out)?;
    let json = out.join("fill.json");
    fs::write(&json, serde_json::to_string_pretty(&rows)? + "\n")?;
    println!("{}", filled::table(&rows));
    for bar in &bars {
        println!("{}", bar.words);
    }
    println!("{}", json.display());
    println!("{verdict}");
    Ok(if is_fine { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
