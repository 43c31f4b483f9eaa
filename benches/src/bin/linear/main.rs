//! `linear`: times the linear allocators that threads share, beside a mutex around `Linear` and
//! beside blink-alloc's `SyncBlinkAlloc`. Rounds are interleaved, as in `bench`, and ratios within
//! one run are held against their bars.

mod subjects;

use core::time::Duration;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::{PoisonError, RwLock};

use benches::Sample;
use benches::progress;
use benches::rounds::{Contender, Entry, Holding, interleave};
use benches::sample::{Gate, Span, on_threads_alike};
use benches::times::table;
use benches::title::{Role, Title};
use clap::Parser;
use serde::Serialize;

use subjects::{Alone, Behind, Blink, Runs, Shared, Subject};

/// Times the linear allocators that threads share.
#[derive(Parser)]
struct Options {
    /// Rounds; in each, every allocator has one turn.
    #[arg(long, default_value_t = 15)]
    rounds: usize,
    /// Milliseconds of a turn.
    #[arg(long, default_value_t = 60)]
    turn: u64,
    /// The file for the rows and the bars, for machines.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Fails if a bar is missed.
    #[arg(long)]
    gate: bool,
}

/// Blocks that a thread allocates between two resets: 256 KiB, which a second-level cache holds.
const BURST: u64 = 16 << 10;
/// Bursts that are not timed: chunks double until one holds a burst of all threads.
const WARM_UP: u64 = 12;

/// Threads that allocate bursts from one allocator; one of them resets it in between.
struct Bursts {
    subject: RwLock<Box<dyn Subject>>,
    threads: usize,
    frees: bool,
}

impl Bursts {
    fn work(&self, thread: usize, gate: &Gate, bursts: u64) {
        for _ in 0..bursts {
            self.subject.read().unwrap_or_else(PoisonError::into_inner).burst(BURST, self.frees);
            gate.pass();
            if thread == 0 {
                self.subject.write().unwrap_or_else(PoisonError::into_inner).reset();
            }
            gate.pass();
        }
    }
}

impl Entry for Bursts {
    fn sample(&self, operations: u64) -> Sample {
        let bursts = operations.div_ceil(BURST);
        let (start, inner) = (&Gate::new(self.threads), &Gate::new(self.threads));
        let spans = on_threads_alike(self.threads, |thread| {
            Span::warmed(start, WARM_UP, bursts, |bursts| self.work(thread, inner, bursts))
        });
        Span::together(&spans, bursts * BURST)
    }

    fn hold(&self, _operations: u64, _touches: bool) -> Holding {
        Holding::default()
    }
}

/// What was measured of one allocator, for machines.
#[derive(Serialize)]
struct Row {
    workload: String,
    threads: usize,
    subject: &'static str,
    median_ns: f64,
    lower_quartile_ns: f64,
    upper_quartile_ns: f64,
}

/// A bar, and what came of it, for machines.
#[derive(Serialize)]
struct Judged {
    workload: String,
    member: &'static str,
    peer: &'static str,
    ratio: f64,
    most: f64,
}

/// Everything, for machines.
#[derive(Default, Serialize)]
struct Report {
    rows: Vec<Row>,
    bars: Vec<Judged>,
}

/// A ratio of medians, and the most that it may be.
struct Bar {
    threads: usize,
    member: &'static str,
    peer: &'static str,
    most: f64,
}

const BARS: [Bar; 4] = [
    Bar { threads: 1, member: SHARED, peer: BLINK, most: 0.5 },
    Bar { threads: 1, member: RUNS, peer: ALONE, most: 1.15 },
    Bar { threads: 2, member: SHARED, peer: BEHIND, most: 0.5 },
    Bar { threads: 2, member: RUNS, peer: BEHIND, most: 0.5 },
];

const ALONE: &str = "Linear";
const SHARED: &str = "AsyncLinear";
const RUNS: &str = "AsyncLinear, run";
const BEHIND: &str = "Locked<Linear>";
const BLINK: &str = "blink-alloc, sync";

fn contenders(threads: usize, frees: bool) -> Vec<Contender> {
    let mut all: Vec<(&'static str, Role, Box<dyn Subject>)> = vec![
        (SHARED, Role::Ours, Box::new(Shared::new())),
        (RUNS, Role::Ours, Box::new(Runs::new())),
        (BEHIND, Role::Ours, Box::new(Behind::new())),
        (BLINK, Role::Pool, Box::new(Blink::new())),
    ];
    if threads == 1 {
        all.push((ALONE, Role::Limit, Box::new(Alone::new())));
    }
    let contender = |(name, role, subject)| {
        let entry = Bursts { subject: RwLock::new(subject), threads, frees };
        Contender::new(Title { name, batch: None }, role, entry)
    };
    all.into_iter().map(contender).collect()
}

fn main() -> ExitCode {
    let options = Options::parse();
    let mut report = Report::default();
    for frees in [false, true] {
        for threads in [1, 2] {
            let mut all = contenders(threads, frees);
            let turn = Duration::from_millis(options.turn);
            let what = if frees { "allocate, free" } else { "allocate" };
            let what = format!("{what}, 16 bytes, {threads} threads");
            interleave(&mut all, options.rounds, turn, progress::show(&what, options.rounds));
            println!("{what}, {} rounds", options.rounds);
            println!("{}", table(&all));
            report.rows.extend(all.iter().map(|contender| {
                let summary = contender.summary();
                Row {
                    workload: what.clone(),
                    threads,
                    subject: contender.title.name,
                    median_ns: summary.median_ns,
                    lower_quartile_ns: summary.lower_quartile_ns,
                    upper_quartile_ns: summary.upper_quartile_ns,
                }
            }));
            if !frees {
                report.bars.extend(judge(&all, threads, &what));
            }
            println!();
        }
    }
    let missed = report.bars.iter().filter(|bar| bar.ratio > bar.most).count();
    println!("{missed} of {} bars missed", BARS.len());
    if let Some(file) = &options.json {
        let text = serde_json::to_string_pretty(&report).expect("numbers and words");
        if let Err(error) = std::fs::write(file, text + "\n") {
            eprintln!("cannot write {}: {error}", file.display());
            return ExitCode::FAILURE;
        }
    }
    if missed > 0 && options.gate { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// Prints the bars for so many threads, and returns them.
fn judge(all: &[Contender], threads: usize, workload: &str) -> Vec<Judged> {
    let median = |name: &str| {
        let contender = all.iter().find(|contender| contender.title.name == name);
        contender.map(|contender| contender.summary().median_ns)
    };
    let mut judged = Vec::new();
    for bar in BARS.iter().filter(|bar| bar.threads == threads) {
        let (Some(own), Some(other)) = (median(bar.member), median(bar.peer)) else { continue };
        let ratio = own / other;
        let verdict = if ratio <= bar.most { "kept" } else { "missed" };
        let Bar { member, peer, most, .. } = *bar;
        judged.push(Judged { workload: workload.to_owned(), member, peer, ratio, most });
        println!("{member} takes {ratio:.2} of {peer}, at most {most}: {verdict}");
    }
    judged
}
