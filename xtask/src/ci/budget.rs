//! How long each step of CI may take.

use core::time::Duration;

/// By step: the seconds that it took on two cores from a clean clone, with little beside it, rounded
/// up.
const SECONDS: &[(&str, u64)] = &[
    ("format", 2),
    ("layers", 3),
    ("clippy", 130),
    ("clippy, sanitizers", 12),
    ("tests", 290),
    ("tests, pools alone", 15),
    ("tests, adaptors", 10),
    ("clippy, examples", 10),
    ("examples", 10),
    ("tests, mapped memory", 75),
    ("tests, release", 25),
    ("downstream", 28),
    ("docs", 22),
    ("miri", 150),
    ("checks", 540),
    ("checks, one at a time", 4),
    ("litmus", 3),
    ("porf, GenMC's counts", 35),
    ("porf, random programs", 20),
    ("fuzz-loom", 75),
    ("steered", 120),
    ("stress", 70),
    ("stress B=1", 10),
    ("stress, growing", 7),
    ("stress, stalled", 7),
    ("stress, checking", 4),
    ("stress bump", 7),
    ("stress arena", 6),
    ("replay 1", 1),
    ("replay 2", 1),
    ("hit-path", 5),
    ("instructions", 2),
    ("family", 40),
    ("atomics", 4),
    ("compare", 72),
    ("mutants", 260),
    ("mutants, porf", 60),
    ("sanitize", 120),
];

/// The budget of a step, if it has one.
pub(super) fn of(step: &str) -> Option<Duration> {
    let (_, seconds) = SECONDS.iter().find(|(name, _)| *name == step)?;
    Some(Duration::from_secs(*seconds))
}

/// Whether a step took more than half as long again as it may. A step of a few seconds may take
/// ten.
pub(super) fn is_exceeded(budget: Duration, took: Duration) -> bool {
    took > budget.mul_f64(1.5).max(Duration::from_secs(10))
}

#[cfg(test)]
mod tests {
    use super::super::steps;
    use super::*;

    /// What all steps together may take, in seconds: 25 minutes for the pools, and 15 for what has
    /// been added since, which are the allocator family and the checker porf.
    const MOST: u64 = (25 + 15) * 60;

    #[test]
    fn every_step_has_a_budget() {
        let steps = steps::steps(false);
        let without: Vec<_> = steps.iter().filter(|step| of(step.name).is_none()).collect();
        assert!(without.is_empty(), "{}", without[0].name);
        assert_eq!(steps.len(), SECONDS.len(), "a budget of no step");
    }

    #[test]
    fn all_budgets_together_are_at_most_40_minutes() {
        assert!(SECONDS.iter().map(|(_, seconds)| seconds).sum::<u64>() <= MOST);
    }

    #[test]
    fn more_than_half_as_long_again_is_too_long() {
        let is_exceeded =
            |budget, took| is_exceeded(Duration::from_secs(budget), Duration::from_secs(took));
        assert!(!is_exceeded(400, 600));
        assert!(is_exceeded(400, 601));
        assert!(!is_exceeded(5, 10));
        assert!(is_exceeded(5, 11));
    }
}
