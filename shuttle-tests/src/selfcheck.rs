//! Rows by which the pipeline checks itself: a lost increment, found by each of the searches.

use loom_tests::Check;

use crate::check;

/// The self-checks.
#[must_use]
pub fn checks() -> Vec<Check> {
    let lost = "an increment was lost";
    let outcomes = ["count 1".to_string(), "count 2".to_string()].into();
    vec![
        check::dfs("self", "increments", increments).expect_exactly(outcomes, 2),
        check::dfs("self", "lost_increment", lost_increment).expect_failure(lost),
        check::pct("self", "lost_increment", 2, 1_000, 1, lost_increment).expect_failure(lost),
        check::random("self", "lost_increment", 1_000, 1, lost_increment).expect_failure(lost),
    ]
}

loom_tests::lost_increment!(shuttle);
