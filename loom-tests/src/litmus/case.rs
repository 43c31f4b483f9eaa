//! One litmus test and its outcomes.

use std::collections::BTreeSet;

use crate::explore::{Bound, Exploration, explore_loom};
use crate::program::{Loom, Program, interpret};

/// A set of outcomes: every combination of the threads' alternatives, but for some.
#[derive(Clone, Copy, Debug)]
pub struct Outcomes {
    /// Per thread what it may read.
    pub any: &'static [&'static [&'static str]],
    /// The combinations that are not allowed.
    pub never: &'static [&'static str],
}

/// One litmus test.
#[derive(Clone, Copy, Debug)]
pub struct Litmus {
    /// Its usual name and what is special here.
    pub name: &'static str,
    /// The program, in the form of [`program`](crate::program).
    pub program: &'static str,
    /// Whether what the locations hold at the end is part of the outcome.
    pub last: bool,
    /// What the memory model allows.
    pub c11: Outcomes,
    /// What loom is known to give instead, and why.
    pub loom: Option<(Outcomes, &'static str)>,
}

impl Outcomes {
    /// The set, written out.
    ///
    /// # Panics
    /// Where `never` names something that is no combination of `any`: a slip in the table.
    #[must_use]
    pub fn set(&self) -> BTreeSet<String> {
        let mut set: BTreeSet<String> = [String::new()].into();
        for (i, alternatives) in self.any.iter().enumerate() {
            let parted = if i == 0 { "" } else { " | " };
            set = set
                .iter()
                .flat_map(|head| {
                    alternatives.iter().map(move |tail| format!("{head}{parted}{tail}"))
                })
                .collect();
        }
        for never in self.never {
            assert!(set.remove(*never), "`{never}` is no combination");
        }
        set
    }
}

impl Litmus {
    /// The program.
    ///
    /// # Panics
    /// Where it cannot be read: a slip in the table.
    #[must_use]
    pub fn program(&self) -> Program {
        self.program.parse().expect("the table's programs can be read")
    }

    /// The set that loom must give.
    #[must_use]
    pub fn expected(&self) -> BTreeSet<String> {
        self.loom.map_or(self.c11, |(models, _)| models).set()
    }

    /// What loom gives.
    #[must_use]
    pub fn explore(&self) -> Exploration {
        let (program, last) = (self.program(), self.last);
        explore_loom(Bound::Unbounded, move || interpret::<Loom>(&program, last))
    }
}
