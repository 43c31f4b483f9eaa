//! `arena`: times the arena with a capacity beside general allocators, and beside a mutex around a
//! member for one thread. Rounds are interleaved, as in `bench`, and ratios within one run are held
//! against their bars.

mod subjects;

use core::time::Duration;
use std::process::ExitCode;

use benches::Sample;
use benches::progress;
use benches::rounds::{Contender, Entry, Holding, interleave};
use benches::sample::{Gate, Span, on_threads_alike};
use benches::statistics::interval;
use benches::times::table;
use benches::title::{Role, Title};
use clap::Parser;

use subjects::{ARENA, LOCKED, Sizes, Subject};

/// Times the arena with a capacity.
#[derive(Parser)]
struct Options {
    /// Rounds; in each, every allocator has one turn.
    #[arg(long, default_value_t = 15)]
    rounds: usize,
    /// Milliseconds of a turn.
    #[arg(long, default_value_t = 60)]
    turn: u64,
    /// Fails if a bar is missed.
    #[arg(long)]
    gate: bool,
}

/// The arena takes at most so many times what the fastest general allocator takes.
const MOST_OF_BEST: f64 = 1.2;
/// The mutex takes at least so many times what the arena takes.
const LEAST_OF_LOCKED: f64 = 5.0;

/// Threads that keep a window of live blocks, and replace one of them at a time.
struct Windows {
    subject: Box<dyn Subject>,
    threads: usize,
    sizes: Sizes,
}

impl Entry for Windows {
    fn sample(&self, operations: u64) -> Sample {
        let gate = Gate::new(self.threads);
        let each = operations.div_ceil(self.threads as u64);
        let spans = on_threads_alike(self.threads, |thread| {
            Span::warmed(&gate, each / 8 + 4096, each, |replaced| {
                self.subject.replace(self.sizes, thread as u64, replaced);
            })
        });
        Span::together(&spans, each * self.threads as u64)
    }

    fn hold(&self, _operations: u64, _touches: bool) -> Holding {
        Holding::default()
    }
}

fn main() -> ExitCode {
    let options = Options::parse();
    let (mut judged, mut missed) = (0, 0);
    for threads in [1, 2] {
        for sizes in subjects::SIZES {
            let turn = Duration::from_millis(options.turn);
            let what = format!("{sizes}, {threads} threads");
            let entry = |(name, role, subject)| {
                Contender::new(
                    Title { name, batch: None },
                    role,
                    Windows { subject, threads, sizes },
                )
            };
            let mut all: Vec<_> = subjects::all().into_iter().map(entry).collect();
            interleave(&mut all, options.rounds, turn, progress::show(&what, options.rounds));
            println!("{what}, {} rounds", options.rounds);
            println!("{}", table(&all));
            for (ratio, most, of) in ratios(&all) {
                let verdict = if ratio <= most { "kept" } else { "missed" };
                (judged, missed) = (judged + 1, missed + usize::from(ratio > most));
                println!("{ARENA} takes {ratio:.2} of {of}, at most {most}: {verdict}");
            }
            println!();
        }
    }
    println!("{missed} of {judged} bars missed");
    if missed > 0 && options.gate { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// The upper end of the arena's interval over the median of the best general allocator, and over that
/// of the mutex, each with the bar and the name of what it is a ratio to.
fn ratios(all: &[Contender]) -> [(f64, f64, String); 2] {
    let of = |name: &str| all.iter().find(|contender| contender.title.name == name);
    let [_, own] = interval(of(ARENA).expect("the arena").rounds());
    let mallocs = all.iter().filter(|contender| contender.role == Role::Malloc);
    let median = |contender: &Contender| contender.summary().median_ns;
    let best = mallocs.min_by(|a, b| median(a).total_cmp(&median(b))).expect("some");
    let locked = median(of(LOCKED).expect("the mutex"));
    [
        (own / median(best), MOST_OF_BEST, format!("the best, {}", best.title)),
        (own / locked, 1.0 / LEAST_OF_LOCKED, LOCKED.to_owned()),
    ]
}
