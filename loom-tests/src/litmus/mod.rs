//! Litmus tests: programs whose outcomes under C11 are known, against what loom finds.
//!
//! The sets are written by hand in the table, never taken from a run. "C11" here is the model that
//! Rust uses: C++20's, with its stronger fences and its shorter release sequences. Where loom
//! knowingly differs, the row says what loom models and why; everywhere else the sets must be
//! equal.

mod arcs;
mod case;
mod table;

use crate::harness::Check;

pub use arcs::{ARCS, ArcLitmus, ArcProgram};
pub use case::{Litmus, Outcomes};
pub use table::TABLE;

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
