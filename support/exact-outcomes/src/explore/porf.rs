//! porf.

use porf::model::{Builder, Told, Verdict};

use super::exploration::Exploration;
use super::recorder::Recorder;
use super::refuse::refuse_environment;
use crate::one_at_a_time::{self, execution};

/// Explores `body` under porf, without any bound: every execution of RC11. Each execution's outcome
/// is the string that `body` returns; what a run returns that porf does not count is dropped.
///
/// # Panics
/// If an execution fails, or is longer than a model should be, or if a variable of porf is set in
/// the environment that changes what is run.
pub fn explore_porf(body: impl Fn() -> String + Send + Sync + 'static) -> Exploration {
    refuse_environment("PORF_REPLAY");

    let mut builder = Builder::new();
    builder.max_branches = super::MAX_BRANCHES;
    builder.check_duplicates = true;
    match explore_porf_with(&builder, body) {
        Ok(exploration) => exploration,
        Err(limit) => panic!("not exhausted: {limit}"),
    }
}

/// As [`explore_porf`], with settings of the caller's, and with `PORF_REPLAY` obeyed.
///
/// # Errors
/// Where the exploration did not come to its end: the limit that ended it.
///
/// # Panics
/// If an execution fails.
pub fn explore_porf_with(
    builder: &Builder,
    body: impl Fn() -> String + Send + Sync + 'static,
) -> Result<Exploration, String> {
    let recorder = Recorder::begin();
    let report = builder.explore_outcomes(
        move || execution(one_at_a_time::porf, &body),
        |told| match told {
            Told::Execution(outcome) => recorder.record(outcome),
            Told::Anew => recorder.forget(),
        },
    );
    match report.verdict {
        Verdict::Exhausted => {}
        Verdict::NotFinished(limit) => return Err(limit.to_string()),
        _ => return Err("porf did not say why".into()),
    }
    let exploration = Exploration { events: report.events, ..recorder.finish(true) };
    assert_eq!(report.executions, exploration.executions, "each execution has an outcome");
    Ok(exploration)
}
