//! Other people's allocators under the library's conformance kit.
//!
//! Prints what the kit finds, and compares it with what is known ([`known`]): the command fails if
//! there is a difference in either direction.

mod heaps;
mod held;
mod known;
mod regions;
mod subjects;

use core::cell::RefCell;
use std::panic;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Result, ensure};
use clap::Parser;

use known::Found;
use subjects::{SUBJECTS, Subject};

/// Other people's allocators under the library's conformance kit.
#[derive(Parser)]
struct Options {
    /// Programs for each allocator.
    #[arg(long, default_value_t = 10_000)]
    programs: u64,
    /// The seed of the first program.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Only the allocators whose name contains this.
    #[arg(long)]
    only: Option<String>,
}

/// Each program that fails is reduced, so a fault that nearly every program shows would take long.
const MOST_FAILURES: usize = 25;

thread_local! {
    /// What the last panic said: an allocator's own, or that of the source.
    static SAID: RefCell<String> = const { RefCell::new(String::new()) };
}

fn main() -> Result<ExitCode> {
    let options = Options::parse();
    panic::set_hook(Box::new(|info| SAID.set(info.to_string())));
    let chosen = |subject: &&Subject| {
        options.only.as_ref().is_none_or(|only| subject.name.contains(only.as_str()))
    };
    let mut differences = Vec::new();
    let mut ran = 0;
    for subject in SUBJECTS.iter().filter(chosen) {
        ran += 1;
        let found = look(subject, &options);
        differences.extend(known::differences(subject.name, &found));
    }
    ensure!(ran > 0, "no allocator has such a name");
    for difference in &differences {
        println!("{difference}");
    }
    println!("{ran} allocators, {} differences from what is known", differences.len());
    Ok(if differences.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn look(subject: &Subject, options: &Options) -> Found {
    let (mut found, mut failures) = (Found::new(), 0);
    let (mut seed, end) = (options.seed, options.seed + options.programs);
    let start = Instant::now();
    while seed < end && failures < MOST_FAILURES {
        SAID.take();
        let Err(failure) = (subject.find)(seed, end - seed) else {
            seed = end;
            break;
        };
        failures += 1;
        seed = failure.seed + 1;
        let clause = format!("{:?}", failure.violation.clause);
        if found.insert(clause, failure.violation.what).is_none() {
            println!("{}: {failure}", subject.name);
            let said = SAID.take();
            if !said.is_empty() {
                println!("  {said}");
            }
        }
    }
    let (name, programs) = (subject.name, seed - options.seed);
    let seconds = start.elapsed().as_secs_f64();
    println!("{name}: {programs} programs, {failures} failed, {seconds:.1} s");
    found
}
