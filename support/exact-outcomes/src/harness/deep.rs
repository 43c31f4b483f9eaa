//! Deep versions of bounded checks. They are made from the registered checks, so nobody has to add
//! them by hand.

use std::collections::HashSet;
use std::rc::Rc;

use ledger::{DEEP_TIER, Expect, Limit};

use super::Check;
use crate::explore::Bound;

/// The bounds on preemptions at which every bounded check of correct code is run again, deep.
pub const DEEPER: [u8; 2] = [4, 5];

/// `checks`, followed by their deep versions. A deep version that is registered by hand stays as it
/// is.
pub(super) fn with_deeper(mut checks: Vec<Check>) -> Vec<Check> {
    let mut deeper: Vec<Check> = checks.iter().flat_map(versions).collect();
    // Each process begins with this, and there are thousands of rows: a key is made once.
    let by_hand: HashSet<String> = checks.iter().map(Check::key).collect();
    deeper.retain(|deep| !by_hand.contains(&deep.key()));
    deeper.sort_by_cached_key(Check::key);
    // A scenario at two bounds has the same deep versions.
    deeper.dedup_by_key(|check| check.key());
    checks.extend(deeper);
    checks
}

fn versions(check: &Check) -> Vec<Check> {
    let (Limit::Bounded(bound), Some(at_bound), Expect::Pass) =
        (check.bound, &check.at_bound, check.expectation.expect())
    else {
        return Vec::new();
    };
    // What a smaller bound must see, a larger one sees too; what is never allowed stays so.
    let deep = |preemptions: u8| {
        let (strategy, scenario) = (&check.strategy[..], &check.scenario[..]);
        let (at_bound, deeper) = (Rc::clone(at_bound), Bound::Preemptions(preemptions));
        let run = move || at_bound(deeper);
        Check {
            tier: DEEP_TIER,
            expectation: check.expectation.clone(),
            ..Check::new(strategy, scenario, check.checker, deeper.into(), run)
        }
    };
    DEEPER.into_iter().filter(|deeper| u64::from(*deeper) > bound).map(deep).collect()
}

#[cfg(all(test, feature = "loom"))]
mod tests {
    use super::*;

    fn check(scenario: &str, bound: Bound) -> Check {
        Check::loom("s", scenario, bound, String::new).expect_oracle(2)
    }

    #[test]
    fn bounded_checks_of_correct_code_get_deep_versions_and_others_do_not() {
        let checks = with_deeper(vec![
            check("free", Bound::Unbounded),
            check("three", Bound::Preemptions(3)),
            check("three", Bound::Preemptions(2)),
            check("four", Bound::Preemptions(4)).tier(1),
            check("twin", Bound::Preemptions(2)).expect_failure("twice"),
        ]);
        let deep: Vec<String> =
            checks.iter().filter(|check| check.tier == DEEP_TIER).map(Check::key).collect();
        assert_eq!(deep, ["s/four/loom/5", "s/three/loom/4", "s/three/loom/5"]);
        assert_eq!(checks.len(), 8);
        assert!(
            checks.iter().all(|check| check.row().expect == Expect::Fail
                || check.expectation == check_expectation())
        );
    }

    fn check_expectation() -> super::super::Expectation {
        check("any", Bound::Unbounded).expectation
    }
}
