//! What a pool does seldom: it is sealed or prefilled, grows past a chunk, gives chunks back, comes to
//! its capacity, is counted, checks its blocks, or runs out of tags, while threads exchange with it.
//!
//! A pool without caches, [`exact`], and a list out of tags, [`tags`], do not run on every
//! strategy.
//!
//! There is no specification: each scenario lists its outcomes, and its assertions judge the rest.
//! porf runs them.

mod checked;
mod counted;
pub mod exact;
mod fenced;
mod growing;
mod limited;
mod rig;
mod shrinking;
pub mod tags;

use std::collections::BTreeSet;

use stampool::Strategy;

/// A program, and what may come of it.
#[derive(Clone, Copy, Debug)]
pub struct Scenario {
    /// Its name in the ledger.
    pub name: &'static str,
    which: Which,
    /// All outcomes.
    outcomes: &'static [&'static str],
}

impl Scenario {
    /// The outcomes, as a set.
    #[must_use]
    pub fn allowed(&self) -> BTreeSet<String> {
        self.outcomes.iter().map(ToString::to_string).collect()
    }
}

#[derive(Clone, Copy, Debug)]
enum Which {
    Seal,
    Prefill,
    SecondChunk,
    SecondBucket,
    ShrinkAllocate,
    ShrinkFlush,
    ShrinkGrow,
    ShrinkLeave,
    ShrinkShrink,
    CapacityWant,
    CapacityFree,
    CapacityHear,
    Stats,
    Census,
    Checked,
    Hardened,
}

/// All of them.
pub const SCENARIOS: &[Scenario] = &[
    // A thread that has found the lists empty is refused if the pool is sealed before the thread
    // takes the growth lock. If the thread takes it between the last batch and the seal, it gets a
    // second chunk, which the seal then carves too.
    Scenario {
        name: "growth/seal_allocate",
        which: Which::Seal,
        outcomes: &["had one of 2", "had one of 4", "refused, of 2"],
    },
    Scenario {
        name: "growth/prefill_allocate",
        which: Which::Prefill,
        outcomes: &["had the first", "had the second"],
    },
    Scenario { name: "growth/second_chunk", which: Which::SecondChunk, outcomes: &["two chunks"] },
    Scenario {
        name: "growth/second_bucket",
        which: Which::SecondBucket,
        outcomes: &["carved", "had theirs"],
    },
    Scenario {
        name: "shrink/allocate",
        which: Which::ShrinkAllocate,
        outcomes: &["had a new one", "had the block"],
    },
    Scenario {
        name: "shrink/flush",
        which: Which::ShrinkFlush,
        outcomes: &["0 went back", "1 went back"],
    },
    Scenario { name: "shrink/grow", which: Which::ShrinkGrow, outcomes: &["had the free one"] },
    Scenario { name: "shrink/leave", which: Which::ShrinkLeave, outcomes: &["nothing went back"] },
    Scenario {
        name: "shrink/shrink",
        which: Which::ShrinkShrink,
        outcomes: &["0 and 2", "2 and 0"],
    },
    Scenario {
        name: "capacity/allocate_allocate",
        which: Which::CapacityWant,
        outcomes: &["the first had it", "the second had it"],
    },
    Scenario {
        name: "capacity/free_allocate",
        which: Which::CapacityFree,
        outcomes: &["the first had it", "the second had it"],
    },
    Scenario {
        name: "capacity/heard_of_free",
        which: Which::CapacityHear,
        outcomes: &["had not heard", "had one"],
    },
    Scenario {
        name: "counts/stats_allocate",
        which: Which::Stats,
        outcomes: &["saw 1, 1", "saw 1, 2", "saw 2, 2"],
    },
    Scenario {
        name: "counts/end_end_census",
        which: Which::Census,
        outcomes: &["all blocks were counted"],
    },
    Scenario {
        name: "checking/checked_leave_allocate",
        which: Which::Checked,
        outcomes: &["had", "refused"],
    },
    Scenario {
        name: "checking/hardened_leave_allocate",
        which: Which::Hardened,
        outcomes: &["had", "refused"],
    },
];

/// Runs a scenario once.
///
/// # Panics
/// At a violation.
#[must_use]
pub fn body<S: Strategy>(scenario: &'static Scenario) -> String {
    match scenario.which {
        Which::Seal => growing::seal_and_allocate::<S>(),
        Which::Prefill => growing::prefill_and_allocate::<S>(),
        Which::SecondChunk => growing::second_chunk::<S>(),
        Which::SecondBucket => growing::second_bucket::<S>(),
        Which::ShrinkAllocate => shrinking::beside_an_allocation::<S>(),
        Which::ShrinkFlush => shrinking::beside_a_flush::<S>(),
        Which::ShrinkGrow => shrinking::beside_growth::<S>(),
        Which::ShrinkLeave => shrinking::beside_a_leaver::<S>(),
        Which::ShrinkShrink => shrinking::beside_itself::<S>(),
        Which::CapacityWant => limited::two_want_one::<S>(),
        Which::CapacityFree => limited::one_frees_and_wants_again::<S>(),
        Which::CapacityHear => limited::one_hears_of_a_free::<S>(),
        Which::Stats => counted::stats_and_allocate::<S>(),
        Which::Census => counted::ends_and_census::<S>(),
        Which::Checked => checked::leave_and_allocate::<S, stampool::Checked>(),
        Which::Hardened => checked::leave_and_allocate::<S, stampool::Hardened>(),
    }
}
