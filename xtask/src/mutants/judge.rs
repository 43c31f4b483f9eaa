//! Judges a mutant by its killer's output.

use core::time::Duration;

use ledger::Row;
use serde::Serialize;

use crate::weaken::is_verdict_of_the_check;

/// The words in a row's detail which say that the row was stopped.
const STOPPED: [&str; 2] = ["stopped after ", "stopped at its limit"];
/// The beginnings of a row's detail that hold even if the run was stopped.
const SEEN: [&str; 2] = ["violation: ", "not allowed: "];

/// The result of a mutant under one row or test.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "verdict")]
pub(super) enum Judgement {
    /// The killer went red, with the words of the fault.
    Killed {
        /// A row's key, or a test.
        by: String,
        /// How many executions it took, zero for a test.
        executions: u64,
        /// What the killer said.
        detail: String,
    },
    /// The killer stayed green.
    Survived,
    /// The killer did not come to an end within its time.
    Hung {
        /// What was seen.
        detail: String,
    },
    /// The killer went red and said something else.
    WrongWords {
        /// What it said.
        detail: String,
    },
    /// The killer said nothing of its own: a crash, a test that is not there.
    Unclear {
        /// What was seen.
        detail: String,
    },
}

/// What a row says.
pub(super) fn of_row(row: &Row, words: &str) -> Judgement {
    let detail = row.detail.clone();
    if row.is_ok() {
        Judgement::Survived
    } else if row.is_stopped()
        || STOPPED.iter().any(|word| detail.contains(word))
            && !SEEN.iter().any(|begin| detail.starts_with(begin))
    {
        Judgement::Hung { detail }
    } else if !is_verdict_of_the_check(&detail) {
        Judgement::Unclear { detail }
    } else if detail.contains(words) {
        Judgement::Killed { by: row.key(), executions: row.executions, detail }
    } else {
        Judgement::WrongWords { detail }
    }
}

/// How a test's process ended.
pub(super) struct TestRun {
    /// `None` where a signal ended it.
    pub(super) code: Option<i32>,
    /// Stopped at the limit.
    pub(super) timed_out: Option<Duration>,
    /// Its stdout and stderr.
    pub(super) output: String,
}

/// What the one test called `name` says.
pub(super) fn of_test(name: &str, run: &TestRun, words: &str) -> Judgement {
    /// The exit code of a test program with a failed test.
    const FAILED: i32 = 101;
    /// What std says where a destructor panics during a panic.
    const ABORTED: &str = "thread caused non-unwinding panic. aborting.";
    if let Some(limit) = run.timed_out {
        return Judgement::Hung { detail: format!("stopped after {} s", limit.as_secs()) };
    }
    let output = &run.output;
    let has = |counts: &str| output.contains(counts);
    if run.code == Some(0) && has("test result: ok. 1 passed; 0 failed;") {
        return Judgement::Survived;
    }
    let detail = message(output);
    let failed = run.code == Some(FAILED) && has("test result: FAILED. 0 passed; 1 failed;");
    // A second panic while the test's thread unwinds ends the process: std says so, and a signal
    // follows.
    let aborted = run.code.is_none() && has(ABORTED) && has(&format!("thread '{name}' "));
    if !aborted && (!failed || !has(&format!("test {name} "))) {
        return Judgement::Unclear { detail: format!("exit code {:?}: {detail}", run.code) };
    }
    // Not in the first message alone: many of these tests expect panics before the one that fails
    // them.
    match output.contains(words) {
        true => Judgement::Killed { by: name.into(), executions: 0, detail },
        false => Judgement::WrongWords { detail },
    }
}

