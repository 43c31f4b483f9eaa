//! Turns the result of a child process into a row of the ledger. There is no input or output here.

use core::time::Duration;
use std::collections::BTreeMap;

use ledger::{DEEP_TIER, Row, Verdict};

use super::{Check, Expectation};
use crate::difference::Difference;
use crate::explore::Exploration;

/// How a child process ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// It ran to its end and reported.
    Explored(Exploration),
    /// It stopped at a violation.
    Violation {
        /// Executions, the failing one included.
        executions: u64,
        /// What the panic said.
        message: String,
    },
    /// It ended in any other way: a crash, a dead canary, an unreadable report.
    Died(String),
    /// It stopped itself at its limit and reported what it had seen.
    Stopped(Exploration, Duration),
    /// It did not stop itself either, and was killed.
    TimedOut(Duration),
}

/// Fills in the row of `check`.
pub(super) fn judge(check: &Check, ended: &Ended, seconds: f64) -> Row {
    let (verdict, detail) = match verdict(check, ended) {
        Ok(detail) => (Verdict::Ok, detail),
        Err((verdict, detail)) => (verdict, detail),
    };
    let (executions, seen) = match ended {
        Ended::Explored(seen) | Ended::Stopped(seen, _) => (seen.executions, Some(&seen.outcomes)),
        Ended::Violation { executions, .. } => (*executions, None),
        Ended::Died(_) | Ended::TimedOut(_) => (0, None),
    };
    Row {
        executions,
        events: events_of(ended),
        outcomes_seen: seen.map_or(0, BTreeMap::len),
        outcomes_digest: seen.map(ledger::of_outcomes).unwrap_or_default(),
        seconds,
        verdict,
        detail,
        ..check.row()
    }
}

fn events_of(ended: &Ended) -> usize {
    match ended {
        Ended::Explored(seen) => seen.events,
        _ => 0,
    }
}

/// The detail of a row that is ok, or its other verdict.
fn verdict(check: &Check, ended: &Ended) -> Result<String, (Verdict, String)> {
    let expectation = &check.expectation;
    let done = match ended {
        Ended::Died(how) => Err(format!("died: {how}")),
        Ended::TimedOut(limit) => Err(format!("stopped after {} s, and killed", limit.as_secs())),
        Ended::Stopped(seen, limit) => return stopped(check, seen, *limit),
        Ended::Violation { message, .. } => match expectation {
            Expectation::Failure { because } if message.contains(because) => {
                Ok(format!("caught: {message}"))
            }
            Expectation::Failure { because } => {
                Err(format!("failed, but not with `{because}`: {message}"))
            }
            _ => Err(format!("violation: {message}")),
        },
        Ended::Explored(seen) => explored(expectation, seen),
    };
    done.map_err(|detail| (Verdict::Broken, detail))
}

/// A run that was cut off. It is never ok: a twin must be caught, and every other run must finish.
fn stopped(
    check: &Check,
    seen: &Exploration,
    limit: Duration,
) -> Result<String, (Verdict, String)> {
    let (seconds, executions) = (limit.as_secs(), seen.executions);
    let detail = format!("stopped at its limit of {seconds} s after {executions} executions");
    let allowed = match &check.expectation {
        Expectation::Exactly { outcomes, .. } | Expectation::Within { outcomes, .. } => outcomes,
        Expectation::Failure { .. } => return Err((Verdict::Broken, detail)),
        Expectation::Oracle { .. } => &seen.outcomes.keys().cloned().collect(),
    };
    let extra: Vec<_> =
        seen.outcomes.keys().filter(|outcome| !allowed.contains(*outcome)).collect();
    Err(match (check.tier >= DEEP_TIER && executions > 0, &extra[..]) {
        (_, [_, ..]) => (Verdict::Broken, format!("not allowed: {extra:?}; {detail}")),
        (true, []) => (Verdict::Stopped, detail),
        (false, []) => (Verdict::Broken, detail),
    })
}

