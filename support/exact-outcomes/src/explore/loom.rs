//! loom.

use super::bound::Bound;
use super::exploration::Exploration;
use super::recorder::Recorder;
use super::refuse::refuse_environment;
use crate::one_at_a_time::{self, execution};

/// Explores `body` under loom. Each execution's outcome is the string that `body` returns.
///
/// # Panics
/// Where an execution panics (that is how loom reports a violation), or where a `LOOM_` variable
/// is set in the environment.
pub fn explore_loom(
    bound: Bound,
    body: impl Fn() -> String + Send + Sync + 'static,
) -> Exploration {
    refuse_environment("LOOM_");

    let mut builder = loom::model::Builder::new();
    builder.max_threads = loom::MAX_THREADS;
    builder.max_branches = super::MAX_BRANCHES;
    builder.preemption_bound = match bound {
        Bound::Unbounded => None,
        Bound::Preemptions(n) => Some(n.into()),
    };
    builder.max_permutations = None;
    builder.max_duration = None;
    builder.checkpoint_file = None;
    // loom looks at its limits only when the iteration is a multiple of this: never.
    builder.checkpoint_interval = usize::MAX;
    builder.expect_explicit_explore = false;
    builder.location = false;
    builder.log = false;

    let recorder = Recorder::begin();
    let recorded = recorder.clone();
    builder.check(move || recorded.record(execution(one_at_a_time::loom, &body)));
    // With the limits out of reach `check` returns only from the end of the search.
    recorder.finish(true)
}
