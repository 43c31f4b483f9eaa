//! Stress for the arena with a capacity, [`SlabArena`].
//!
//! A run is a number of rounds on one arena. In each round every thread replaces blocks of its window
//! at random, and leaves some to other threads. Then all threads allocate until the arena refuses, wait
//! for each other, and free everything at the same time. When they are gone, the books are checked: not
//! a byte is in use, and a trim leaves no page with any class.
//!
//! The capacity is looked at while threads work and when the arena is full.

mod desk;
mod lane;
mod violation;

use core::time::Duration;
use std::sync::{Barrier, Mutex};
use std::thread;
use std::time::Instant;

use stampool::alloc::SlabArena;

use self::desk::Desk;
use self::lane::Lane;
pub use self::violation::Violation;
use crate::interrupt;
use crate::run::Budget;

/// One run.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// The arena's bytes.
    pub capacity_bytes: usize,
    /// Threads at work at once.
    pub threads: usize,
    /// When it ends: after the round in which this is reached.
    pub budget: Budget,
    /// The seed of all random choices.
    pub seed: u64,
}

/// What came of a run.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Calls of the arena.
    pub ops: u64,
    /// Allocations that were refused.
    pub refusals: u64,
    /// Blocks that another thread than the one that allocated them freed.
    pub handed_over: u64,
    /// Rounds.
    pub rounds: u64,
    /// The largest part of the capacity that was in use when the arena was full.
    pub fullest: f64,
    /// The first thing that was found wrong; the run ends there.
    pub violation: Option<Violation>,
    /// The time that it took.
    pub time: Duration,
}

/// Runs a plan.
///
/// # Panics
/// Where the system has too few threads, or no room for the arena.
pub fn run(plan: &Plan) -> Outcome {
    let mut outcome = Outcome::default();
    let start = Instant::now();
    let mut arena = SlabArena::new(plan.capacity_bytes).expect("room for an arena");
    let is_over = |outcome: &Outcome| {
        let is_spent = plan.budget.is_spent(outcome.ops, start.elapsed());
        is_spent || outcome.violation.is_some() || interrupt::requested()
    };
    while !is_over(&outcome) {
        let verdict = round(plan, &arena, &mut outcome).and_then(|()| books(&mut arena));
        outcome.violation = verdict.err();
        outcome.rounds += 1;
    }
    outcome.time = start.elapsed();
    outcome
}

/// Runs all threads once.
fn round(plan: &Plan, arena: &SlabArena, outcome: &mut Outcome) -> Result<(), Violation> {
    let (threads, bucket) = (plan.threads, Mutex::default());
    let desk = Desk { threads, arena, bucket, barrier: Barrier::new(threads) };
    let seed = plan.seed.wrapping_add(outcome.rounds);
    let lanes: Vec<Result<Lane, Violation>> = thread::scope(|scope| {
        let spawn = |index| {
            let desk = &desk;
            scope.spawn(move || Lane::new(seed, index).work(desk))
        };
        let lanes: Vec<_> = (0..threads).map(spawn).collect();
        // The arena's own panics are findings, too.
        let ended = lanes.into_iter().map(|lane| lane.join().map_err(Violation::panicked));
        ended.map(|lane| lane.and_then(|lane| lane)).collect()
    });
    for lane in lanes {
        let lane = lane?;
        outcome.ops += lane.ops;
        outcome.refusals += lane.refusals;
        outcome.handed_over += lane.handed_over;
        outcome.fullest = outcome.fullest.max(lane.fullest);
    }
    Ok(())
}

/// Checks an arena whose threads are gone, and whose blocks are all free.
fn books(arena: &mut SlabArena) -> Result<(), Violation> {
    let census = arena.census();
    if census.allocated_blocks != 0 {
        return Err(Violation::Lost { blocks: census.allocated_blocks });
    }
    if let Err(error) = arena.trim() {
        return Err(Violation::Trim { error });
    }
    match arena.stats().heap_bytes {
        0 => Ok(()),
        bytes => Err(Violation::PagesLeft { bytes }),
    }
}