fn explored(expectation: &Expectation, seen: &Exploration) -> Result<String, String> {
    let (allowed, all_of_them, min_executions) = match expectation {
        Expectation::Failure { because } => {
            return match seen.outcomes.keys().find(|outcome| outcome.contains(because)) {
                Some(outcome) => Ok(format!("caught by its outcome: {outcome}")),
                None => Err(format!("not caught in {} executions", seen.executions)),
            };
        }
        Expectation::Exactly { outcomes, min_executions } => {
            (Some(outcomes), true, *min_executions)
        }
        Expectation::Within { outcomes, min_executions } => {
            (Some(outcomes), false, *min_executions)
        }
        Expectation::Oracle { min_executions } => (None, false, *min_executions),
    };
    if !seen.finished {
        return Err("did not finish".into());
    }
    if seen.executions < min_executions.max(1) {
        return Err(format!("{} executions, at least {min_executions} expected", seen.executions));
    }
    let Some(allowed) = allowed else { return Ok(String::new()) };
    let difference = Difference::of(seen, allowed);
    let difference = if all_of_them { difference } else { difference.forgiving() };
    if difference.is_empty() { Ok(String::new()) } else { Err(difference.line()) }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use ledger::{Checker, Limit};

    use super::*;

    fn set(outcomes: &[&str]) -> BTreeSet<String> {
        outcomes.iter().map(ToString::to_string).collect()
    }

    fn check() -> Check {
        Check::new("s", "c", Checker::Loom, Limit::Unbounded, Exploration::default)
    }

    fn saw(outcomes: &[&str]) -> Exploration {
        let mut seen = Exploration { finished: true, ..Exploration::default() };
        outcomes.iter().for_each(|outcome| seen.record(outcome.to_string()));
        seen
    }

    fn violation(message: &str) -> Ended {
        Ended::Violation { executions: 3, message: message.into() }
    }

    #[track_caller]
    fn broken(check: &Check, ended: &Ended, detail: &str) {
        let row = judge(check, ended, 0.0);
        assert_eq!(row.verdict, Verdict::Broken, "{row:?}");
        assert!(row.detail.contains(detail), "{}", row.detail);
    }

    #[track_caller]
    fn ok(check: &Check, ended: &Ended) -> Row {
        let row = judge(check, ended, 0.0);
        assert_eq!(row.verdict, Verdict::Ok, "{row:?}");
        row
    }

    #[test]
    fn exactly_means_no_outcome_missing_and_none_too_many() {
        let check = check().expect_exactly(set(&["a", "b"]), 2);
        let row = ok(&check, &Ended::Explored(saw(&["a", "b", "a"])));
        assert_eq!((row.executions, row.outcomes_expected, row.outcomes_seen), (3, 2, 2));
        broken(&check, &Ended::Explored(saw(&["a", "a"])), "not seen: [\"b\"]");
        broken(&check, &Ended::Explored(saw(&["a", "b", "c"])), "not allowed: [\"c\"]");
        broken(
            &check,
            &Ended::Explored(saw(&["a", "c"])),
            "not allowed: [\"c\"]; not seen: [\"b\"]",
        );
    }

    #[test]
    fn within_means_none_too_many() {
        let check = check().expect_within(set(&["a", "b"]), 1);
        ok(&check, &Ended::Explored(saw(&["a"])));
        broken(&check, &Ended::Explored(saw(&["a", "c"])), "not allowed");
        broken(&check, &Ended::Explored(saw(&[])), "0 executions");
    }

    #[test]
    fn too_little_is_never_a_pass() {
        broken(
            &check().expect_exactly(set(&["a"]), 2),
            &Ended::Explored(saw(&["a"])),
            "1 executions",
        );
        broken(&check().expect_oracle(0), &Ended::Explored(saw(&[])), "0 executions");
        broken(&check().expect_exactly(set(&[]), 0), &Ended::Explored(saw(&[])), "0 executions");
        broken(&check(), &Ended::Explored(saw(&["a"])), "not allowed");
        let unfinished = Exploration { finished: false, ..saw(&["a"]) };
        broken(&check().expect_oracle(1), &Ended::Explored(unfinished), "did not finish");
        broken(&check().expect_oracle(1), &Ended::Died("signal 6".into()), "signal 6");
        broken(&check().expect_oracle(1), &Ended::TimedOut(Duration::from_secs(9)), "9 s");
        broken(&check().expect_oracle(1), &violation("lost a block"), "lost a block");
        ok(&check().expect_oracle(1), &Ended::Explored(saw(&["a"])));
    }

    #[test]
    fn a_run_that_was_cut_off_is_never_ok() {
        let at = Duration::from_secs(9);
        let stopped = |outcomes: &[&str]| {
            Ended::Stopped(Exploration { finished: false, ..saw(outcomes) }, at)
        };
        let deep = || check().tier(DEEP_TIER).expect_exactly(set(&["a", "b"]), 1);
        let row = judge(&deep(), &stopped(&["a", "a"]), 9.0);
        assert_eq!((row.verdict, row.executions, row.outcomes_seen), (Verdict::Stopped, 2, 1));
        assert_eq!(row.detail, "stopped at its limit of 9 s after 2 executions");
        // Even if it has seen every outcome, because the search had not come to its end.
        assert!(judge(&deep(), &stopped(&["a", "b"]), 9.0).is_stopped());
        assert!(judge(&deep().expect_oracle(2), &stopped(&["a", "a"]), 9.0).is_stopped());
        broken(&deep(), &stopped(&[]), "after 0 executions");
        broken(&deep(), &stopped(&["a", "c"]), "not allowed: [\"c\"]");
        broken(&deep().tier(2), &stopped(&["a"]), "limit of 9 s after 1");
        broken(&deep().expect_failure("twice"), &stopped(&["a"]), "limit of 9 s");
        broken(&deep(), &Ended::TimedOut(at), "killed");
    }

    #[test]
    fn a_twin_must_fail_for_its_own_reason() {
        let twin = check().expect_failure("handed out twice");
        let row = ok(&twin, &violation("block 1 handed out twice"));
        assert_eq!((row.executions, row.expect), (3, ledger::Expect::Fail));
        ok(&twin, &Ended::Explored(saw(&["fine", "block 1 handed out twice"])));
        broken(&twin, &violation("index out of bounds"), "not with `handed out twice`");
        broken(&twin, &Ended::Explored(saw(&["fine"])), "not caught in 1 executions");
        broken(&twin, &Ended::Died("handed out twice".into()), "died");
        broken(&twin, &Ended::TimedOut(Duration::from_secs(1)), "stopped");
    }
}
