//! How long single calls take: each call is timed, and classified by what it did.
//!
//! A run is a series of rounds, each with a pool of its own, because a pool grows only until it has
//! enough. In a round every thread has a handle and goes up and down twice, in bursts of
//! allocations and of frees: on the way up with more allocations, on the way down with more frees.
//! It hands blocks to the next thread through a channel. Between the calls every block is checked,
//! as in `run`.
//!
//! # What is in a figure
//!
//! One call and the clock's own floor, which is measured beside it and not subtracted. What the
//! system and the machine do meanwhile is in it as well: interrupts, other programs, a thread that
//! is taken off its core in the middle of a call. The maximum is mostly that.
//!
//! # What the observations around a call change
//!
//! The harness reads the length of the handle's array before a call, so that cache line is warm.
//! Before and after an allocation that will exchange, it calls `Pool::stats`, which takes the
//! growth lock for a moment, so another thread that carves may have to wait. The checks between
//! calls go through other memory, as a program would.

pub mod clock;
mod kind;
mod lane;
pub mod quantiles;
pub mod report;

use core::alloc::Layout;
use core::time::Duration;
use std::sync::mpsc;
use std::thread;
use std::time::Instant;

use stampool::{Checking, Pool, Strategy};

pub use self::kind::{Kind, Tally};
use self::lane::{Lane, Round};
pub use crate::checking::Checks;
use crate::gate::Gate;
use crate::interrupt;
use crate::meter;
use crate::oracle::live::bound_blocks;
use crate::oracle::pattern::Extent;
use crate::oracle::violation::{Log, StopOnPanic, Violation, panic_message};
use crate::oracle::{Oracle, books};
use crate::rng::Rng;
use crate::subject::{Examined as _, Mechanism, Refused};

/// What to time.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// How the pool looks for misuse.
    pub checking: Checks,
    /// Threads at work at once.
    pub threads: usize,
    /// Blocks per batch, 2 at least.
    pub batch: usize,
    /// Rounds begin until then.
    pub duration: Duration,
    /// Seed of all random choices.
    pub seed: u64,
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// How the pool synchronises.
    pub mechanism: Mechanism,
    /// Rounds played.
    pub rounds: u64,
    /// The time that they took.
    pub elapsed: Duration,
    /// A histogram per kind, over all threads.
    pub tally: Tally,
    /// Blocks carved in all rounds, as the pools say.
    pub carved_blocks: usize,
    /// Refills in all rounds, carves included, as the pools say.
    pub refills: u64,
    /// What was found wrong, first things first.
    pub violations: Vec<Violation>,
}

/// Blocks of a cache line.
///
/// # Panics
/// Never: it is a layout.
pub const fn layout() -> Layout {
    match Layout::from_size_align(64, 64) {
        Ok(layout) => layout,
        Err(_) => panic!("a power of two is a layout"),
    }
}

/// Plays rounds, one at least, on pools that `build` makes.
///
/// # Errors
/// A pool cannot be built, or the system has no more threads.
///
/// # Panics
/// If `plan.threads` is 0 or too many for an owner word, or `plan.batch` below 2.
pub fn run<S: Strategy, C: Checking>(
    build: impl Fn() -> Result<Pool<S, C>, Refused>,
    plan: &Plan,
) -> Result<Outcome, Refused> {
    assert!(plan.threads > 0 && plan.batch >= 2, "a thread and a batch");
    let log = Log::default();
    let mut tallies = vec![Tally::new(); plan.threads];
    let (mut rounds, mut carved_blocks, mut refills, mut metered) = (0, 0, 0, 0);
    let began = Instant::now();
    let mechanism = loop {
        let mut pool = build()?;
        play(&pool, plan, rounds, &log, &mut tallies)?;
        rounds += 1;
        let calls = tallies.iter().map(Tally::calls).sum();
        meter::add(calls - metered);
        metered = calls;
        let stats = pool.stats();
        carved_blocks += stats.carved_blocks;
        refills += stats.refills;
        // After a violation blocks are out of circulation, and the books say nothing.
        if log.is_clean() {
            books::balance(&mut pool, 0, &log);
        }
        let is_over = began.elapsed() >= plan.duration || interrupt::requested();
        if !log.is_clean() || is_over {
            break pool.mechanism();
        }
    };
    let mut tally = Tally::new();
    tallies.iter().for_each(|lane| tally.add(lane));
    Ok(Outcome {
        mechanism,
        rounds,
        elapsed: began.elapsed(),
        tally,
        carved_blocks,
        refills,
        violations: log.into_violations(),
    })
}