/// The panic's message, or the end of the output where there is none.
fn message(output: &str) -> String {
    let panic = output.split_once(" panicked at ").map(|(_, after)| after);
    let lines = panic.map_or_else(
        || output.lines().rev().take(3).collect::<Vec<_>>().into_iter().rev().collect(),
        |after| {
            after.lines().skip(1).take_while(|line| !line.starts_with("note: ")).collect::<Vec<_>>()
        },
    );
    lines.join(" ").split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use ledger::{Checker, Expect, Limit, Verdict};

    use super::*;

    fn row(verdict: Verdict, detail: &str) -> Row {
        let row = Row::not_run("s", "a", Checker::Loom, 0, Limit::Unbounded, Expect::Pass);
        Row { verdict, detail: detail.into(), ..row }
    }

    fn broken(detail: &str) -> Judgement {
        of_row(&row(Verdict::Broken, detail), "allocated twice")
    }

    #[test]
    fn a_row_kills_by_its_own_verdict_and_the_words_alone() {
        assert!(matches!(broken("violation: 3 allocated twice"), Judgement::Killed { .. }));
        assert!(matches!(broken("violation: lost"), Judgement::WrongWords { .. }));
        let by_std = "thread panicked while processing panic. aborting.";
        let died = |words: &str| broken(&format!("died: signal: 6 (SIGABRT): {words} {by_std}"));
        assert!(matches!(died("violation: allocated twice"), Judgement::Killed { .. }));
        assert!(matches!(died("violation: lost"), Judgement::WrongWords { .. }));
        assert!(matches!(died("allocated twice"), Judgement::Unclear { .. }));
        assert!(matches!(broken("signal 6: allocated twice"), Judgement::Unclear { .. }));
        assert!(matches!(broken("stopped after 9 s, and killed"), Judgement::Hung { .. }));
        let cut = "not seen: allocated twice; stopped at its limit of 9 s";
        assert!(matches!(broken(cut), Judgement::Hung { .. }));
        let seen = "not allowed: [\"allocated twice\"]; stopped at its limit of 9 s";
        assert!(matches!(broken(seen), Judgement::Killed { .. }));
        assert_eq!(of_row(&row(Verdict::Ok, "fine"), "fine"), Judgement::Survived);
    }

    fn test(code: i32, output: &str) -> Judgement {
        let run = TestRun { code: Some(code), timed_out: None, output: output.into() };
        of_test("m::t", &run, "allocated twice")
    }

    #[test]
    fn a_test_kills_by_its_own_failure_and_the_words_alone() {
        let red = |message: &str| {
            format!(
                "test m::t ... FAILED\nthread 'm::t' panicked at a.rs:1:2:\n{message}\nnote: n\n\
                 test result: FAILED. 0 passed; 1 failed; 0 ignored"
            )
        };
        let killed = test(101, &red("block 3 allocated twice"));
        let detail = "block 3 allocated twice".to_string();
        assert_eq!(killed, Judgement::Killed { by: "m::t".into(), executions: 0, detail });
        assert!(matches!(test(101, &red("lost")), Judgement::WrongWords { .. }));
        assert!(matches!(test(134, &red("allocated twice")), Judgement::Unclear { .. }));
        let aborted = |by: &str| {
            let panics = "thread 'm::t' (1) panicked at a.rs:1:2:\nblock 3 allocated twice";
            let run = TestRun { code: None, timed_out: None, output: format!("{panics}\n{by}") };
            of_test("m::t", &run, "allocated twice")
        };
        let by_std = aborted("thread caused non-unwinding panic. aborting.");
        assert!(matches!(by_std, Judgement::Killed { .. }));
        assert!(matches!(aborted("Segmentation fault"), Judgement::Unclear { .. }));
        assert_eq!(test(0, "test result: ok. 1 passed; 0 failed; 0"), Judgement::Survived);
        // No test has this name.
        let none = test(0, "test result: ok. 0 passed; 0 failed; 0 ignored");
        assert!(matches!(none, Judgement::Unclear { .. }));
        let limit = Some(Duration::from_secs(9));
        let run = TestRun { code: None, timed_out: limit, output: red("allocated twice") };
        assert!(matches!(of_test("m::t", &run, "allocated twice"), Judgement::Hung { .. }));
    }
}
