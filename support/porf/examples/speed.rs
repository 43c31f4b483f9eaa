//! How many executions of graphs of about 100 events a core runs in a second of CPU time, and how
//! much memory that takes: `cargo run --release -p porf --example speed -- EXECUTIONS`.

use core::ops::Range;
use std::fs;
use std::sync::Arc;

use porf::model::Builder;
use porf::sync::atomic::AtomicUsize;
use porf::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};
use porf::thread;

/// Runs a thread for each number of `own`, to its end.
fn run<const N: usize>(
    shared: &Arc<[AtomicUsize; N]>,
    own: Range<usize>,
    body: fn(&[AtomicUsize; N], usize),
) {
    let spawn = |own| {
        let shared = Arc::clone(shared);
        thread::spawn(move || body(&shared, own))
    };
    let handles: Vec<_> = own.map(spawn).collect();
    for handle in handles {
        handle.join().unwrap();
    }
}

/// Three threads that increment one number, and use numbers of their own in between.
fn increments() {
    let shared = Arc::new(core::array::from_fn::<_, 4, _>(|_| AtomicUsize::new(0)));
    let body = |shared: &[AtomicUsize; 4], own: usize| {
        for _ in 0..5 {
            shared[own].store(shared[own].load(Relaxed) + 1, Release);
            shared[0].fetch_add(1, AcqRel);
        }
    };
    run(&shared, 1..4, body);
    assert_eq!(shared[0].load(Acquire), 15);
}

/// Reads and writes with many revisits.
fn reads_and_writes() {
    let shared = Arc::new(core::array::from_fn::<_, 3, _>(|_| AtomicUsize::new(0)));
    let body = |shared: &[AtomicUsize; 3], own: usize| {
        for turn in 0..8 {
            shared[own].store(turn, Release);
            for other in shared.iter() {
                other.load(Acquire);
            }
        }
    };
    run(&shared, 0..3, body);
}

/// The CPU time of this process, which has one thread: Linux counts it in hundredths of a second.
fn cpu_seconds() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").expect("Linux");
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    let ticks: f64 = fields[11..13].iter().map(|field| field.parse::<f64>().unwrap()).sum();
    ticks / 100.0
}

fn main() {
    let executions = std::env::args().nth(1).map_or(200_000, |text| text.parse().unwrap());
    for (name, model) in
        [("increments", increments as fn()), ("reads and writes", reads_and_writes)]
    {
        let mut builder = Builder::new();
        builder.max_permutations = Some(executions);
        builder.check_duplicates = false;
        let began = cpu_seconds();
        let report = builder.explore(model);
        let seconds = cpu_seconds() - began;
        let memory = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let peak = memory.lines().find(|line| line.starts_with("VmHWM")).unwrap_or("VmHWM: ?");
        println!(
            "{name}: {} executions, {} events at most, {:.0} in a second of CPU time, {peak}",
            report.executions,
            report.events,
            report.executions as f64 / seconds,
        );
    }
}