/// One round: all lanes at once, until their hands are empty.
fn play<S: Strategy, C: Checking>(
    pool: &Pool<S, C>,
    plan: &Plan,
    number: u64,
    log: &Log,
    tallies: &mut [Tally],
) -> Result<(), Refused> {
    let Plan { batch, threads, .. } = *plan;
    // Hardened pools keep some back.
    let kept_back = threads * 16;
    let most_live = threads * Round::<S, C>::most_per_lane(batch);
    let room = bound_blocks(most_live, threads, batch) + kept_back;
    let oracle = Oracle::type_stable(layout(), Extent::Whole, room);
    let round = Round { pool, oracle: &oracle, log, batch };
    let waiting = Round::<S, C>::ON_THEIR_WAY_BATCHES * batch;
    let (mut to, from): (Vec<_>, Vec<_>) =
        (0..threads).map(|_| mpsc::sync_channel(waiting)).unzip();
    // Each sends to the next one; a single one to itself.
    to.rotate_left(1);
    let gate = Gate::default();
    thread::scope(|scope| {
        let mut spawned = Vec::with_capacity(threads);
        for (index, ((to, from), tally)) in to.into_iter().zip(from).zip(tallies).enumerate() {
            let (round, gate) = (&round, &gate);
            let index = u16::try_from(index).expect("threads fit an owner word");
            let rng = Rng::new(plan.seed.wrapping_add(number), index);
            let lane = move || {
                let _guard = StopOnPanic(log);
                // Before the gate opens: a new slot is not what is timed.
                let local = pool.local();
                gate.pass();
                match local {
                    Ok(local) => {
                        let (held, to) = (Vec::new(), Some(to));
                        Lane { round, local, index, rng, tally, serial: 0, held, to, from }.play();
                    }
                    Err(error) => log.report(Violation::Refused { reason: error.to_string() }),
                }
            };
            match thread::Builder::new().spawn_scoped(scope, lane) {
                Ok(thread) => spawned.push(thread),
                Err(_) => break,
            }
        }
        let missing = threads - spawned.len();
        if missing > 0 {
            log.stop();
        }
        gate.open_for(spawned.len());
        for thread in spawned {
            if let Err(payload) = thread.join() {
                log.report(Violation::Panicked { message: panic_message(&*payload) });
            }
        }
        if missing > 0 {
            return Err(Refused(format!("the system gave {missing} of {threads} threads too few")));
        }
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::strategies::STRATEGIES;

    fn outcome(strategy: usize, checking: Checks, threads: usize, batch: usize) -> Outcome {
        let plan = Plan { checking, threads, batch, duration: Duration::from_millis(1), seed: 5 };
        (STRATEGIES[strategy].latency)(&plan).expect("threads")
    }

    fn count(outcome: &Outcome, kind: Kind) -> u64 {
        outcome.tally.of(kind).len()
    }

    #[test]
    fn what_calls_are_taken_for_agrees_with_the_pools_own_counts() {
        for (strategy, entry) in STRATEGIES.iter().enumerate() {
            for checking in [Checks::Off, Checks::Checked, Checks::Hardened] {
                for (threads, batch) in [(1, 16), (1, 2), (3, 16)] {
                    let at = format!("{} {} x{threads} B{batch}", entry.name, checking.name());
                    let outcome = outcome(strategy, checking, threads, batch);
                    assert_eq!(outcome.violations, [], "{at}");
                    let exchanges = count(&outcome, Kind::Refill) + count(&outcome, Kind::Carve);
                    assert_eq!(exchanges, outcome.refills, "{at}");
                    // Other threads may carve meanwhile; alone, nobody does.
                    if threads == 1 {
                        let brought = outcome.tally.brought_by_carves;
                        assert_eq!(brought, outcome.carved_blocks, "{at}");
                    }
                    assert!(Kind::ALL.iter().all(|kind| count(&outcome, *kind) > 0), "{at}");
                }
            }
        }
    }

    #[test]
    fn a_block_that_somebody_still_owns_ends_the_run() {
        use crate::oracle::Stamp;
        let pool = Pool::builder(layout()).batch(16).build().expect("a pool");
        let oracle = Oracle::type_stable(layout(), Extent::Whole, 4096);
        let log = Log::default();
        let local = pool.local().expect("memory");
        let block = local.allocate().expect("memory");
        // SAFETY: from the pool, and ours.
        unsafe { oracle.admit(block, Stamp::new(7, 1)) }.expect("nobody has it");
        // SAFETY: ours, and not used again; the oracle is not told.
        unsafe { local.deallocate(block) };
        let round = Round { pool: &pool, oracle: &oracle, log: &log, batch: 16 };
        let (to, from) = mpsc::sync_channel(16);
        let (rng, mut tally) = (Rng::new(1, 0), Tally::new());
        let (round, to, tally) = (&round, Some(to), &mut tally);
        Lane { round, local, index: 0, rng, tally, serial: 0, held: Vec::new(), to, from }.play();
        let violations = log.into_violations();
        assert!(matches!(violations[..], [Violation::HandedOutTwice { .. }]), "{violations:?}");
    }
}
