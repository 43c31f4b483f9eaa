//! Litmus tests: programs whose outcomes under C11 are known, against what loom finds.
//!
//! The sets are written by hand in the table, never taken from a run. "C11" here is the model that
//! Rust uses: C++20's, with its stronger fences and its shorter release sequences. Where loom
//! knowingly differs, the row says what loom models and why; everywhere else the sets must be
//! equal.

mod arcs;
mod table;

use std::collections::BTreeSet;

use crate::explore::{Bound, Exploration, explore_loom};
use crate::harness::Check;
use crate::program::{Loom, Program, interpret};

pub use arcs::{ARCS, ArcLitmus, ArcProgram};
pub use table::TABLE;

/// A set of outcomes: every combination of the threads' alternatives, except those in `never`.
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

/// The table as rows of the ledger.
#[must_use]
pub fn checks() -> Vec<Check> {
    let (checker, limit) = (ledger::Checker::Loom, ledger::Limit::Unbounded);
    let name = |name: &str| name.replace([' ', '/', ','], "_");
    let check = |litmus: &'static Litmus| {
        Check::new("litmus", name(litmus.name), checker, limit, || litmus.explore())
            .expect_exactly(litmus.expected(), 1)
    };
    let arc = |arc: &'static ArcLitmus| {
        Check::new("litmus", name(arc.name), checker, limit, || arc.program().explore())
            .expect_exactly(arc.program().expected(), 1)
    };
    TABLE.iter().map(check).chain(ARCS.iter().map(arc)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::program::sequentially_consistent;

    #[test]
    fn the_table_has_no_slip() {
        for litmus in TABLE {
            let sc = sequentially_consistent(&litmus.program(), litmus.last);
            for (whose, set) in [("C11", litmus.c11.set()), ("loom", litmus.expected())] {
                let missing: Vec<_> = sc.difference(&set).collect();
                assert!(missing.is_empty(), "{}: {whose} lacks {missing:?}", litmus.name);
            }
        }
    }

    #[test]
    #[should_panic(expected = "no combination")]
    fn a_forbidden_outcome_must_be_a_combination() {
        let _ = Outcomes { any: &[&["0"], &["1"]], never: &["1 | 0"] }.set();
    }
}
