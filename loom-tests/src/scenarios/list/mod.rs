//! Programs over one list of magazines, each magazine with one block.

mod body;
mod machine;

use core::fmt::Write;
use std::collections::BTreeSet;

pub use body::body;

use super::{Depth, Shape};
use crate::spec;

/// One operation of a thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Op {
    /// Push the magazine that the thread has held longest. Nothing, where it holds none.
    Push,
    /// Make a magazine, now, with this block, and push it.
    PushNew(u8),
    /// Take the top magazine.
    Pop,
    /// Take magazines with at most so many blocks, in one step.
    PopUpTo(usize),
    /// Take all magazines, in one step.
    TakeAll,
}

/// What one thread does.
#[derive(Clone, Copy, Debug)]
pub struct Program {
    /// Blocks in the magazines that it holds at the start.
    pub holds: &'static [u8],
    /// What it does.
    pub ops: &'static [Op],
}

/// A named program over one list.
#[derive(Clone, Copy, Debug)]
pub struct Scenario {
    /// Unique.
    pub name: &'static str,
    /// How far loom searches.
    pub depth: Depth,
    /// Blocks in the list at the start, from the bottom.
    pub stack: &'static [u8],
    /// The threads.
    pub threads: &'static [Program],
}

/// A thread that holds nothing at the start.
#[must_use]
pub const fn does(ops: &'static [Op]) -> Program {
    Program { holds: &[], ops }
}

const fn holds(holds: &'static [u8], ops: &'static [Op]) -> Program {
    Program { holds, ops }
}

use Depth::{Exhaustive, Preemptions};
use Op::{Pop, PopUpTo, Push, PushNew, TakeAll};

/// The matrix: every strategy runs all of these.
pub const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "list/pop_push",
        depth: Exhaustive,
        stack: &[],
        threads: &[does(&[Pop]), holds(&[1], &[Push])],
    },
    Scenario {
        name: "list/pop_pop_push_push",
        depth: Exhaustive,
        stack: &[],
        threads: &[does(&[Pop, Pop]), holds(&[1, 2], &[Push, Push])],
    },
    Scenario {
        name: "list/aba",
        depth: Exhaustive,
        stack: &[3, 2, 1],
        threads: &[does(&[Pop]), does(&[Pop, Pop, Push])],
    },
    Scenario {
        name: "list/aba_pop_up_to",
        depth: Exhaustive,
        stack: &[2, 1],
        threads: &[does(&[PopUpTo(2)]), does(&[Pop, Pop, Push])],
    },
    Scenario {
        name: "list/take_all_pop",
        depth: Exhaustive,
        stack: &[2, 1],
        threads: &[does(&[Pop]), does(&[TakeAll, Push])],
    },
    Scenario {
        name: "list/take_all_push",
        depth: Exhaustive,
        stack: &[1],
        threads: &[does(&[TakeAll]), holds(&[2, 3], &[Push, Push])],
    },
    Scenario {
        name: "list/pop_up_to_push",
        depth: Exhaustive,
        stack: &[2, 1],
        threads: &[does(&[PopUpTo(2)]), holds(&[3], &[Push])],
    },
    Scenario {
        name: "list/walk_growth",
        depth: Exhaustive,
        stack: &[1],
        threads: &[does(&[PopUpTo(3)]), does(&[Pop, PushNew(3), Push])],
    },
    Scenario {
        name: "list/walk_growth_3",
        depth: Preemptions(3),
        stack: &[1],
        threads: &[does(&[PopUpTo(3)]), does(&[Pop, Push]), does(&[PushNew(3)])],
    },
    // A popper that comes late may still see the top that the list had long ago.
    Scenario {
        name: "list/enter_splice",
        depth: Preemptions(2),
        stack: &[2, 1],
        threads: &[does(&[Pop, Pop, Push, Push, Pop]), does(&[Pop])],
    },
    Scenario {
        name: "list/pop_push_3",
        depth: Preemptions(3),
        stack: &[1],
        threads: &[does(&[Pop, Push]), does(&[Pop]), holds(&[2], &[Push])],
    },
];

/// The outcomes that the specification allows.
#[must_use]
pub fn allowed(scenario: &Scenario, shape: Shape) -> BTreeSet<String> {
    spec::outcomes(machine::List::new(scenario, shape))
}

/// What each thread took, and what is left, from the bottom.
fn outcome<'a>(logs: impl Iterator<Item = &'a [Vec<u8>]>, left: &[u8]) -> String {
    let mut text = String::new();
    for (number, log) in logs.enumerate() {
        _ = write!(text, "t{number} {log:?} ");
    }
    _ = write!(text, "left {left:?}");
    text
}
