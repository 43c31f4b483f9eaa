//! The programs.

use super::scenario::Op::{Pop, PopUpTo, Push, PushNew, TakeAll};
use super::scenario::{Scenario, does, holds};
use crate::scenarios::Depth::{Exhaustive, Preemptions};

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

/// Scenarios of four threads, which porf alone runs: loom and shuttle do not come to their end.
pub const MANY: &[Scenario] = &[
    Scenario {
        name: "list/pop_pop_push_push_4",
        depth: Exhaustive,
        stack: &[],
        threads: &[does(&[Pop]), does(&[Pop]), holds(&[1], &[Push]), holds(&[2], &[Push])],
    },
    // One thread brings back what it took, so a top comes again while two others look at it.
    Scenario {
        name: "list/pop_push_4",
        depth: Exhaustive,
        stack: &[1],
        threads: &[does(&[Pop, Push]), does(&[Pop]), does(&[Pop]), holds(&[2], &[Push])],
    },
];
