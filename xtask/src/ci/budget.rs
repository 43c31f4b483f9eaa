//! How long each step of CI may take.

use core::time::Duration;

/// By step: seconds, rounded up from a run on two cores, from a clean clone, with some other work
/// beside it.
const SECONDS: &[(&str, u64)] = &[
    ("format", 5),
    ("layers", 5),
    ("clippy", 130),
    ("clippy, sanitizers", 15),
    ("tests", 400),
    ("tests, pools alone", 40),
    ("tests, adaptors", 40),
    ("tests, release", 40),
    ("downstream", 20),
    ("docs", 20),
    ("miri", 150),
    ("checks", 700),
    ("litmus", 5),
    ("fuzz-loom", 110),
    ("mutants", 300),
    ("steered", 80),
    ("stress", 130),
    ("stress B=1", 20),
    ("stress, growing", 15),
    ("stress, stalled", 15),
    ("stress, checking", 10),
    ("replay 1", 10),
    ("replay 2", 10),
    ("hit-path", 10),
    ("instructions", 10),
    ("atomics", 30),
    ("compare", 250),
    ("sanitize", 150),
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

    #[test]
    fn every_step_has_a_budget() {
        let steps = steps::steps(false);
        let without: Vec<_> = steps.iter().filter(|step| of(step.name).is_none()).collect();
        assert!(without.is_empty(), "{}", without[0].name);
        assert_eq!(steps.len(), SECONDS.len(), "a budget of no step");
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
