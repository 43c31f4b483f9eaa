//! Stress for the allocators of `stampool::alloc` that threads share.
//!
//! They serve blocks of any layout, so they are no [`subject`](crate::subject) of the other
//! scenarios. A run is a number of rounds: in each, every thread does some hundred calls, hands some
//! of its blocks to the other threads, and keeps others to the end of the round. Then the threads
//! are gone, and the books are checked.
//!
//! | scenario | from round to round | what is checked at the end of a round |
//! |---|---|---|
//! | `bump` | a new allocator | the blocks' bytes, that they are disjoint and owned, the usage, that the rest of a buffer can be had, that each region has gone back |
//! | `bump_reset` | the same allocator, reset by one thread | the same, then that nothing is in use, and that one region is left, the largest |

mod block;
mod books;
mod desk;
mod lane;
mod source;
mod subject;
mod violation;

use core::time::Duration;
use std::sync::Mutex;
use std::thread;
use std::time::Instant;

pub(crate) use self::block::Block;
use self::desk::Desk;
use self::lane::Lane;
pub use self::source::{Held, Recording};
pub use self::subject::{MEMBERS, Member, Shared};
pub use self::violation::Violation;
use crate::interrupt;
use crate::run::Budget;

/// What happens between two rounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scenario {
    /// Each round has a new allocator.
    Bump,
    /// One thread resets the allocator of the round before.
    BumpReset,
}

impl Scenario {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Bump, Self::BumpReset];

    /// Its name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bump => "bump",
            Self::BumpReset => "bump_reset",
        }
    }
}

/// One run.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// What happens between two rounds.
    pub scenario: Scenario,
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
    /// Calls of the allocator.
    pub ops: u64,
    /// Allocations that were refused.
    pub refusals: u64,
    /// Blocks that another thread than the one that allocated them freed or kept.
    pub handed_over: u64,
    /// Rounds.
    pub rounds: u64,
    /// The first thing that was found wrong; the run ends there.
    pub violation: Option<Violation>,
    /// The time that it took.
    pub time: Duration,
}

/// Runs a plan on the subjects that `make` returns.
///
/// # Panics
/// Where the system has too few threads.
pub fn run(plan: &Plan, make: &dyn Fn() -> Box<dyn Shared>) -> Outcome {
    let mut outcome = Outcome::default();
    let start = Instant::now();
    let mut subject = make();
    let is_over = |outcome: &Outcome| {
        let is_spent = plan.budget.is_spent(outcome.ops, start.elapsed());
        is_spent || outcome.violation.is_some() || interrupt::requested()
    };
    while !is_over(&outcome) {
        let mut verdict = round(plan, &*subject, &mut outcome);
        if verdict.is_ok() {
            verdict = match plan.scenario {
                Scenario::Bump => {
                    let held = subject.held();
                    subject = make();
                    books::of_dropped(held.as_ref())
                }
                Scenario::BumpReset => {
                    let largest = subject.held().map_or(0, |held| held.largest());
                    subject.reset();
                    books::of_reset(&*subject, largest)
                }
            };
        }
        outcome.violation = verdict.err();
        outcome.rounds += 1;
    }
    outcome.time = start.elapsed();
    outcome
}

/// Runs all threads once, and checks the books when they are gone.
fn round(plan: &Plan, subject: &dyn Shared, outcome: &mut Outcome) -> Result<(), Violation> {
    let desk = Desk { subject, bucket: Mutex::default() };
    let seed = plan.seed.wrapping_add(outcome.rounds);
    let lanes: Vec<Result<Lane, Violation>> = thread::scope(|threads| {
        let spawn = |index| {
            let desk = &desk;
            threads.spawn(move || Lane::new(seed, index).work(desk))
        };
        let lanes: Vec<_> = (0..plan.threads).map(spawn).collect();
        // The allocator's own panics are findings, too.
        let ended = lanes.into_iter().map(|lane| lane.join().map_err(Violation::panicked));
        ended.map(|lane| lane.and_then(|lane| lane)).collect()
    });
    let mut cut_off = 0;
    let mut blocks = desk.bucket.into_inner().unwrap_or_else(|poisoned| poisoned.into_inner());
    for lane in lanes {
        let lane = lane?;
        outcome.ops += lane.ops;
        outcome.refusals += lane.refusals;
        outcome.handed_over += lane.handed_over;
        cut_off += lane.cut_off;
        blocks.extend(lane.blocks);
    }
    books::of_round(subject, &mut blocks, cut_off)
}
